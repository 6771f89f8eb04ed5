"""Give each run a colour: its own where they are few, else that of its setting, so that thirty stay readable.

Invariant: the runs of one setting have one colour; no legend has more than MOST_NAMED entries.
"""

import math
from collections.abc import Iterator, Sequence

from msgspec import Struct

from afterall.model import Experiment, Points, Ranking
from afterall.render.figures.palette import COLOURS, DASHES, QUIET, Dashes
from afterall.render.page import Page

MOST_NAMED = 12
LARGEST = 1e30
"""A value beyond it is as good as infinite: no axis could show it beside others."""


class Look(Struct, frozen=True):
    """How one run is drawn; `name` is its entry in the legend, shared by all of its setting."""

    name: str
    colour: str
    dashes: Dashes = "-"
    is_quiet: bool = False


def looks(page: Page, experiments: Sequence[Experiment]) -> dict[str, Look]:
    """Return the look of each experiment by its name."""
    if len(experiments) <= MOST_NAMED:
        return dict(_one_each(experiments))
    by_setting = _by_setting(page, experiments)
    return by_setting or _best_of_many(page, experiments)


def primary(page: Page) -> Ranking | None:
    """Return the first ranking of quality that can be drawn: two runs have finite numbers; None for none."""
    for ranking in page.by_quality:
        if sum(map(is_drawable, ranking.values.values())) > 1:
            return ranking
    return None


def is_drawable(value: float) -> bool:
    """Tell whether a value can stand in a figure."""
    return abs(value) <= LARGEST


def drawable(points: Points) -> Points:
    """Return the points that can stand in a figure."""
    return points.within(math.nextafter(LARGEST, math.inf))


def _one_each(experiments: Sequence[Experiment]) -> Iterator[tuple[str, Look]]:
    for place, experiment in enumerate(experiments):
        dashes = DASHES[place // len(COLOURS) % len(DASHES)]
        yield experiment.name, Look(experiment.name, COLOURS[place % len(COLOURS)], dashes)


def _by_setting(page: Page, experiments: Sequence[Experiment]) -> dict[str, Look]:
    """Return looks by the first varying parameter that has few values; empty where none has."""
    for parameter in page.varying:
        settings = [
            page.names.setting(parameter.name, page.short(parameter.name, v)) for v in parameter.values
        ]
        settings += [page.setting_of(parameter, run) for run in parameter.unset[:1]]
        if not 2 <= len(settings) <= len(COLOURS):
            continue
        colours = dict(zip(settings, COLOURS, strict=False))
        told = {e.name: page.setting_of(parameter, e.name) for e in experiments}
        return {
            run: Look(name, colours.get(name, QUIET), is_quiet=name not in colours)
            for run, name in told.items()
        }
    return {}


def _best_of_many(page: Page, experiments: Sequence[Experiment]) -> dict[str, Look]:
    """Return the best runs in colour and all others in grey."""
    ranking = primary(page)
    best = [name for name in ranking.order if name in ranking.values][: len(COLOURS) - 1] if ranking else []
    others = Look("the others", QUIET, is_quiet=True)
    named = {name: Look(name, COLOURS[place]) for place, name in enumerate(best)}
    return {experiment.name: named.get(experiment.name, others) for experiment in experiments}
