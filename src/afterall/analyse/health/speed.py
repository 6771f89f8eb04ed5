"""Find a run that became slow while it ran: a node shared, a GPU throttled, a file system that stalled.

The median throughput of the last third is below SHARE of that before it.
"""

import statistics

from afterall.analyse.health.reading import found, points_of
from afterall.analyse.health.trend import Trend
from afterall.model import Experiment, Finding, FindingCode, Scalar

SHARE = 0.7
LEAST_POINTS = 24
KEY = "tokens_per_second_per_gpu"


def throughput_dropped(experiment: Experiment, _: Trend | None) -> list[Finding]:
    """Return the finding on a run that slowed down, empty where it did not."""
    points = points_of(experiment, KEY)
    if len(points) < LEAST_POINTS:
        return []
    third = len(points) // 3
    before = statistics.median(points.values[:-third])
    after = statistics.median(points.values[-third:])
    if before <= 0 or after >= SHARE * before:
        return []
    evidence: dict[str, Scalar] = {"before": before, "after": after, "since_step": points[-third].step}
    return [found(FindingCode.THROUGHPUT_DROPPED, experiment, KEY, evidence)]
