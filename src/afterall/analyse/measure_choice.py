"""Choose the measures that runs are compared by: those that the set's settings name, then those found.

Invariant: a measure that a person names stands first, in the direction that the person gives; no measure
stands twice. A score that all runs have of their end stands before their training losses, which fall by
learning the data by heart too.
"""

import math
from collections.abc import Sequence

from msgspec.structs import replace

from afterall.analyse.comparisons import SAME_EPOCH
from afterall.analyse.evaluated_checkpoints import place_of
from afterall.analyse.evaluation_measures import evaluation_measures
from afterall.analyse.measures import TRAINING_LOSSES, Measure, Reading, measure_of, training_measures
from afterall.analyse.ordering import natural_key
from afterall.analyse.readings import has_trained, number_of
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
    scores = evaluation_measures(experiments, wanted)
    found = {m.name: m for m in _by_weight(own, scores, experiments)}
    known = names_in(experiments)
    named = {
        name: replace(found[name], direction=way) if name in found else measure_of(name, way)
        for name, way in wanted.items()
        if name in known
    }
    return (*named.values(), *(measure for name, measure in found.items() if name not in named))


def _by_weight(
    own: Sequence[Measure], scores: Sequence[Measure], experiments: Sequence[Experiment]
) -> list[Measure]:
    """Return the measures of training, then the scores; those that outweigh a training loss before it."""
    losses = [measure for measure in own if measure.name in TRAINING_LOSSES]
    heavy = [score for score in scores if losses and _outweighs(score, losses, experiments)]
    place = own.index(losses[0]) if losses else len(own)
    return [*own[:place], *heavy, *own[place:], *(score for score in scores if score not in heavy)]


def _outweighs(score: Measure, losses: Sequence[Measure], experiments: Sequence[Experiment]) -> bool:
    """Tell whether every run that training losses rank has this score of its end, and it tells them apart."""
    ranked = [run for run in experiments if has_trained(run) and any(_is_finite(run, m) for m in losses)]
    ends = [
        reading for run in ranked if (reading := score.read(run)) is not None and _is_of_end(run, reading)
    ]
    values = {reading.value for reading in ends}
    return len(ends) == len(ranked) and len(values) > 1 and all(map(math.isfinite, values))


def _is_finite(run: Experiment, measure: Measure) -> bool:
    reading = measure.read(run)
    return reading is not None and reading.is_finite


def _is_of_end(run: Experiment, reading: Reading) -> bool:
    """Tell whether a score is of the state that training ended with."""
    step, epoch = place_of(run, None)
    if reading.step is not None and step is not None:
        return reading.step == step
    if reading.epoch is not None and epoch is not None:
        return math.isclose(reading.epoch, epoch, rel_tol=SAME_EPOCH)
    return (reading.step, reading.epoch) == (step, epoch)


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
