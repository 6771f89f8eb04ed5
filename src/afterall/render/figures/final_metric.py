"""Draw the runs' final metric by each parameter that varies, a panel each.

Invariant: a line joins runs that are equal in all other parameters but seeds, so that it shows the effect of
this one alone; a point is one run, or the mean of replicates with all of them beside it; unfinished runs are
hollow.
"""

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import islice

from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from msgspec import Struct

from afterall.model import Ranking, VaryingParameter
from afterall.render.figures import canvas
from afterall.render.figures.canvas import Mark, Stroke
from afterall.render.figures.figure import Figure
from afterall.render.figures.grouping import is_drawable, primary
from afterall.render.figures.palette import COLOURS, DASHES, QUIET
from afterall.render.page import Page
from afterall.render.words.metrics import metric_name
from afterall.render.words.parameters import absent, worded

MOST_PANELS = 3
MOST_VALUES = 12
MOST_LINES = 12
"""More lines are all grey: no legend could tell them apart."""
MOST_TOLD = 8

Runs = list[tuple[str, float]]
"""Names and values of replicates."""
Lines = Mapping[str, Mapping[int, Runs]]
"""By what all of a line have in common: the runs at each value of the panel's parameter, by its place."""


class Panel(Struct, frozen=True):
    """One parameter, and the runs by it."""

    parameter: VaryingParameter
    lines: Lines


def figure(page: Page) -> Figure | None:
    """Return the figure; None where nothing varies that two runs with numbers have."""
    ranking = primary(page)
    if ranking is None:
        return None
    kept = list(islice(_panels(page, ranking), MOST_PANELS))
    if not kept:
        return None
    words = " ".join(_words(page, ranking, panel) for panel in kept)
    return Figure(words, lambda: _draw(page, ranking, kept))


def _panels(page: Page, ranking: Ranking) -> Iterator[Panel]:
    """Yield the parameters that the figure can show, which have few values and runs at two of them."""
    for parameter in _independent(page.varying):
        if len(_values(page, parameter)) <= MOST_VALUES:
            lines = _lines(page, ranking, parameter)
            if len({place for line in lines.values() for place in line}) >= 2:
                yield Panel(parameter, lines)


def _independent(varying: Sequence[VaryingParameter]) -> list[VaryingParameter]:
    """Return varying parameters without those that another one determines."""
    kept: list[VaryingParameter] = []
    for parameter in varying:
        if not any(parameter.name in other.moves_with for other in kept):
            kept.append(parameter)
    return kept


def _lines(page: Page, ranking: Ranking, parameter: VaryingParameter) -> Lines:
    """Return the runs with finite values by their other settings, then by this parameter's value."""
    others = [other for other in _independent(page.varying) if other.name != parameter.name]
    others = [other for other in others if other.name not in parameter.moves_with]
    places = {repr(value): place for place, value in enumerate(parameter.values)}
    without = dict.fromkeys(parameter.unset, len(places))
    found: dict[str, dict[int, Runs]] = {}
    for experiment in page.report.experiments:
        value = ranking.values.get(experiment.name, math.nan)
        place = places.get(repr(parameter.by_experiment.get(experiment.name)), without.get(experiment.name))
        if place is not None and is_drawable(value):
            common = ", ".join(page.setting_of(other, experiment.name) for other in others)
            found.setdefault(common, {}).setdefault(place, []).append((experiment.name, value))
    return found


def _values(page: Page, parameter: VaryingParameter) -> list[str]:
    """Return a panel's places: the values, then having none of it, where that is known of a run."""
    values = [worded(page.short(parameter.name, value)) for value in parameter.values]
    return [*values, *([absent(parameter.name)] if parameter.unset else [])]


def _words(page: Page, ranking: Ranking, panel: Panel) -> str:
    """Return each line's values: "rank 4: tiny-1B 5.8159, tiny-3B 5.4644"."""
    values, unfinished = _values(page, panel.parameter), frozenset(ranking.unfinished)
    told = []
    for common, line in panel.lines.items():
        settled = {place: _settled(runs, unfinished) for place, runs in sorted(line.items())}
        points = [
            f"{values[place]} {page.digits.write(ranking.metric, _mean(runs))}"
            + (f" (mean of {len(runs)})" if len(runs) > 1 else "")
            for place, runs in settled.items()
        ]
        told.append(f"{common}: {', '.join(points)}" if common else ", ".join(points))
    more = f"; and {len(told) - MOST_TOLD} more" if len(told) > MOST_TOLD else ""
    by = f"{metric_name(ranking.metric).heading} by {page.names.phrase(panel.parameter.name)}"
    return f"{by}: {'; '.join(told[:MOST_TOLD])}{more}."


def _settled(runs: Runs, unfinished: Collection[str]) -> Runs:
    """Return the replicates whose mean counts: where any came to its end, those alone."""
    return [(name, value) for name, value in runs if name not in unfinished] or runs


def _mean(runs: Runs) -> float:
    return math.fsum(value for _, value in runs) / len(runs)


def _draw(page: Page, ranking: Ranking, panels: Sequence[Panel]) -> bytes:
    unfinished = frozenset(ranking.unfinished)
    with canvas.style():
        width = canvas.WIDTH if len(panels) > 1 else canvas.WIDTH * 0.6
        sheet, places = canvas.sheet(3.2, len(panels), width)
        for axes, panel in zip(places, panels, strict=True):
            axes.set_xlabel(canvas.label(page.names.title(panel.parameter.name)))
            _draw_panel(axes, panel.lines, unfinished)
            _ticks(axes, _values(page, panel.parameter))
        places[0].set_ylabel(canvas.label(metric_name(ranking.metric).heading))
        if unfinished & set(ranking.values):
            hollow = Line2D([], [], marker="o", linestyle="", markerfacecolor="white", color=QUIET)
            full = Line2D([], [], marker="o", linestyle="", color=QUIET)
            canvas.legend(sheet, {"finished": full, "training did not reach its end": hollow})
        return canvas.svg(sheet)


def _draw_panel(axes: Axes, lines: Lines, unfinished: frozenset[str]) -> None:
    """Draw one line a group of equal other settings, and every run as a point over them."""
    is_many, is_told = len(lines) > MOST_LINES, 1 < len(lines) <= MOST_LINES
    quiet: list[Stroke] = []
    points: list[Mark] = []
    for number, (common, line) in enumerate(lines.items()):
        colour = QUIET if is_many else COLOURS[number % len(COLOURS)]
        dashes = DASHES[number // len(COLOURS) % len(DASHES)]
        places = sorted(line)
        means = [_mean(_settled(line[place], unfinished)) for place in places]
        if is_many:
            quiet.append(Stroke(places, means, colour, 1.2))
        else:
            label = canvas.label(common) if is_told else None
            axes.plot(places, means, color=colour, linestyle=dashes, linewidth=1.2, label=label)
        points += _points(line, colour, unfinished)
    canvas.draw_strokes(axes, quiet)
    canvas.draw_marks(axes, points, "o", 5)
    if is_told:
        axes.legend(fontsize=7)


def _points(line: Mapping[int, Runs], colour: str, unfinished: frozenset[str]) -> Iterator[Mark]:
    for place, runs in line.items():
        for name, value in runs:
            yield Mark(place, value, colour, "white" if name in unfinished else colour)


def _ticks(axes: Axes, values: Sequence[str]) -> None:
    axes.set_xticks(range(len(values)), [canvas.label(value) for value in values])
    axes.set_xlim(-0.4, len(values) - 0.6)
    if any(len(value) > 12 for value in values) or len(values) > 6:
        axes.tick_params(axis="x", labelrotation=30)
