"""Gather the loss curves as the page's script draws them.

Invariant: each point is a logged one; a curve of many is thinned without losing its spikes, and has the
running median that the report's figure has. All curves together stay within MOST_POINTS.
"""

import math
from collections.abc import Mapping
from typing import Any

from afterall.model import Experiment, Points
from afterall.render.escaping import line
from afterall.render.figures.grouping import Look, looks
from afterall.render.figures.palette import COLOURS, DASHES
from afterall.render.figures.smoothing import SERIES, SMOOTHED_FROM, running_median
from afterall.render.page import Page
from afterall.render.words.numbers import not_finite

MOST_POINTS = 90_000
"""Of all curves together: about 15 bytes each."""
MOST_OF_ONE, FEWEST_OF_ONE = 500, 60
_DIGITS = 6


def curves(page: Page) -> dict[str, Any]:
    """Return the runs with their looks, and for each panel their curves by their place among the runs."""
    panels = [(title, _logged(page, key)) for key, title in SERIES]
    panels = [(title, runs) for title, runs in panels if runs]
    shown = [e for e in page.report.experiments if any(e.name in runs for _, runs in panels)]
    known = looks(page, shown)
    most = _most(sum(len(runs) for _, runs in panels))
    return {
        "runs": [_run(experiment, known[experiment.name]) for experiment in shown],
        "rows": [place for place, e in enumerate(page.report.experiments) if e.name in known],
        "panels": [
            {
                "title": title,
                "curves": [
                    _curve(place, runs[e.name], most) for place, e in enumerate(shown) if e.name in runs
                ],
            }
            for title, runs in panels
        ],
    }


def _logged(page: Page, key: str) -> Mapping[str, Points]:
    """Return the points of each run that logged at least one finite value."""
    logged = {e.name: e.series[key].points for e in page.report.experiments if key in e.series}
    return {n: points for n, points in logged.items() if any(map(math.isfinite, points.values))}


def _most(curves: int) -> int:
    """Return how many points one of so many curves may have, its median's (half as many) left out."""
    return min(MOST_OF_ONE, max(FEWEST_OF_ONE, MOST_POINTS * 2 // 3 // max(1, curves)))


def _run(experiment: Experiment, look: Look) -> dict[str, Any]:
    colour = COLOURS.index(look.colour) if look.colour in COLOURS else -1
    return {"name": line(experiment.name, 120), "colour": colour, "dashes": DASHES.index(look.dashes)}


def _curve(run: int, points: Points, most: int) -> dict[str, Any]:
    kept = points.thinned(most, 4)
    drawn: dict[str, Any] = {
        "run": run,
        "steps": list(kept.steps),
        "values": [_told(value) for value in kept.values],
    }
    finite = points.within(math.inf)
    if len(finite) >= SMOOTHED_FROM:
        steps, values = running_median(finite, most // 2)
        drawn["median"] = {"steps": steps, "values": [_told(value) for value in values]}
    return drawn


def _told(value: float) -> float | str:
    """Return a value with the digits that a page can show, or as the word that scripts read."""
    return float(f"{value:.{_DIGITS}g}") if math.isfinite(value) else not_finite(value)
