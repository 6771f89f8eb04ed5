"""Rank experiments by each measure.

Invariant: an experiment whose training did not end stands behind every one that did; NaN, infinity and
missing numbers stand last; equal numbers keep natural order.
"""

import math
from collections.abc import Sequence

from msgspec.structs import replace

from afterall.analyse.design import Design
from afterall.analyse.measures import Kind, Measure
from afterall.analyse.noise import LEVEL, Noise, chance_of, holm, learn_noise
from afterall.analyse.readings import has_trained
from afterall.model import Comparison, Direction, Experiment, Ranking, Side


def rank(
    experiments: Sequence[Experiment], design: Design, measures: Sequence[Measure]
) -> tuple[Ranking, ...]:
    """Return a ranking for each measure that at least two experiments have, those of quality first.

    `experiments` are in natural order.
    """
    ordered = sorted(measures, key=lambda measure: measure.kind is not Kind.QUALITY)
    rankings = (_ranking(experiments, measure, learn_noise(design, measure)) for measure in ordered)
    return tuple(ranking for ranking in rankings if ranking is not None)


def without_told_apart(rankings: Sequence[Ranking], comparisons: Sequence[Comparison]) -> tuple[Ranking, ...]:
    """Return the rankings without ties of runs whose settings' means are told apart from the best one's.

    A single run may lie as near to the best as replicates do, and its setting be worse beyond chance.
    """
    told = [c for c in comparisons if c.within_noise is False]
    return tuple(
        replace(r, tied_with_best=tuple(n for n in r.tied_with_best if n not in _apart_from(r, told)))
        for r in rankings
    )


def _apart_from(ranking: Ranking, told: Sequence[Comparison]) -> set[str]:
    best = ranking.order[0]
    pairs = [pair for c in told if c.metric == ranking.metric for pair in ((c.a, c.b), (c.b, c.a))]
    return {name for one, other in pairs if best in _runs(one) for name in _runs(other)}


def _runs(side: Side) -> tuple[str, ...]:
    return side.experiments or (side.experiment,)


def _ranking(experiments: Sequence[Experiment], measure: Measure, noise: Noise | None) -> Ranking | None:
    readings = ((experiment, measure.read(experiment)) for experiment in experiments)
    values = {experiment.name: reading.value for experiment, reading in readings if reading is not None}
    if len(values) < 2 or not any(map(math.isfinite, values.values())):
        return None
    unfinished = {e.name for e in experiments if e.name in values and not has_trained(e)}
    sign = -1 if measure.direction is Direction.UP else 1

    def place(name: str) -> tuple[int, bool, float]:
        value = values.get(name, math.nan)
        if not math.isfinite(value):
            return (2 if name in values else 3, False, 0.0)
        return (name in unfinished, False, sign * value)

    order = tuple(sorted((experiment.name for experiment in experiments), key=place))
    return Ranking(
        metric=measure.name,
        direction=measure.direction,
        order=order,
        values=values,
        tied_with_best=_tied(order, values, unfinished, noise),
        unfinished=tuple(name for name in order if name in unfinished),
        checkpoint=measure.checkpoint,
        noise_sd=None if noise is None else noise.sd,
    )


def _tied(
    order: Sequence[str], values: dict[str, float], unfinished: set[str], noise: Noise | None
) -> tuple[str, ...]:
    """Return those that differ from the best by no more than two replicates would."""
    if noise is None:
        return ()
    best = values[order[0]]
    rest = [n for n in order[1:] if math.isfinite(values.get(n, math.nan)) and n not in unfinished]
    corrected = holm([chance_of(values[name] - best, noise.error(1, 1), noise.degrees) for name in rest])
    return tuple(name for name, p in zip(rest, corrected, strict=True) if p is not None and p > LEVEL)
