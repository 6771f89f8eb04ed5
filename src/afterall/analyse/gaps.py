"""Set each run's validation loss beside its training loss.

Invariant: both are finite and of the same run; the training loss is a mean over the last logged steps where
there is one, because a single step's loss scatters more than the gap.
"""

import math
from collections.abc import Sequence

from afterall.analyse.measures import whole
from afterall.analyse.readings import finite_metric, mean_last_loss, metric
from afterall.model import Experiment, ValidationGap


def find_gaps(experiments: Sequence[Experiment]) -> tuple[ValidationGap, ...]:
    """Return the gaps at the end of training, in nats, in the order of `experiments`."""
    gaps = []
    for experiment in experiments:
        train = mean_last_loss(experiment)
        if train is None:
            train = metric(experiment, "final_loss")
        validation = finite_metric(experiment, "final_val_loss")
        if train is not None and math.isfinite(train) and validation is not None:
            gap = ValidationGap(
                experiment=experiment.name, train=train, validation=validation, step=_step(experiment)
            )
            gaps.append(gap)
    return tuple(gaps)


def _step(experiment: Experiment) -> int | None:
    series = experiment.series.get("val_loss")
    if series is not None and series.points:
        return series.points[-1].step
    return whole(finite_metric(experiment, "global_step"))
