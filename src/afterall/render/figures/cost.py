"""Draw what the runs reached against what they cost: GPU hours, else hours of the job.

Invariant: only runs of which both are known stand in it, each by one point.
"""

from collections import defaultdict

from matplotlib.lines import Line2D

from afterall.model import Cost, Ranking
from afterall.render.figures import canvas
from afterall.render.figures.figure import Figure
from afterall.render.figures.grouping import Look, is_drawable, looks, primary
from afterall.render.figures.palette import DASHES
from afterall.render.page import Page
from afterall.render.words.metrics import metric_name
from afterall.render.words.numbers import number

MOST_TOLD = 12


def figure(page: Page) -> Figure | None:
    """Return the figure; None where fewer than three runs have both numbers: two are told in a sentence."""
    ranking = primary(page)
    if ranking is None:
        return None
    what, hours = _hours(page)
    both = {
        n: (hours[n], v)
        for n, v in ranking.values.items()
        if n in hours and n in page.by_name and is_drawable(v)
    }
    if len(both) < 3 or len({x for x, _ in both.values()}) < 2:
        return None
    name = metric_name(ranking.metric).heading
    told = [
        f"{run} {page.digits.write(ranking.metric, value)} at {number(cost, 3)}"
        for run, (cost, value) in list(both.items())[:MOST_TOLD]
    ]
    rest = f", and {len(both) - MOST_TOLD} more" if len(both) > MOST_TOLD else ""
    words = f"{name} against {what}: {', '.join(told)}{rest}."
    return Figure(words, lambda: _draw(page, ranking, what, both))


def _hours(page: Page) -> tuple[str, dict[str, float]]:
    """Return what all attempts of each run took: GPU hours, or the job's hours where no GPU is known.

    Minutes where no run took two hours.
    """
    costs: tuple[Cost, ...] = page.report.costs
    gpu = {cost.experiment: cost.gpu_hours for cost in costs if cost.gpu_hours}
    hours = gpu or {c.experiment: c.all_elapsed_s / 3600 for c in costs if c.all_elapsed_s}
    what = ("GPU {}" if gpu else "{} of the job").format
    if hours and max(hours.values()) < 2:
        return what("minutes"), {name: 60 * value for name, value in hours.items()}
    return what("hours"), hours


def _draw(page: Page, ranking: Ranking, what: str, both: dict[str, tuple[float, float]]) -> bytes:
    with canvas.style():
        sheet, (axes,) = canvas.sheet(3.2, width=canvas.WIDTH * 0.7)
        known = looks(page, [e for e in page.report.experiments if e.name in both])
        alike: dict[Look, list[tuple[float, float]]] = defaultdict(list)
        for name, point in both.items():
            alike[known[name]].append(point)
        entries: dict[str, Line2D] = {}
        for look, points in alike.items():
            x, y = zip(*points, strict=True)
            marker = "os^"[DASHES.index(look.dashes)]
            (drawn,) = axes.plot(x, y, marker=marker, markersize=6, color=look.colour, linestyle="")
            entries.setdefault(look.name, drawn)
        axes.set_xlabel(what[:1].upper() + what[1:])
        axes.set_ylabel(canvas.label(metric_name(ranking.metric).heading))
        canvas.legend(sheet, entries)
        return canvas.svg(sheet)
