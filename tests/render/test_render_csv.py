"""The CSV tables hold everything in full precision, and nothing that a spreadsheet would run."""

import csv
import io
import math
from collections.abc import Sequence

import pytest
from hypothesis import given, settings

from afterall.model import Experiment, Point, Points, Report, Series, Source
from afterall.render.documents import render
from afterall.settings import SetSettings
from render.render_mixed import mixed_report
from render.render_reports import fact, make_experiment, spec_report, tiny_report
from render.render_strings import STRINGS


def rows(report: Report, name: str) -> list[dict[str, str]]:
    """Return the rows of one table."""
    data = render(report, SetSettings(), "", {})[f"RESULTS_files/{name}.csv"]
    return list(csv.DictReader(io.StringIO(data.decode(), newline="")))


def test_experiments_have_all_metrics_and_parameters() -> None:
    """A row for each experiment, columns named as in RESULTS.json, numbers unrounded."""
    table = rows(spec_report(), "experiments")
    assert [row["name"] for row in table] == ["1B_rank4", "1B_rank64", "3B_rank4", "3B_rank64"]
    first = table[0]
    assert first["state"] == "failed"
    assert first["training_completed"] == "true"
    assert first["parameters.learning_rate"] == "0.0003"
    assert first["metrics.mean_last_loss"] == repr(0.00154 * 1.1)
    assert first["metrics.global_step"] == "1500"
    assert first["end"] == "2025-10-18T07:07:16Z"


def test_checkpoints_have_a_row_each() -> None:
    """Checkpoints stand with their verdicts, sizes and the codes of what is wrong."""
    table = rows(mixed_report(), "checkpoints")
    assert len(table) == 10
    broken = next(row for row in table if row["verdict"] == "corrupt")
    assert (broken["experiment"], broken["step"], broken["findings"]) == (
        "rank64_seed0",
        "25",
        "file_truncated",
    )


def test_missing_and_infinite_values_are_distinct() -> None:
    """A value nobody logged is empty, NaN is NaN."""
    table = {row["name"]: row for row in rows(mixed_report(), "experiments")}
    assert table["rank64_seed0"]["metrics.final_loss"] == "NaN"
    assert table["rank64_seed1"]["metrics.final_loss"] == ""


@pytest.mark.parametrize("start", ["=", "+", "-", "@"])
def test_no_text_is_a_formula(start: str) -> None:
    """Text that a spreadsheet would take for a formula is preceded by an apostrophe; numbers are not."""
    report = tiny_report(make_experiment(f"{start}1+1", parameters={"x": fact(-2), "y": fact(-0.5)}))
    (row,) = rows(report, "experiments")
    assert row["name"] == f"'{start}1+1"
    assert (row["parameters.x"], row["parameters.y"]) == ("-2", "-0.5")


@settings(max_examples=60, deadline=None)
@given(STRINGS, STRINGS)
def test_any_text_stays_in_its_cell(name: str, value: str) -> None:
    """Quotes, commas and newlines of names and values make neither rows nor columns."""
    report = tiny_report(make_experiment(name, parameters={"p": fact(value)}), make_experiment("b", 2))
    table = rows(report, "experiments")
    assert len(table) == 2
    assert table[1]["name"] == "b"
    assert None not in table[0]
    assert not table[0]["name"].startswith(("=", "+", "-", "@", "\t", "\r"))


def with_curve(name: str, values: Sequence[float]) -> Experiment:
    """Return an experiment that logged a loss at every step."""
    points = Points.of(Point(step, value) for step, value in enumerate(values, start=1))
    return make_experiment(name, series={"loss": Series("loss", points, Source("run.log"))})


def test_a_short_curve_is_told_whole() -> None:
    """Each logged value has its row, an epoch that nobody logged is empty."""
    table = rows(tiny_report(with_curve("a", [2.5, math.nan, 1.5])), "curves")
    assert [tuple(row.values()) for row in table] == [
        ("a", "loss", "1", "", "2.5"),
        ("a", "loss", "2", "", "NaN"),
        ("a", "loss", "3", "", "1.5"),
    ]


def test_a_long_curve_keeps_its_spike_its_nan_and_its_ends() -> None:
    """Of a hundred thousand steps two thousand stand, the spike and the one NaN among them."""
    values = [1.0 + step / 1e6 for step in range(100_000)]
    values[33_333], values[44_444] = 9.0, math.nan
    table = rows(tiny_report(with_curve("a", values)), "curves")
    assert len(table) <= 2_000
    told = {row["step"]: row["value"] for row in table}
    assert (told["33334"], told["44445"]) == ("9.0", "NaN")
    assert list(told)[:4] == ["1", "2", "3", "4"]
    assert list(told)[-1] == "100000"


def test_many_curves_share_the_tables_room() -> None:
    """A set of a thousand long curves is thinned more than one of few."""
    runs = [with_curve(f"run{number}", [1.0] * 500) for number in range(1_000)]
    assert len(rows(tiny_report(*runs), "curves")) <= 110_000
