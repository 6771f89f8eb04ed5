"""Draw reward, training and validation loss for all runs, by optimizer step, or by epoch where none is told.

Invariant: what was logged is drawn as logged, faint where there is much of it, with a running median over it;
a run that ended in NaN is marked where its last number stands.
"""

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from msgspec import Struct

from afterall.model import Experiment, Points
from afterall.render.composing import plain_listing, plural
from afterall.render.figures import canvas
from afterall.render.figures.canvas import Mark, Stroke
from afterall.render.figures.figure import Figure
from afterall.render.figures.grouping import Look, drawable, is_drawable, looks
from afterall.render.figures.smoothing import SERIES, SMOOTHED_FROM, Logged, logged, running_median
from afterall.render.page import Page

MOST_POINTS, FEWEST_POINTS = 600, 80
"""Of one line: more than a page has pixels for, and fewer where there are many lines."""
MOST_OF_ALL = 9_000
MOST_MARKED = 40
"""Points of a line, and lines, up to which each point is marked."""
LOG_FROM = 20.0
"""Ratio of the largest to the smallest loss from which the axis is logarithmic."""
REWARD = "reward"
"""What is no loss, and may be negative: its axis is always linear."""


class Panel(Struct, frozen=True):
    """One metric: its key, its title, and the runs that are drawn with their drawable points."""

    key: str
    title: str
    logged: Logged
    curves: Sequence[tuple[Experiment, Points]]

    def ends_lost(self, experiment: Experiment) -> bool:
        """Tell whether a run's last value cannot be drawn."""
        return not is_drawable(self.logged.points[experiment.name].values[-1])


def figure(page: Page) -> Figure | None:
    """Return the figure; None where no run logged a loss or a reward twice."""
    panels = [_panel(page, key, title) for key, title in SERIES]
    panels = [panel for panel in panels if panel.curves]
    if not panels:
        return None
    return Figure(" ".join(_words(page, panel) for panel in panels), lambda: _draw(page, panels))


def _panel(page: Page, key: str, title: str) -> Panel:
    """Return a panel of each run with two drawable values or more, and its points that can be drawn."""
    told = logged(page, key)
    runs = [(e, drawable(told.points[e.name])) for e in page.report.experiments if e.name in told.points]
    return Panel(key, title, told, [(experiment, points) for experiment, points in runs if len(points) > 1])


def _words(page: Page, panel: Panel) -> str:
    """Return what one panel shows: how many runs, between which values they begin, and which end best."""
    metric = f"final_{panel.key}"
    firsts = [(points.values[0], "") for _, points in panel.curves]
    lost = [e.name for e, _ in panel.curves if panel.ends_lost(e)]
    lasts = [(points.values[-1], f" ({e.name})") for e, points in panel.curves if e.name not in lost]
    told = f"{panel.title} by {panel.logged.axis.lower()}, {plural(len(panel.curves), 'run')}"
    told = f"{told}: {_span(page, metric, firsts)} at first"
    told = f"{told}, {_span(page, metric, lasts)} at the end" if lasts else told
    told = f"{told}; NaN or infinite at the end: {', '.join(lost[:6])}." if lost else f"{told}."
    left = panel.logged.left_out
    return f"{told} Not drawn, known by epoch alone: {plain_listing(left, 6)}." if left else told


def _span(page: Page, metric: str, values: Sequence[tuple[float, str]]) -> str:
    """Return the least and the greatest of several values, each with whose it is."""
    least, most = min(values), max(values)
    words = [f"{page.digits.write(metric, value)}{whose}" for value, whose in (least, most)]
    if words[0] == words[1] or len(values) == 1:
        return page.digits.write(metric, least[0])
    return f"{words[0]} to {words[1]}"


def _draw(page: Page, panels: Sequence[Panel]) -> bytes:
    with canvas.style():
        sheet, places = canvas.sheet(3.4, len(panels))
        shown = [e for e in page.report.experiments if any(e.name in p.logged.points for p in panels)]
        known = looks(page, shown)
        entries: dict[str, Line2D] = {}
        for axes, panel in zip(places, panels, strict=True):
            axes.set_title(panel.title)
            axes.set_xlabel(panel.logged.axis)
            axes.locator_params("x", integer=True)
            for name, entry in _lines(axes, panel, known).items():
                entries.setdefault(name, entry)
            if panel.key != REWARD:
                _scale(axes)
        canvas.legend(sheet, entries)
        return canvas.svg(sheet)


def _lines(axes: Axes, panel: Panel, known: Mapping[str, Look]) -> dict[str, Line2D]:
    """Draw a panel's runs, and return how each look stands in the legend."""
    most = min(MOST_POINTS, max(FEWEST_POINTS, MOST_OF_ALL // len(known)))
    strokes: list[Stroke] = []
    marked: list[Mark] = []
    lost: list[Mark] = []
    entries: dict[str, Line2D] = {}
    # Grey ones first, so that nothing named lies below them.
    for experiment, points in sorted(panel.curves, key=lambda run: not known[run[0].name].is_quiet):
        look, shown = known[experiment.name], points.thinned(most, 4)
        places = panel.logged.places(shown)
        drawn = [Stroke(places, shown.values, look.colour, 1.2, look.dashes)]
        if len(points) >= SMOOTHED_FROM:
            smooth = running_median(points, panel.logged.places(points), most)
            drawn = [
                Stroke(places, shown.values, look.colour, 0.5, look.dashes, opacity=0.25),
                Stroke(*smooth, look.colour, 1.4, look.dashes),
            ]
        is_marked = len(points) < SMOOTHED_FROM and len(shown) * len(known) <= 3 * MOST_MARKED
        marks = [Mark(place, value, look.colour) for place, value in zip(places, shown.values, strict=True)]
        strokes += drawn
        marked += marks if is_marked else []
        if panel.ends_lost(experiment):
            lost.append(marks[-1])
        if look.name not in entries:
            entries[look.name] = _entry(drawn[-1], is_marked=is_marked)
    canvas.draw_strokes(axes, strokes)
    canvas.draw_marks(axes, marked, "o", 3)
    canvas.draw_marks(axes, lost, "X", 7, edge="white")
    return entries


def _entry(stroke: Stroke, *, is_marked: bool) -> Line2D:
    return Line2D(
        [],
        [],
        color=stroke.colour,
        linestyle=stroke.dashes,
        linewidth=stroke.width,
        marker="o" if is_marked else None,
        markersize=3,
    )


def _scale(axes: Axes) -> None:
    low, high = axes.dataLim.intervaly
    if low > 0 and high >= LOG_FROM * low:
        axes.set_yscale("log")
        canvas.plain_log_ticks(axes)
        axes.set_title(f"{axes.get_title(loc='left')} (log scale)")
