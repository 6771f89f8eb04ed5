"""Read the numbers that runs are compared by, each with its direction, its place in training and its source.

Invariant: a reading exists only where the run logged a number; NaN and infinity are readings, nothing is
filled in; a training loss that was logged in place of NaN is NaN. Losses are in nats, times in seconds.
"""

import math
from collections.abc import Callable, Sequence
from enum import Enum

from msgspec import Struct

from afterall.analyse.ordering import to_float
from afterall.analyse.readings import (
    finite_metric,
    has_started,
    has_trained,
    hides_divergence,
    mean_last_loss,
    metric,
)
from afterall.model import Direction, Experiment, SampleScores, Source


class Kind(Enum):
    """What a number is about, and so what must be equal for two of them to be compared."""

    QUALITY = "quality"
    """How good the model is: both runs must stand at the same step or epoch."""
    TIME = "time"
    """How long the whole run took: both must have reached their end, at the same step or epoch."""
    RATE = "rate"
    """How fast it went: comparable wherever the runs stand."""


class Reading(Struct, frozen=True):
    """One number of one run; `step` and `epoch` say where in training it belongs, None where unknown."""

    value: float
    source: Source
    step: int | None = None
    epoch: float | None = None
    stderr: float | None = None
    """An evaluation's own standard error over its samples."""
    samples: SampleScores | None = None
    """What each of an evaluation's samples scored, where its log holds it."""

    @property
    def is_finite(self) -> bool:
        """False for NaN and infinity."""
        return math.isfinite(self.value)


class Measure(Struct, frozen=True):
    """One number that runs can be compared by."""

    name: str
    direction: Direction
    kind: Kind
    read: Callable[[Experiment], Reading | None]
    checkpoint: str = ""
    """For an evaluation: which checkpoint of each run was evaluated, "final" or its name."""


TRAINING_LOSSES = ("mean_last_loss", "final_loss")
_TIMES = ("train_seconds", "elapsed_s")
_RATES = (
    "tokens_per_second_per_gpu_median",
    "tokens_per_second_per_gpu",
    "samples_per_second",
    "steps_per_second",
)


def training_measures(
    experiments: Sequence[Experiment], *, losses_differ: bool = False
) -> tuple[Measure, ...]:
    """Return the measures of training that any experiment has, the one that decides who is best first.

    Where losses measure different things, how often the preferred answer is preferred comes before them.

    Where there are several words for one thing, the one that most experiments have is taken, so that all are
    compared by the same: the last validation loss rather than the best one, which favours whoever validated
    more often.
    """
    preferred = (Kind.QUALITY, Direction.UP, ("final_val_reward_accuracy", "final_reward_accuracy"))
    groups = (
        # Where a reward is trained for, the loss is no measure of how good a model is: GRPO's begins at zero.
        (Kind.QUALITY, Direction.UP, ("final_val_reward", "final_reward")),
        *((preferred,) if losses_differ else ()),
        (Kind.QUALITY, Direction.DOWN, ("final_val_loss", "best_val_loss")),
        (Kind.QUALITY, Direction.DOWN, ("mean_last_loss",)),
        (Kind.QUALITY, Direction.DOWN, ("final_loss",)),
        *(() if losses_differ else (preferred,)),
        (Kind.TIME, Direction.DOWN, _TIMES),
        (Kind.RATE, Direction.UP, _RATES),
    )
    found = []
    for kind, direction, names in groups:
        candidates = [Measure(name, direction, kind, _reader(name, kind)) for name in names]
        counts = [sum(measure.read(e) is not None for e in experiments) for measure in candidates]
        if max(counts, default=0):
            found.append(candidates[counts.index(max(counts))])
    return tuple(found)


def measure_of(name: str, direction: Direction) -> Measure:
    """Return the measure of any metric of training that a person names."""
    kind = Kind.TIME if name in _TIMES else Kind.RATE if name in _RATES else Kind.QUALITY
    return Measure(name, direction, kind, _reader(name, kind))


def _reader(name: str, kind: Kind) -> Callable[[Experiment], Reading | None]:
    if name == "elapsed_s":
        return _elapsed

    def read(experiment: Experiment) -> Reading | None:
        value = mean_last_loss(experiment) if name == "mean_last_loss" else metric(experiment, name)
        if value is None or (kind is Kind.TIME and not has_trained(experiment)):
            return None
        if name in TRAINING_LOSSES and hides_divergence(experiment):
            value = math.nan
        step, epoch = _place(experiment, name)
        return Reading(value, experiment.metrics[name].source, step, epoch)

    return read


def _elapsed(experiment: Experiment) -> Reading | None:
    """Read how long the attempt that counts took, where training reached its end in it alone.

    Where several attempts ran, the last one may have gone on from where another stopped.
    """
    if sum(has_started(one) for one in experiment.attempts) > 1:
        return None
    attempt = experiment.latest
    if attempt is None or attempt.elapsed_s is None or attempt.is_alive or not has_trained(experiment):
        return None
    step, epoch = _place(experiment, "elapsed_s")
    source = Source(attempt.source.value, f"job {attempt.job_id}")
    return Reading(to_float(attempt.elapsed_s), source, step, epoch)


def _place(experiment: Experiment, name: str) -> tuple[int | None, float | None]:
    """Return the step and the epoch that a metric belongs to: its last logged point, else the run's end."""
    if name == "best_val_loss":
        return whole(finite_metric(experiment, "best_val_step")), None
    series = experiment.series.get("val_loss" if "val" in name else "loss")
    step = whole(finite_metric(experiment, "global_step"))
    epoch = finite_metric(experiment, "epochs")
    if name.endswith("loss") and series is not None and series.points:
        last = series.points[-1]
        at_end = step is None or last.step == step
        return last.step, last.epoch if last.epoch is not None else (epoch if at_end else None)
    return step, epoch


def whole(value: float | None) -> int | None:
    """Return a count of steps as an integer."""
    return None if value is None else int(value)
