"""Figures show every run, are the same bytes for the same report, and no name can do harm in them."""

import math
import re
import statistics
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from afterall.model import (
    Direction,
    Experiment,
    Point,
    Points,
    Ranking,
    Report,
    Series,
    Source,
    VaryingParameter,
)
from afterall.render.documents import render
from afterall.render.figures import figures, path_of
from afterall.render.figures.canvas import LONGEST_LABEL
from afterall.render.figures.grouping import MOST_NAMED, looks
from afterall.render.figures.kinds import KINDS
from afterall.render.figures.smoothing import running_median
from afterall.render.page import Page
from afterall.settings import SetSettings
from render.render_reports import fact, make_cost, make_experiment, spec_report, tiny_report
from render.render_strings import STRINGS

METRIC = "final_val_loss"


def run(name: str, rank: int, values: Sequence[float], **changes: Any) -> Experiment:
    """Return an experiment that logged these losses at steps from 1 on."""
    points = Points.of(Point(step, value) for step, value in enumerate(values, start=1))
    series = {key: Series(key, points, Source("run.log")) for key in ("loss", "val_loss")}
    metrics = {METRIC: fact(values[-1]), "tokens_per_second_per_gpu_median": fact(1000.0 + rank)}
    given_ = {"series": series, "metrics": metrics, "parameters": {"lora_rank": fact(rank)}}
    return make_experiment(name, **{**given_, **changes})


def sweep(experiments: Sequence[Experiment], unfinished: Sequence[str] = ()) -> Report:
    """Return a report on experiments that vary their rank, ranked by their last loss."""
    values = {e.name: float(str(e.metrics[METRIC].value)) for e in experiments}
    order = sorted(values, key=lambda name: (math.isnan(values[name]), values[name], name))
    ranks = {e.name: e.parameters["lora_rank"].value for e in experiments}
    rank = VaryingParameter(
        name="lora_rank", values=tuple(sorted(set(map(int, map(str, ranks.values()))))), by_experiment=ranks
    )
    ranking = Ranking(
        metric=METRIC,
        direction=Direction.DOWN,
        order=tuple(order),
        values=values,
        unfinished=tuple(unfinished),
    )
    return tiny_report(
        *experiments,
        varying=(rank,),
        rankings=(ranking,),
        costs=tuple(make_cost(e) for e in experiments),
    )


THREE = sweep([run("a", 4, [3.0, 2.0, 1.5]), run("b", 16, [3.0, 1.8, 1.25]), run("c", 64, [3.1, 1.7, 1.0])])


def drawn(report: Report, name: str) -> str:
    """Return a figure's SVG."""
    return figures(Page(report, SetSettings()))[name].draw().decode()


def texts(svg: str) -> list[str]:
    """Return the words in an SVG, which has to be well-formed."""
    found = ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")
    return ["".join(text.itertext()) for text in found]


@pytest.mark.parametrize("name", KINDS)
def test_a_figure_is_the_same_bytes_each_time(name: str) -> None:
    """Neither date nor random names stand in it."""
    report = spec_report() if name == "cost" else THREE
    assert name in figures(Page(report, SetSettings()))
    assert drawn(report, name) == drawn(report, name)
    assert "<dc:date>" not in drawn(report, name)


def test_every_run_has_its_name_in_the_legend() -> None:
    """The loss curves of few runs are told apart by name."""
    assert {"a", "b", "c", "Training loss", "Validation loss"} <= set(texts(drawn(THREE, "loss")))


def test_long_names_stand_within_the_legend() -> None:
    """As many stand in one row as the figure is wide enough for."""
    names = [f"{number}".ljust(LONGEST_LABEL, "W") for number in range(4)]
    svg = drawn(sweep([run(name, 4, [3.0, 2.0]) for name in names]), "loss")
    width = float(re.findall(r'viewBox="0 0 ([\d.]+) ', svg)[0])
    told = [(float(x), words) for x, words in re.findall(r'<text[^>]* x="([-\d.]+)"[^>]*>(.*)</text>', svg)]
    places = [x for x, words in told if words in names]
    assert len(places) == len(names)
    assert min(places) > 0
    assert max(places) + 8 * LONGEST_LABEL < width  # of eight points, no letter is wider than that


def test_the_words_tell_what_the_curves_show() -> None:
    """Where training began, and where the best and the worst run ended."""
    words = figures(Page(THREE, SetSettings()))["loss"].words
    assert words.startswith(
        "Training loss by optimizer step, 3 runs: 3.0000 to 3.1000 at first, 1.0000 (c) to "
    )
    assert words.endswith(" 3 runs: 3.00 to 3.10 at first, 1.00 (c) to 1.50 (a) at the end.")


def test_the_words_name_a_run_that_ended_in_nan() -> None:
    """A diverged run is marked, in words too, and draws its finite part."""
    report = sweep([run("a", 4, [3.0, 2.0, 1.5]), run("b", 16, [3.0, 1.8, math.nan])])
    assert "NaN or infinite at the end: b." in figures(Page(report, SetSettings()))["loss"].words
    assert "b" in texts(drawn(report, "loss"))


def test_no_number_stands_for_the_end_of_a_run_that_ended_in_nan() -> None:
    """The last finite loss of a diverged run is not where it ended; nothing is said where all diverged."""
    lost = run("b", 16, [3.0, 2.9, math.nan])
    words = figures(Page(sweep([run("a", 4, [3.0, 2.0, 1.5]), lost]), SetSettings()))["loss"].words
    assert ": 3.0000 at first, 1.5000 at the end; NaN or infinite at the end: b." in words
    words = figures(Page(sweep([lost]), SetSettings()))["loss"].words
    assert ": 3.0000 at first; NaN or infinite at the end: b." in words


def test_a_reward_is_drawn_on_a_linear_axis() -> None:
    """It may be negative, and grow from next to nothing."""
    points = Points.of(Point(step, value) for step, value in enumerate([0.001, 0.3, 0.9], start=1))
    rewards = {"reward": Series("reward", points, Source("run.log"))}
    report = sweep([run("a", 4, [3.0], series=rewards), run("b", 16, [3.0], series=rewards)])
    assert "Training reward" in texts(drawn(report, "loss"))
    words = figures(Page(report, SetSettings()))["loss"].words
    assert "Training reward by optimizer step, 2 runs: 0.0010 at first, 0.9000 (a)" in words


def test_a_wide_range_gets_a_logarithmic_axis() -> None:
    """A loss that falls to a thousandth says that its axis is logarithmic; one that halves is plain."""
    wide = sweep([run("a", 4, [3.0, 0.1, 0.003]), run("b", 16, [3.0, 0.1, 0.002])])
    told = texts(drawn(wide, "loss"))
    assert {"Training loss (log scale)", "0.01", "0.1", "1"} <= set(told)
    assert not [word for word in told if "$" in word]
    assert "Training loss" in texts(drawn(THREE, "loss"))


def test_lines_join_runs_that_differ_in_one_parameter_alone() -> None:
    """The words list each line's values in the order of the parameter."""
    words = figures(Page(spec_report(), SetSettings()))["final_metric"].words
    assert "Final validation loss by LoRA rank: " in words
    assert "Llama-3.2-1B-Instruct: 4 0.02345, 64 0.02336" in words


def test_replicates_are_told_by_their_mean() -> None:
    """Two runs of one setting are one point of the line, and said to be two."""
    report = sweep([run("a", 4, [3.0, 2.0]), run("b", 4, [3.0, 1.0]), run("c", 64, [3.0, 0.5])])
    words = figures(Page(report, SetSettings()))["final_metric"].words
    assert words == "Final validation loss by LoRA rank: 4 1.5 (mean of 2), 64 0.5."


def test_unfinished_runs_are_told_apart() -> None:
    """Their points are hollow, which the legend says."""
    report = sweep([run("a", 4, [3.0, 2.0]), run("b", 64, [3.0, 1.0])], unfinished=["b"])
    assert "training did not reach its end" in texts(drawn(report, "final_metric"))
    assert "training did not reach its end" not in texts(drawn(THREE, "final_metric"))


def test_unfinished_replicates_are_in_no_mean() -> None:
    """A run that broke off stands at another point of training; its own point is drawn all the same."""
    runs = [run("a", 4, [3.0, 2.0]), run("b", 4, [3.0, 2.9]), run("c", 64, [3.0, 0.5])]
    words = figures(Page(sweep(runs, unfinished=["b"]), SetSettings()))["final_metric"].words
    assert words == "Final validation loss by LoRA rank: 4 2.0, 64 0.5."


def test_thirty_runs_are_coloured_by_their_setting() -> None:
    """A legend of thirty names would say nothing: each rank has one colour and one entry."""
    many = [run(f"run{i}", (4, 16, 64)[i % 3], [3.0, 2.0, 1.0 + i / 100]) for i in range(30)]
    page = Page(sweep(many), SetSettings())
    assert {look.name for look in looks(page, many).values()} == {"rank 4", "rank 16", "rank 64"}
    told = texts(figures(page)["loss"].draw().decode())
    assert {"rank 4", "rank 16", "rank 64"} <= set(told)
    assert "run7" not in told


def test_many_runs_of_one_setting_show_the_best_in_colour() -> None:
    """Where nothing tells them apart, the best are named and all others are grey."""
    many = [run(f"run{i}", 4, [3.0, 1.0 + i / 100]) for i in range(MOST_NAMED + 8)]
    page = Page(sweep(many), SetSettings())
    known = looks(page, many)
    assert known["run0"].name == "run0"
    assert known["run19"].is_quiet


@pytest.mark.parametrize("name", ["loss", "final_metric"])
def test_more_runs_are_no_more_artists(name: str) -> None:
    """What a thousand runs take to draw is their points, not an object for each of them."""
    sets = [[run(f"run{i}", (4, 16, 64)[i % 3], [3.0, 2.0, 1 + i / 90]) for i in range(n)] for n in (30, 90)]
    few, many = (re.findall(r'<g id="([A-Za-z]\w*)_\d+"', drawn(sweep(runs), name)) for runs in sets)
    assert "PathCollection" in few
    assert len(many) < len(few) + 10


def test_a_median_is_that_of_the_values_around_it() -> None:
    """Beyond the ends stand the values before them, mirrored; at most so many points are told."""
    values = [float((7 * step) % 101) for step in range(1, 301)]
    points = Points.of(Point(step, value) for step, value in enumerate(values, start=1))
    around = [*values[3:0:-1], *values, *values[-2:-5:-1]]
    every = [statistics.median(around[place : place + 7]) for place in range(300)]
    assert running_median(points, points.steps, 1000) == (list(range(1, 301)), every)
    steps, medians = running_median(points, points.steps, 50)
    assert (steps[0], steps[-1], len(steps)) == (1, 300, 50)
    assert medians == [every[int(step) - 1] for step in steps]


def test_a_set_without_numbers_has_no_figures() -> None:
    """Nothing to show is no figure, and no broken link."""
    report = tiny_report(make_experiment("a", metrics={}))
    assert figures(Page(report, SetSettings())) == {}
    assert "![" not in render(report, SetSettings(), "", {})["RESULTS.md"].decode()


def test_figures_can_be_left_out() -> None:
    """With `figures = false` there are neither files nor images."""
    documents = render(THREE, SetSettings(figures=False), "", {})
    assert not [name for name in documents if name.endswith(".svg")]
    assert "![" not in documents["RESULTS.md"].decode()


def test_every_image_has_its_file_and_its_words() -> None:
    """The report embeds exactly the figures that were drawn, each with words for who cannot see it."""
    documents = render(THREE, SetSettings(), "", {})
    images = re.findall(r"(?m)^!\[(.+)\]\((\S+)\)$", documents["RESULTS.md"].decode())
    assert sorted(path for _, path in images) == sorted(n for n in documents if n.endswith(".svg"))
    assert all(len(words) > 20 for words, _ in images)


@pytest.mark.parametrize(
    "name", ["_hidden", "$x^2$", "$\\frac{1}{0}$", "a\x00b", "<svg onload='x'>", "日本語"]
)
def test_a_hostile_name_is_only_a_name(name: str) -> None:
    """No name is a formula, markup or hidden from the legend."""
    report = sweep([run(name, 4, [3.0, 2.0, 1.5]), run("b", 16, [3.0, 1.8, 1.25])])
    told = texts(drawn(report, "loss"))
    shown = name.replace("\x00", "\\x00")
    assert [word for word in told if word.strip("\u200a") == shown]


@given(st.lists(STRINGS, min_size=3, max_size=5, unique=True), st.data())
@settings(max_examples=15, deadline=None, phases=[Phase.explicit, Phase.generate])
def test_any_names_and_values_are_drawn(names: list[str], data: st.DataObject) -> None:
    """Whatever runs are called and logged, every figure is well-formed and the report embeds it."""
    values = st.lists(st.floats(allow_nan=True, allow_infinity=True), min_size=1, max_size=6)
    report = sweep([run(name, 4 * place, data.draw(values)) for place, name in enumerate(names, start=1)])
    for name, figure in figures(Page(report, SetSettings())).items():
        ET.fromstring(figure.draw())
        assert path_of(name) in render(report, SetSettings(), "", {})["RESULTS.md"].decode()
