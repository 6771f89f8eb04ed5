"""Choose the measures that runs are compared by: those that the set's settings name, then those found.

Invariant: a measure that a person names stands first, in the direction that the person gives; no measure
stands twice.
"""

from collections.abc import Sequence

from msgspec.structs import replace

from afterall.analyse.evaluation_measures import evaluation_measures
from afterall.analyse.measures import Measure, measure_of, training_measures
from afterall.analyse.ordering import natural_key
from afterall.analyse.readings import number_of
from afterall.model import Direction, EvaluationStatus, Experiment
from afterall.settings import SetSettings

_DIRECTIONS = {"min": Direction.DOWN, "max": Direction.UP}


def choose_measures(
    experiments: Sequence[Experiment], settings: SetSettings, *, losses_differ: bool = False
) -> tuple[Measure, ...]:
    """Return every measure; of those of quality, the first decides who is best.

    `losses_differ` says that the runs do not all train for the same loss.
    """
    wanted = wanted_directions(settings)
    own = training_measures(experiments, losses_differ=losses_differ)
    found = {m.name: m for m in (*own, *evaluation_measures(experiments, wanted))}
    known = names_in(experiments)
    named = {
        name: replace(found[name], direction=way) if name in found else measure_of(name, way)
        for name, way in wanted.items()
        if name in known
    }
    return (*named.values(), *(measure for name, measure in found.items() if name not in named))


def wanted_directions(settings: SetSettings) -> dict[str, Direction]:
    """Return which way the metrics that the settings name are better."""
    return {name: _DIRECTIONS[goal] for name, goal in settings.metrics.items()}


def names_in(experiments: Sequence[Experiment]) -> tuple[str, ...]:
    """Return every name that a measure can have here, in natural order: metrics and evaluations' scores."""
    metrics = {name for e in experiments for name, fact in e.metrics.items() if number_of(fact) is not None}
    scores = {
        f"{evaluation.task}/{name}"
        for e in experiments
        for evaluation in e.evaluations
        if evaluation.status is EvaluationStatus.SUCCESS
        for name in evaluation.metrics
    }
    elapsed = (
        {"elapsed_s"} if any(a.elapsed_s is not None for e in experiments for a in e.attempts) else set()
    )
    return tuple(sorted(metrics | scores | elapsed, key=natural_key))
