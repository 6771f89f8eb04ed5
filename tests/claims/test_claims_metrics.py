"""Each run's numbers are those of the raw files, and the results table prints them."""

import json
import math
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import fmean
from urllib.parse import quote

import pytest

from claims.claims_reading import Json, Told, finite_at, lines_of, number_at
from claims.claims_report import section, tables, tokens
from claims.claims_sets import SETS
from claims.samples_reading import scores_of

ToldOf = Callable[[str], Told]
COLUMNS = {
    "Epochs": "epochs",
    "Steps": "global_step",
    "Final Loss": "final_loss",
    "Val Loss": "final_val_loss",
    "Mean Loss": "mean_loss",
    "Tokens/sec/GPU": "tokens_per_second_per_gpu",
    "Samples/sec": "samples_per_second",
    "Steps/sec": "steps_per_second",
}


def histories(report: Told) -> Iterator[tuple[Json, list[Json], Json]]:
    """Yield each run that has a trainer_state.json with its history and the whole state."""
    for run in report.runs:
        path = report.set_dir / run["path"] / "trainer_state.json"
        if path.is_file():
            state = json.loads(path.read_text("utf-8"))
            yield run, state["log_history"], state


@pytest.mark.parametrize("name", SETS)
def test_losses_are_those_of_the_trainers_state(name: str, told: ToldOf) -> None:
    """Last, lowest and mean of the last ten losses, and the validation losses, are those of log_history."""
    for run, history, state in histories(told(name)):
        losses = [(entry["step"], entry["loss"]) for entry in history if "loss" in entry]
        validation = [(entry["step"], entry["eval_loss"]) for entry in history if "eval_loss" in entry]
        finite = [(value, step) for step, value in losses if math.isfinite(value)]
        same(number_at(run, "final_loss"), losses[-1][1] if losses else None)
        same(number_at(run, "mean_last_loss"), fmean(v for _, v in losses[-10:]) if losses else None)
        same(finite_at(run, "best_loss"), min(finite)[0] if finite else None)
        same(number_at(run, "final_val_loss"), validation[-1][1] if validation else None)
        lowest = [(v, s) for s, v in validation if math.isfinite(v)]
        same(finite_at(run, "best_val_loss"), min(lowest)[0] if lowest else None)
        same(finite_at(run, "best_val_step"), min(lowest)[1] if lowest else None)
        same(finite_at(run, "global_step"), state["global_step"])
        if state["max_steps"]:
            same(finite_at(run, "planned_steps"), state["max_steps"])
        assert [(s, v) for s, v in told(name).curves.get((run["name"], "loss"), []) if v == v] == [
            (s, v) for s, v in losses if v == v
        ]


def same(stated: float | None, raw: float | None) -> None:
    """Compare a metric with a file's number; NaN is NaN."""
    assert (stated is None) == (raw is None), (stated, raw)
    if stated is not None and raw is not None:
        assert math.isclose(stated, raw) or (math.isnan(stated) and math.isnan(raw)), (stated, raw)


def test_losses_are_those_of_torchtunes_log(told: ToldOf) -> None:
    """The log's bars print, to their digits, each step's loss, and validation lines the validation losses."""
    report = told("torchtune")
    for run in report.runs:
        text = (report.set_dir / run["logs"][-1]).read_text("utf-8")
        printed = {int(step): float(loss) for step, loss in re.findall(r"\|(\d+)\|Loss: ([^:\s]+):", text)}
        assert len(printed) == number_at(run, "global_step")
        curve = dict(report.curve(run["name"], "loss"))
        assert curve.keys() == printed.keys()
        assert all(math.isclose(curve[step], loss, rel_tol=1e-6) for step, loss in printed.items())
        same(number_at(run, "final_loss"), report.curve(run["name"], "loss")[-1][1])
        validation = [float(v) for v in re.findall(r"alidation loss: ([0-9.]+)", text)]
        told_so = [value for _, value in report.curve(run["name"], "val_loss")]
        assert [round(value, 4) for value in told_so] == [round(value, 4) for value in validation]


@pytest.mark.parametrize("name", SETS)
def test_the_curves_end_with_the_final_metrics(name: str, told: ToldOf) -> None:
    """A final loss is the last point of its curve, and the throughput's median that of all its points."""
    for run in told(name).runs:
        for metric in ("loss", "val_loss"):
            points = told(name).curves.get((run["name"], metric))
            same(
                number_at(run, f"final_{metric}"),
                points[-1][1] if points else number_at(run, f"final_{metric}"),
            )


@pytest.mark.parametrize("name", SETS)
def test_sources_are_files_of_the_set(name: str, told: ToldOf) -> None:
    """Each number names a file that is there, and a line that it has."""
    for run in told(name).runs:
        for metric, measured in run["metrics"].items():
            path = told(name).set_dir / measured["source"]["file"]
            assert path.is_file(), (run["name"], metric)
            line = re.match(r"line (\d+)", measured["source"]["where"])
            assert line is None or int(line[1]) <= len(lines_of(path)), (run["name"], metric)


@pytest.mark.parametrize("name", SETS)
def test_the_results_table_prints_the_metrics(name: str, told: ToldOf) -> None:
    """Each cell is the run's number, with the planned one where fewer were reached."""
    for row in (row for t in tables(section(told(name).report, "Training Results Summary")) for row in t):
        run = told(name).run(row["Experiment"])
        for header, metric in COLUMNS.items():
            value = number_at(run, metric)
            cell = row.get(header, "—")
            if cell == "—":
                assert header not in row or value is None, (row, header)
            elif cell == "NaN":
                assert value is not None
                assert math.isnan(value)
            else:
                assert value is not None
                assert next(tokens(cell)).is_of(value), (row, header)
                if " of " in cell:
                    planned = {"epochs": "planned_epochs", "global_step": "planned_steps"}[metric]
                    due = finite_at(run, planned) or run["parameters"].get("epochs")
                    assert due is not None
                    assert [*tokens(cell)][1].is_of(due), (row, header)
        for header, parameter in (
            ("LoRA Rank", "lora_rank"),
            ("Learning Rate", "learning_rate"),
            ("Seed", "seed"),
        ):
            if row.get(header, "—") != "—":
                assert float(row[header].replace(",", "")) == run["parameters"][parameter], row


def test_scores_are_those_of_the_samples(told: ToldOf) -> None:
    """Accuracy is the mean of what the samples scored; the table prints it, and how many there were."""
    report = told("torchtune")
    for run in report.runs:
        for evaluation in run["evaluations"]:
            path = report.set_dir / evaluation["source"]["file"]
            for score, value in evaluation["metrics"].items():
                scorer, _, metric = score.partition("/")
                if metric == "accuracy":
                    scores = list(scores_of(path, scorer).values())
                    assert math.isclose(value, fmean(scores))
                    assert evaluation["samples"] == len(scores)
                    error = math.sqrt(value * (1 - value) / (len(scores) - 1))
                    assert math.isclose(evaluation["metrics"][f"{scorer}/stderr"], error, rel_tol=1e-6)


def test_the_evaluation_table_prints_the_scores(told: ToldOf) -> None:
    """Each row's scores and errors are those of its log."""
    report = told("torchtune")
    by_row = {(r["name"], e["checkpoint"], e["task"]): e for r in report.runs for e in r["evaluations"]}
    rows = [row for t in tables(section(report.report, "Key Findings")) for row in t if "Task" in row]
    assert len(rows) == len(by_row)
    for row in rows:
        own = by_row[row["Experiment"], row["Checkpoint"], row["Task"]]
        assert (own["status"] == "success") == row["Status"].startswith("✓")
        assert row["Samples"] == ("—" if own["samples"] is None else str(own["samples"]))
        for header, cell in row.items():
            for score in header.split(" and ") if "/" in header and cell != "—" else []:
                scorer = score.partition("/")[0]
                facts = (own["metrics"][score], own["metrics"][f"{scorer}/stderr"])
                printed = tokens(cell.replace("±", " "))
                assert all(t.is_of(f) for t, f in zip(printed, facts, strict=True)), row


@pytest.mark.parametrize("name", SETS)
def test_each_evaluations_log_is_linked(name: str, told: ToldOf) -> None:
    """The appendix leads to the log of every evaluation, by its checkpoint's name."""
    files = told(name).report.partition("### Experiment Files")[2]
    for run in told(name).runs:
        for evaluation in run["evaluations"]:
            assert f"]({quote(evaluation['source']['file'])})" in files, evaluation["source"]


def test_no_file_of_a_golden_set_was_written_by_its_report(told: ToldOf) -> None:
    """What the checks read is what the trainers left: reports write nothing below an experiment."""
    report = told("huggingface")
    newest = max(path.stat().st_mtime for run in report.runs for path in below(report.set_dir / run["path"]))
    assert newest < (report.set_dir / "RESULTS.json").stat().st_mtime


def below(directory: Path) -> Iterator[Path]:
    """Yield the files of a directory."""
    yield from (path for path in directory.rglob("*") if path.is_file())
