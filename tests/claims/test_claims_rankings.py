"""Who is best, and by how much, follows from the runs' numbers."""

import math
import re
from collections.abc import Callable, Iterator, Mapping
from statistics import fmean, stdev

import pytest

from claims.claims_comparing import ends_of, values_of
from claims.claims_reading import Told, number_at
from claims.claims_report import is_finished, labelled, prints, section, subsections, tables, tokens
from claims.claims_sets import SETS

ToldOf = Callable[[str], Told]
NAMED = re.compile(r"\*{0,2}(?P<name>[\w.+-]+)\*{0,2} \((?P<value>[\d.,e-]+)\)")
MOST = 6


def ranked(report: Told) -> Iterator[tuple[str, str]]:
    """Yield the rankings of "Best Run": label and text."""
    for _, bullet in labelled(subsections(section(report.report, "Key Findings")).get("Best Run", "")):
        label, _, told = bullet.partition(": ")
        if told and "**" in told:
            yield label.replace(" on the final checkpoint", "").strip("`"), told


@pytest.mark.parametrize("name", SETS)
def test_runs_are_ranked_by_their_numbers(name: str, told: ToldOf) -> None:
    """Best first, by what each run has, in its printed digits; unfinished and diverged runs stand apart."""
    for label, text in ranked(told(name)):
        values, _ = values_of(told(name), label)
        finite = {run: value for run, value in values.items() if math.isfinite(value)}
        is_score = "/" in label
        order = sorted(finite, key=lambda run: -finite[run] if is_score else finite[run])
        best = text.partition("; ")[0]
        first = re.findall(r"\*\*(\S+)\*\*", best)
        level = finite[order[0]]
        level_with = [run for run in order if finite[run] == level]
        left_out = re.search(r"\*\*, and (\d+) more are equal", best)
        assert first == level_with[: len(first)], text
        assert len(level_with) == len(first) + (int(left_out[1]) if left_out else 0), text
        (value,) = re.findall(r"^(?:[^(]*)\(([\d.,e-]+)\)", best)
        assert prints(value, level), text
        shown = [(found["name"], found["value"]) for found in NAMED.finditer(best.partition(", then ")[2])]
        behind = order[len(level_with) :]
        assert [run for run, _ in shown] == behind[: len(shown)], text
        assert len(shown) == (len(behind) if len(behind) <= MOST else MOST - 1), text
        assert all(prints(value, finite[run]) for run, value in shown), text


@pytest.mark.parametrize("name", SETS)
def test_unfinished_runs_stand_behind(name: str, told: ToldOf) -> None:
    """Those whose training did not reach its end are told with their numbers and not ranked."""
    by_label = {"Final validation loss": "final_val_loss", "Final training loss": "final_loss"}
    for label, text in ranked(told(name)):
        behind = text.partition("unfinished: ")[2].partition(";")[0]
        for found in NAMED.finditer(behind):
            run = told(name).run(found["name"])
            value = number_at(run, by_label[label])
            assert not is_finished(run)
            assert value is not None
            assert prints(found["value"], value)


@pytest.mark.parametrize("name", SETS)
def test_a_ranking_that_is_not_told_is_the_same(name: str, told: ToldOf) -> None:
    """Finished runs have by the last training loss the very order that they have by the loss that is told."""
    by_train, _ = values_of(told(name), "Final training loss")
    for label, text in ranked(told(name)):
        if "the same order by final training loss" in text:
            by_own, _ = values_of(told(name), label)
            assert sorted(by_own, key=by_own.__getitem__) == sorted(by_train, key=by_train.__getitem__)


def test_a_score_that_all_runs_have_decides_before_training_losses(told: ToldOf) -> None:
    """Whose last weights are broken is ranked by the good ones of the same step, which are named."""
    (label, first), (other, second) = ranked(told("scored"))
    assert (label, other) == ("arc/acc", "Mean training loss of the last logged steps")
    assert first.startswith("**cut** (0.8), then worn (0.6) and heart (0.5).")
    assert first.endswith("is corrupt; the one that its score is of lies in `cut/checkpoint-100`.")
    assert second.startswith("**heart** (")
    assert "they may differ in tokenizer" in told("scored").report


@pytest.mark.parametrize("name", SETS)
def test_the_last_checkpoint_of_the_best_run_lies_where_it_is_said(name: str, told: ToldOf) -> None:
    """The named directory is that run's last checkpoint, it is there, and good."""
    text = section(told(name).report, "Key Findings")
    for run, path in re.findall(r"The last checkpoint of (\S+) lies in `([^`]+)`", text):
        last = told(name).run(run)["checkpoints"][-1]
        assert (last["path"], last["verdict"]) == (path, "ok")
        assert (told(name).set_dir / path).is_dir()
        first = next(ranked(told(name)))[1]
        assert first.startswith(f"**{run}**")


@pytest.mark.parametrize("name", SETS)
def test_repeated_runs_have_their_means_and_deviations(name: str, told: ToldOf) -> None:
    """Mean, standard deviation and number of each setting are those of the runs with its seeds."""
    body = subsections(section(told(name).report, "Key Findings")).get("Repeated Runs", "")
    metrics = {"Val Loss": "final_val_loss", "Final Loss": "final_loss", "Training Time": "train_seconds"}
    for row in (row for table in tables(body) for row in table):
        runs = [run["name"] for run in told(name).runs if is_of(run["parameters"], row["Setting"])]
        for header, metric in metrics.items():
            if row.get(header, "—") == "—":
                continue
            finished = [run for run in runs if is_finished(told(name).run(run))]
            values = [v for run in finished if (v := number_at(told(name).run(run), metric)) is not None]
            mean, spread, number = tokens(row[header].replace("±", " "))
            assert mean.is_of(fmean(values)), row
            assert spread.is_of(stdev(values)), row
            assert number.value == len(values), row


def is_of(parameters: Mapping[str, object], setting: str) -> bool:
    """Tell whether a run has all of a row's settings."""
    names = {"rank": "lora_rank", "learning rate": "learning_rate", "epochs": "epochs"}
    parts = [part.rpartition(" ") for part in setting.split(", ")]
    return all(parameters.get(names[name]) == float(value) for name, _, value in parts)


@pytest.mark.parametrize("name", SETS)
def test_gaps_are_validation_less_training(name: str, told: ToldOf) -> None:
    """Training is the mean of the last ten logged losses, where there are forty or more; else the last."""
    body = subsections(section(told(name).report, "Key Findings")).get("Anomalies", "")
    for row in (row for table in tables(body) for row in table):
        step, validation, train = ends_of(told(name), row["Experiment"])
        assert int(row["Step"].replace(",", "")) == step
        assert prints(row["Validation"], validation), row
        assert prints(row["Training"], train), row
        sign = -1 if row["Gap"].startswith("-") else 1
        gap = validation - train
        assert (gap >= 0) == (sign > 0) or abs(gap) < 1e-4, row
        assert prints(row["Gap"].strip("+-"), gap), row


@pytest.mark.parametrize("name", SETS)
def test_the_widest_gaps_are_those_of_the_table(name: str, told: ToldOf) -> None:
    """The words on the fold name the least and the greatest gap with their runs."""
    body = subsections(section(told(name).report, "Key Findings")).get("Anomalies", "")
    gaps = {row["Experiment"]: row["Gap"] for table in tables(body) for row in table}
    for found in re.finditer(r"<summary>.*: (\S+) \((\S+)\)(?: to (\S+) \((\S+)\))?</summary>", body):
        named = {found[2]: found[1], **({found[4]: found[3]} if found[4] else {})}
        assert named.items() <= gaps.items()
        assert {min(map(float, gaps.values())), max(map(float, gaps.values()))} == set(
            map(float, named.values())
        )
