"""Find a learning rate that was as good as zero long before training ended: the rest changed nothing.

At or below SHARE of its peak, from a step before BEFORE of the last one on.
"""

from afterall.analyse.health.reading import found, points_of
from afterall.analyse.health.trend import Trend
from afterall.model import Experiment, Finding, FindingCode, Scalar

SHARE = 1e-3
BEFORE = 0.9
LEAST_POINTS = 5


def learning_rate_ended(experiment: Experiment, _: Trend | None) -> list[Finding]:
    """Return the finding on a schedule that ended too early, empty where it did not."""
    points = points_of(experiment, "learning_rate")
    peak = max(points.values, default=0.0)
    if len(points) < LEAST_POINTS or peak <= 0:
        return []
    ended = points[-1].step
    for point in reversed(points):
        if point.value > SHARE * peak:
            break
        ended = point.step
    if ended >= BEFORE * points[-1].step:
        return []
    evidence: dict[str, Scalar] = {"step": ended, "last_step": points[-1].step, "peak": peak}
    return [found(FindingCode.LEARNING_RATE_ENDED, experiment, "learning_rate", evidence)]
