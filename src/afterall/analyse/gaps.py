"""Set each run's validation loss beside its training loss.

Invariant: both are finite, of the same run and of the same place in it: no step after the last validation
counts. The training loss is a mean over the last logged steps where enough were logged, because a single
step's loss scatters more than the gap.
"""

import math
from bisect import bisect_right
from collections.abc import Sequence
from statistics import fmean

from afterall.analyse.measures import whole
from afterall.analyse.readings import ENOUGH_POINTS, finite_metric, mean_last_loss, metric
from afterall.model import Experiment, ValidationGap

AVERAGED = 10
"""Logged steps that a mean is taken over, as scanning does at a run's end."""


def find_gaps(experiments: Sequence[Experiment]) -> tuple[ValidationGap, ...]:
    """Return the gaps at the end of training, in nats, in the order of `experiments`."""
    gaps = []
    for experiment in experiments:
        train = _train(experiment)
        validation = finite_metric(experiment, "final_val_loss")
        if train is not None and math.isfinite(train) and validation is not None:
            gap = ValidationGap(
                experiment=experiment.name, train=train, validation=validation, step=_step(experiment)
            )
            gaps.append(gap)
    return tuple(gaps)


def _train(experiment: Experiment) -> float | None:
    """Return the training loss where the last validation was; without steps, that of the run's end."""
    losses, validations = experiment.series.get("loss"), experiment.series.get("val_loss")
    if losses is not None and validations is not None and losses.points and validations.points:
        validated = validations.points[-1].step
        if losses.points[-1].step > validated:
            before = losses.points.values[: bisect_right(losses.points.steps, validated)]
            last = before[-AVERAGED if len(before) >= ENOUGH_POINTS else -1 :]
            return fmean(last) if last else None
    mean = mean_last_loss(experiment)
    return metric(experiment, "final_loss") if mean is None else mean


def _step(experiment: Experiment) -> int | None:
    series = experiment.series.get("val_loss")
    if series is not None and series.points:
        return series.points[-1].step
    return whole(finite_metric(experiment, "global_step"))
