"""Judge how training went from its curves: spikes, rises, overfitting, schedules, speed.

Invariant: each rule is one module that says its thresholds; it says nothing of a curve too short for it, and
a curve that only scatters gives no warning.

| code | evidence |
|---|---|
| loss_spike | spikes (how many), step and value (of the largest), around (the median there), recovered |
| loss_rose | lowest, lowest_step (of the running median), last, last_step, above_start (true) |
| overfitting | lowest, lowest_step, last, last_step (validation), train_then, train_now (running medians), |
| | checkpoint (saved at the lowest, where there is one); or lowest_epoch and last_epoch, and of these |
| | epochs train_then and train_now, where losses are told by epoch alone |
| still_falling | per_third (by what share of where it began the last third's line fell), since_step, |
| | last, last_step |
| learning_rate_ended | step (from which it was as good as zero), last_step, peak |
| throughput_dropped | before, after (medians of tokens/s per GPU), since_step |
"""

from collections.abc import Callable

from afterall.analyse.health.falling import still_falling
from afterall.analyse.health.overfitting import overfitting, overfitting_by_epoch
from afterall.analyse.health.rising import loss_rose
from afterall.analyse.health.schedule import learning_rate_ended
from afterall.analyse.health.speed import throughput_dropped
from afterall.analyse.health.spikes import loss_spikes
from afterall.analyse.health.trend import Trend, trend_of
from afterall.model import Experiment, Finding

RULES: tuple[Callable[[Experiment, Trend | None], list[Finding]], ...] = (
    loss_spikes,
    loss_rose,
    overfitting,
    overfitting_by_epoch,
    still_falling,
    learning_rate_ended,
    throughput_dropped,
)
"""A new rule is one module and one row here; it gets a run, and the course of its training loss."""


def judge_health(experiment: Experiment) -> list[Finding]:
    """Return what the curves of one run show."""
    course = trend_of(experiment, "loss")
    return [finding for rule in RULES for finding in rule(experiment, course)]
