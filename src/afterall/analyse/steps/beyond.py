"""Suggest to go beyond the values tried of a parameter, where the best run stands at their edge.

Invariant: three values or more were tried with all else equal, their numbers were read at the same point of
training, each is better than the one before, and nothing that seeds or samples may explain makes the last
step, which is not small beside the others and which no evaluation speaks against; nobody tried a value
beyond, not even in a run that failed. No significance is claimed.
"""

import math
from collections.abc import Iterable, Sequence
from functools import partial
from itertools import pairwise

from msgspec import Struct

from afterall.analyse.comparisons import compare_by
from afterall.analyse.groundwork import Groundwork
from afterall.analyse.ordering import identity
from afterall.analyse.pairs import MOST_CLEAN, choose_with_row
from afterall.analyse.parameters.names import GRADED
from afterall.analyse.steps.doubt import is_doubtful
from afterall.analyse.steps.values import are_whole, number_in, plain_number, value_beyond
from afterall.model import (
    ComparedAt,
    Comparison,
    Direction,
    NextStep,
    NextStepKind,
    Ranking,
    Scalar,
    Side,
    VaryingParameter,
)

FEWEST_VALUES = 3
FLAT = 0.1
"""A last step below this part of the largest one says that the numbers hardly go on."""


class _Sweep(Struct, frozen=True):
    """The sides along one parameter, the best run's last, with the comparison of each two neighbours."""

    sides: tuple[Side, ...]
    comparisons: tuple[Comparison, ...]

    @property
    def settings(self) -> list[float]:
        """The values tried, in the order of the sides."""
        return [n for side in self.sides if (n := number_in(side.setting)) is not None]


def beyond_steps(ground: Groundwork) -> list[NextStep]:
    """Return a suggestion for each parameter whose best value is the last of those tried."""
    first = ground.primary
    if first is None:
        return []
    found = (_beyond(ground, first, dimension) for dimension in ground.design.dimensions)
    return [step for step in found if step is not None]


def _beyond(ground: Groundwork, first: Ranking, parameter: VaryingParameter) -> NextStep | None:
    if parameter.name not in GRADED or parameter.name not in ground.design.shown:
        return None
    sweep = _sweep(_clean(ground, first, parameter), first)
    if sweep is None or not _leads_on(sweep, first) or not _is_at_edge(sweep, first, parameter):
        return None
    if _is_spoken_against(ground, sweep, first):
        return None
    upwards = sweep.settings[-1] > sweep.settings[0]
    least, most = GRADED[parameter.name]
    value = value_beyond(sweep.settings, upwards=upwards, whole=are_whole(parameter.values), least=least)
    if value is None or not least <= value <= most:
        return None
    return NextStep(
        kind=NextStepKind.BEYOND_RANGE,
        experiments=tuple(name for side in sweep.sides for name in side.experiments),
        details=_details(sweep, first, parameter, value),
    )


def _clean(ground: Groundwork, first: Ranking, parameter: VaryingParameter) -> list[Comparison]:
    """Return the comparisons along a parameter alone, those of the best run where not all are made."""

    def along(comparisons: Iterable[Comparison]) -> list[Comparison]:
        wanted = (first.metric, parameter.name, ())
        return [c for c in comparisons if (c.metric, c.parameter, c.confounders) == wanted]

    clean = along(ground.comparisons)
    if len(clean) < MOST_CLEAN:
        return clean
    measure = next(measure for measure in ground.measures if measure.name == first.metric)
    place = ground.design.dimensions.index(parameter)
    return along(
        compare_by(ground.design, measure, partial(choose_with_row, along=place, run=first.order[0]))
    )


def _sweep(clean: Sequence[Comparison], first: Ranking) -> _Sweep | None:
    """Return the values that were compared with the best run's in everything else; None where it is unclear.

    Neighbouring values are compared, and the lowest with the highest: the longest way leads through all. A
    run without any, as a full fine-tune beside ranks, stands at no end of them.
    """
    best = first.order[0]
    own = next((c.equal for c in clean if best in (*c.a.experiments, *c.b.experiments)), None)
    along = [c for c in clean if own is not None and _known(c.equal) == _known(own)]
    sides = {s.experiments: s for c in along for s in (c.a, c.b) if s.setting is not None}
    ordered = sorted(sides.values(), key=lambda side: number_in(side.setting) or 0.0)
    numbers = [number_in(side.setting) for side in ordered]
    if len(ordered) < FEWEST_VALUES or None in numbers or len(set(numbers)) < len(numbers):
        return None
    by_sides = {(c.a.experiments, c.b.experiments): c for c in along}
    steps = [by_sides.get((a.experiments, b.experiments)) for a, b in pairwise(ordered)]
    known = [step for step in steps if step is not None]
    if len(known) < len(steps):
        return None
    if best in ordered[0].experiments:
        return _Sweep(tuple(reversed(ordered)), tuple(reversed(known)))
    return _Sweep(tuple(ordered), tuple(known)) if best in ordered[-1].experiments else None


def _known(settings: dict[str, Scalar]) -> dict[str, object]:
    return {name: identity(value) for name, value in settings.items()}


def _leads_on(sweep: _Sweep, first: Ranking) -> bool:
    """Tell whether each value is better than the one before, and the last one beyond doubt."""
    sign = -1 if first.direction is Direction.UP else 1
    values = [sign * side.value for side in sweep.sides]
    gains = [before - after for before, after in pairwise(values)]
    is_steady = min(gains) > 0 and gains[-1] >= FLAT * max(gains)
    at_one_point = all(c.same_step and c.compared_at is not ComparedAt.NEITHER for c in sweep.comparisons)
    unfinished = {name for side in sweep.sides for name in side.experiments} & set(first.unfinished)
    before, edge = sweep.sides[-2:]
    is_perfect = edge.value == 1 and first.direction is Direction.UP and "/" in first.metric
    return (
        is_steady
        and at_one_point
        and not unfinished
        and not edge.not_finite
        and not is_perfect
        and not set(before.experiments) & set(first.tied_with_best)
        and not is_doubtful(sweep.comparisons[-1])
    )


def _is_spoken_against(ground: Groundwork, sweep: _Sweep, first: Ranking) -> bool:
    """Tell whether a loss decides and evaluations do not bear out its last step.

    Against a validation loss speaks a score that got worse, beyond what seeds and samples may explain;
    against a training loss, where the data may have been learnt by heart, already that no score got better.
    """
    if "/" in first.metric:
        return False
    last = sweep.comparisons[-1]
    both = {last.a.experiment, last.b.experiment}
    scores = [
        c
        for c in ground.comparisons
        if "/" in c.metric and not c.confounders and {c.a.experiment, c.b.experiment} == both
    ]
    clear = [c for c in scores if not is_doubtful(c) and c.a.value != c.b.value]
    worse = [c for c in clear if _is_worse(c, sweep.sides[-1])]
    is_unseen = "_val_" in first.metric
    return bool(worse) or (bool(scores) and not clear and not is_unseen)


def _is_worse(c: Comparison, edge: Side) -> bool:
    own, other = (c.a, c.b) if c.a.experiment == edge.experiment else (c.b, c.a)
    return own.value < other.value if c.direction is Direction.UP else own.value > other.value


def _is_at_edge(sweep: _Sweep, first: Ranking, parameter: VaryingParameter) -> bool:
    """Tell whether nobody tried a value beyond the last, and none between them diverged."""
    said = {run: n for run, value in parameter.by_experiment.items() if (n := number_in(value)) is not None}
    low, high = min(sweep.settings), max(sweep.settings)
    edge = sweep.settings[-1]
    lost = {name for name, value in first.values.items() if not math.isfinite(value)}
    is_broken = any(low <= said[name] <= high for name in lost & said.keys())
    return edge in (min(said.values()), max(said.values())) and not is_broken


def _details(sweep: _Sweep, first: Ranking, parameter: VaryingParameter, value: float) -> dict[str, Scalar]:
    """Return the numbers, the tried values in the order in which they lead to the last one."""
    edge = sweep.sides[-1]
    details: dict[str, Scalar] = {
        "parameter": parameter.name,
        "value": plain_number(value),
        "edge": "largest" if sweep.settings[-1] > sweep.settings[0] else "smallest",
        "tried": _joined(sweep.settings),
        "metric": first.metric,
        "measured": _joined(side.value for side in sweep.sides),
        "trend": "higher" if first.direction is Direction.UP else "lower",
        "sources": "; ".join(f"{s.source.file}, {s.source.where}".rstrip(", ") for s in sweep.sides),
    }
    if first.checkpoint:
        details["checkpoint"] = first.checkpoint
    if parameter.moves_with:
        details["moves_with"] = ", ".join(parameter.moves_with)
    if max(side.n for side in sweep.sides) == 1:
        details["is_single"] = True
    if edge.step is not None and {side.step for side in sweep.sides} == {edge.step}:
        details["step"] = edge.step
    elif edge.epoch is not None:
        details["epoch"] = edge.epoch
    return details


def _joined(numbers: Iterable[float]) -> str:
    return ", ".join(str(plain_number(number)) for number in numbers)
