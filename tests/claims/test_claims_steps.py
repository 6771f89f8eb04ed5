"""What the report suggests follows from what was measured."""

import math
import os
import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from claims.claims_reading import Json, Told, finite_at, number_at
from claims.claims_report import is_finished
from claims.claims_scores import chances_beside_the_last
from claims.claims_sets import SETS

ToldOf = Callable[[str], Told]
MIB = 1 << 20


def steps(report: Told, kind: str) -> list[Json]:
    """Return the suggestions of one kind."""
    return [step for step in report.results["next_steps"] if step["kind"] == kind]


@pytest.mark.parametrize("name", SETS)
def test_reasons_are_findings_of_the_set(name: str, told: ToldOf) -> None:
    """What a suggestion is made for was found, and of the experiments that it concerns."""
    for step in told(name).results["next_steps"]:
        own = [f for f in told(name).findings if f["code"] == step["because"]]
        assert step["because"] is None or own, step
        names = {finding["experiment"] for finding in own}
        assert not own or None in names or set(step["experiments"]) <= names, step


@pytest.mark.parametrize("name", SETS)
def test_resubmissions_ask_for_more_than_was_too_little(name: str, told: ToldOf) -> None:
    """Half again of the memory asked for, a fifth more than was used, the time of all steps at their pace."""
    for step in steps(told(name), "resubmit"):
        for who in step["experiments"]:
            own = [f for f in told(name).findings if (f["experiment"], f["code"]) == (who, step["because"])]
            if "memory_mib" in step["details"]:
                assert_memory(step["details"], own[0]["evidence"])
            if "time_limit_s" in step["details"]:
                assert_time(step["details"], own[0]["evidence"])


def assert_memory(details: Json, evidence: Json) -> None:
    """Compare a proposed amount of memory with what was asked for and used."""
    asked, used = evidence["requested_memory_bytes"] / MIB, evidence["max_rss_bytes"] / MIB
    wanted = max(1.5 * asked, 1.2 * used)
    assert details["old_memory_mib"] == round(asked)
    assert wanted <= details["memory_mib"] < wanted + (256 if wanted <= 8192 else 1024)


def assert_time(details: Json, evidence: Json) -> None:
    """Compare a proposed limit with a quarter more than all steps take at the pace so far, by 5 minutes."""
    limit, spent = evidence["time_limit_s"], evidence["elapsed_s"]
    wanted = 1.25 * max(spent * evidence["planned_steps"] / evidence["reached_step"], limit)
    assert details["old_time_limit_s"] == limit
    assert wanted <= details["time_limit_s"] < wanted + 300


@pytest.mark.parametrize("name", SETS)
def test_commands_ask_for_what_the_sentence_says(name: str, told: ToldOf) -> None:
    """The limits in a command are those of the details, and its directory and script are there."""
    for step in told(name).results["next_steps"]:
        memory = re.search(r"--mem=(\d+)([MG])", step["command"])
        if memory is not None:
            mib = int(memory[1]) * (1024 if memory[2] == "G" else 1)
            assert mib == step["details"]["memory_mib"]
        time = re.search(r"--time=(\d+):(\d\d):(\d\d)", step["command"])
        if time is not None:
            seconds = int(time[1]) * 3600 + int(time[2]) * 60 + int(time[3])
            assert seconds == step["details"]["time_limit_s"]
        for directory, rest in re.findall(r"^\(cd (\S+) && (.*)\)$", step["command"], flags=re.MULTILINE):
            assert Path(directory).is_dir(), step
            if rest.startswith("sbatch"):
                assert (Path(directory) / rest.split()[-1]).is_file(), step


@pytest.mark.parametrize("name", SETS)
def test_intermediate_values_lie_between_measured_neighbours(name: str, told: ToldOf) -> None:
    """Both ends ran to their end, nothing between them did, and the values lie strictly between."""
    for step in steps(told(name), "intermediate_values"):
        details = step["details"]
        runs = [run for run in told(name).runs if is_finished(run) and has_numbers(run)]
        tried = sorted({run["parameters"][details["parameter"]] for run in runs})
        assert (details["lower"], details["upper"]) in list(pairwise(tried))
        values = [float(value) for value in details["values"].split(", ")]
        assert values == sorted(set(values))
        assert all(details["lower"] < value < details["upper"] for value in values)


@pytest.mark.parametrize("name", SETS)
def test_values_beyond_lie_beyond_all_that_was_tried(name: str, told: ToldOf) -> None:
    """Every run's number is told as it was read, the best one last; nobody tried a value further out."""
    for step in steps(told(name), "beyond_range"):
        details = step["details"]
        tried = [float(value) for value in details["tried"].split(", ")]
        measured = [float(value) for value in details["measured"].split(", ")]
        assert len(tried) == len(measured) >= 3
        assert tried in (sorted(tried), sorted(tried, reverse=True))
        assert measured == sorted(measured, reverse=details["trend"] == "lower")
        every = [run["parameters"].get(details["parameter"]) for run in told(name).runs]
        numbers = [value for value in every if isinstance(value, int | float)]
        is_up = details["edge"] == "largest"
        assert tried[-1] == (max(numbers) if is_up else min(numbers))
        assert details["value"] > tried[-1] if is_up else details["value"] < tried[-1]
        if "is_single" in details and "/" not in details["metric"]:
            runs = [told(name).run(who) for who in step["experiments"]]
            assert [finite_at(run, details["metric"]) for run in runs] == measured


def test_the_set_that_leads_on_is_told_where_to(told: ToldOf) -> None:
    """Otherwise the claims above might be made of no suggestion at all."""
    (step,) = steps(told("leading"), "beyond_range")
    assert (step["details"]["parameter"], step["details"]["value"]) == ("learning_rate", 0.001)


def has_numbers(run: Json) -> bool:
    """Tell whether a run has a finite final loss."""
    return any(finite_at(run, name) is not None for name in ("final_val_loss", "final_loss"))


@pytest.mark.parametrize("name", SETS)
def test_seeds_are_counted(name: str, told: ToldOf) -> None:
    """As many settings as finished runs differ by, with the seeds that they used."""
    for step in steps(told(name), "more_seeds"):
        details = step["details"]
        seeds = {run["parameters"].get(details.get("seed")) for run in told(name).runs}
        used = {part for part in str(details.get("used", "")).split(", ") if part}
        assert used == {str(seed) for seed in seeds - {None}} or not used
        if "tied" in details:
            assert details["tied"] == len(step["experiments"])
        else:
            finished = [run for run in told(name).runs if is_finished(run) and has_numbers(run)]
            settings = {repr(sorted(run["parameters"].items())) for run in finished}
            assert details["settings"] == len(settings)
            assert details.get("runs", len(settings)) == len(finished)


@pytest.mark.parametrize("name", SETS)
def test_private_weights_are_counted(name: str, told: ToldOf) -> None:
    """As many files as the command names, each of which its owner alone can read."""
    for step in steps(told(name), "fix_mode"):
        paths = re.findall(r"\S+\.safetensors", step["command"])
        assert step["details"]["files"] == len(paths)
        assert all(not os.stat(told(name).set_dir / path).st_mode & 0o077 for path in paths)


@pytest.mark.parametrize("name", SETS)
def test_training_is_lengthened_beyond_what_was_planned(name: str, told: ToldOf) -> None:
    """The epochs of a run that still fell are those that it was to do; its last validation is the lowest."""
    for step in steps(told(name), "longer_training"):
        for who in step["experiments"]:
            assert step["details"].get("epochs") == number_at(told(name).run(who), "planned_epochs")
            validation = [value for _, value in told(name).curve(who, "val_loss")]
            assert validation == [] or math.isclose(validation[-1], min(validation))


@pytest.mark.parametrize("name", SETS)
def test_earlier_checkpoints_are_there_and_better(name: str, told: ToldOf) -> None:
    """The named checkpoint is good, and its score, or its step's validation loss, the best of the run."""
    for step in steps(told(name), "earlier_checkpoint"):
        (who,) = step["experiments"]
        details = step["details"]
        (own,) = [c for c in told(name).run(who)["checkpoints"] if c["path"] == details["checkpoint"]]
        assert own["verdict"] == "ok"
        if "metric" in details:
            assert_better_score(told(name).run(who), own["name"], details)
            continue
        curve = dict(told(name).curve(who, "val_loss"))
        assert details["lowest"] == min(curve.values()) == curve[own["step"]]
        assert details["last"] == curve[max(curve)]


def assert_better_score(run: Json, checkpoint: str, details: Json) -> None:
    """Compare both scores with those of the evaluations, the difference with both standard errors."""
    task, _, metric = details["metric"].partition("/")
    last = next(c["name"] for c in run["checkpoints"] if c["is_final"])
    told = {e["checkpoint"]: e["metrics"] for e in run["evaluations"] if e["task"] == task}
    measured = [float(number) for number in details["measured"].split(", ")]
    assert measured == [told[checkpoint][metric], told[last][metric]]
    assert measured[0] == max(metrics[metric] for metrics in told.values())
    errors = [told[name][f"{metric}_stderr"] for name in (checkpoint, last)]
    assert measured[0] - measured[1] > 1.96 * math.hypot(*errors)


def test_the_set_with_a_better_checkpoint_is_told_of_it(told: ToldOf) -> None:
    """Otherwise the claim above might be made of no score at all; the report names it beside the best run."""
    (step,) = steps(told("scored"), "earlier_checkpoint")
    assert (step["experiments"], step["details"]["checkpoint"]) == (["worn"], "worn/checkpoint-50")
    line = "- worn: checkpoint `checkpoint-50` scored 0.9 by `arc/acc`, the last (`final`) 0.6; beyond chance"
    assert line in told("scored").report
    chances = chances_beside_the_last(told("scored"), "arc", "none/acc")
    assert len(chances) == 3
    assert f"p = {min(chances):.2g} corrected for 3 comparisons" in told("scored").report


@pytest.mark.parametrize("name", SETS)
def test_evaluations_to_repeat_failed_and_others_are_missing(name: str, told: ToldOf) -> None:
    """A repeated evaluation has no score, and one to be done has no log, of a checkpoint that is there."""
    for step in steps(told(name), "rerun_evaluation"):
        for who in step["experiments"]:
            own = evaluations(told(name).run(who), step["details"])
            assert own
            assert all(e["status"] != "success" for e in own)
    for step in steps(told(name), "evaluate"):
        for who in step["experiments"] if "checkpoint" in step["details"] else []:
            run = told(name).run(who)
            assert step["details"]["checkpoint"] in [c["name"] for c in run["checkpoints"]]
            assert "task" not in step["details"] or evaluations(run, step["details"]) == []


def evaluations(run: Json, details: Json) -> list[Json]:
    """Return a run's evaluations of the task and checkpoint in question."""
    wanted = (details["task"], details["checkpoint"])
    return [e for e in run["evaluations"] if (e["task"], e["checkpoint"]) == wanted]
