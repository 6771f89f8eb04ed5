"""Gather the loss curves as the page's script draws them.

Invariant: each point is a logged one; a curve of many is thinned without losing its spikes, and has the
running median that the report's figure has. All curves together stay within MOST_POINTS.
"""

import math
from typing import Any

from afterall.model import Experiment, Points
from afterall.render.escaping import line
from afterall.render.figures.grouping import Look, looks
from afterall.render.figures.palette import COLOURS, DASHES
from afterall.render.figures.smoothing import SERIES, SMOOTHED_FROM, Logged, logged, running_median
from afterall.render.page import Page
from afterall.render.words.numbers import not_finite

MOST_POINTS = 90_000
"""Of all curves together: about 15 bytes each."""
MOST_OF_ONE, FEWEST_OF_ONE = 500, 60
_DIGITS = 6


def curves(page: Page) -> dict[str, Any]:
    """Return the runs with their looks, and for each panel their curves by their place among the runs."""
    panels = [(title, _finite(logged(page, key))) for key, title in SERIES]
    panels = [(title, told) for title, told in panels if told.points]
    shown = [e for e in page.report.experiments if any(e.name in told.points for _, told in panels)]
    known = looks(page, shown)
    most = _most(sum(len(told.points) for _, told in panels))
    return {
        "runs": [_run(experiment, known[experiment.name]) for experiment in shown],
        "rows": [place for place, e in enumerate(page.report.experiments) if e.name in known],
        "panels": [
            {
                "title": title,
                "axis": told.axis,
                "curves": [
                    {"run": place, **_curve(told, told.points[e.name], most)}
                    for place, e in enumerate(shown)
                    if e.name in told.points
                ],
            }
            for title, told in panels
        ],
    }


def _finite(told: Logged) -> Logged:
    """Return the curves of each run that logged at least one finite value."""
    points = {name: each for name, each in told.points.items() if any(map(math.isfinite, each.values))}
    return Logged(points, told.by_epoch)


def _most(curves: int) -> int:
    """Return how many points one of so many curves may have, its median's (half as many) left out."""
    return min(MOST_OF_ONE, max(FEWEST_OF_ONE, MOST_POINTS * 2 // 3 // max(1, curves)))


def _run(experiment: Experiment, look: Look) -> dict[str, Any]:
    colour = COLOURS.index(look.colour) if look.colour in COLOURS else -1
    return {"name": line(experiment.name, 120), "colour": colour, "dashes": DASHES.index(look.dashes)}


def _curve(told: Logged, points: Points, most: int) -> dict[str, Any]:
    kept = points.thinned(most, 4)
    drawn: dict[str, Any] = {
        "steps": list(told.places(kept)),
        "values": [_told(value) for value in kept.values],
    }
    finite = points.within(math.inf)
    if len(finite) >= SMOOTHED_FROM:
        steps, values = running_median(finite, told.places(finite), most // 2)
        drawn["median"] = {"steps": steps, "values": [_told(value) for value in values]}
    return drawn


def _told(value: float) -> float | str:
    """Return a value with the digits that a page can show, or as the word that scripts read."""
    return float(f"{value:.{_DIGITS}g}") if math.isfinite(value) else not_finite(value)
