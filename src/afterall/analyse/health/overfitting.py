"""Find overfitting: validation loss rises from its lowest value on while training loss goes on falling.

At least LATER validations after the lowest, all above it; the last one by more than SHARE of the lowest and
by more than SCATTERS times the scatter of the validations; and the running median of the training loss, or
that of an epoch where losses are told by epoch alone, lower at the end than at the lowest validation. Without
a training curve nothing is said.
"""

import numpy as np

from afterall.analyse.health.reading import found, points_by_epoch, points_of
from afterall.analyse.health.trend import Trend
from afterall.model import Checkpoint, Experiment, Finding, FindingCode, Point, Points, Scalar, Verdict

LATER = 2
SHARE = 0.02
SCATTERS = 3.0


def overfitting(experiment: Experiment, trend: Trend | None) -> list[Finding]:
    """Return the finding on a run that overfitted, empty where it did not or where that cannot be told."""
    rise = _rise(points_of(experiment, "val_loss"))
    if trend is None or rise is None:
        return []
    lowest, last = rise
    then, now = trend.at(lowest.step), float(trend.medians[-1])
    if now >= then:
        return []
    saved = _saved_at(experiment, lowest.step)
    evidence: dict[str, Scalar] = {
        "lowest": lowest.value,
        "lowest_step": lowest.step,
        "last": last.value,
        "last_step": last.step,
        "train_then": then,
        "train_now": now,
        "checkpoint": saved.path or saved.name if saved is not None else None,
    }
    return [found(FindingCode.OVERFITTING, experiment, "val_loss", evidence)]


def overfitting_by_epoch(experiment: Experiment, _: Trend | None) -> list[Finding]:
    """Return the same of a run whose losses are told by epoch alone; which file is of which is not known."""
    rise = _rise(points_by_epoch(experiment, "val_loss"))
    if rise is None:
        return []
    lowest, last = rise
    by_epoch = {point.epoch: point.value for point in points_by_epoch(experiment, "loss")}
    then, now = by_epoch.get(lowest.epoch), by_epoch.get(last.epoch)
    if then is None or now is None or now >= then:
        return []
    evidence: dict[str, Scalar] = {
        "lowest": lowest.value,
        "lowest_epoch": lowest.epoch,
        "last": last.value,
        "last_epoch": last.epoch,
        "train_then": then,
        "train_now": now,
    }
    return [found(FindingCode.OVERFITTING, experiment, "val_loss", evidence)]


def _rise(points: Points) -> tuple[Point, Point] | None:
    """Return the lowest validation and the last one where it lies clearly above, None where it does not."""
    if len(points) <= LATER:
        return None
    lowest = min(points, key=lambda point: point.value)
    later = [point for point in points if point.step > lowest.step]
    limit = lowest.value + max(SHARE * abs(lowest.value), SCATTERS * _scatter(points))
    if len(later) < LATER or min(p.value for p in later) <= lowest.value or later[-1].value <= limit:
        return None
    return lowest, later[-1]


def _scatter(points: Points) -> float:
    """Return the scatter of validations about a smooth course, from their second differences; 0 for few."""
    if len(points) < 8:
        return 0.0
    second = np.diff(np.array(points.values), n=2)
    # The second difference of independent values has 6 times their variance.
    return float(1.4826 * np.median(np.abs(second)) / np.sqrt(6))


def _saved_at(experiment: Experiment, step: int) -> Checkpoint | None:
    """Return the usable checkpoint of that very step."""
    kept = [c for c in experiment.checkpoints if c.step == step and c.verdict is Verdict.OK and c.files]
    return kept[0] if kept else None
