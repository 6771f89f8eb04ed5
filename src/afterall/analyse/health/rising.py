"""Find a training loss that rose again and stayed there: divergence without NaN.

The median of the last stretch lies more than SHARE of the lowest stretch's median above it, by more than
SCATTERS standard errors, and so does the one before the last.
"""

import numpy as np

from afterall.analyse.health.reading import found
from afterall.analyse.health.trend import Trend
from afterall.model import Experiment, Finding, FindingCode, Scalar

SHARE = 0.2
SCATTERS = 5.0


def loss_rose(experiment: Experiment, trend: Trend | None) -> list[Finding]:
    """Return the finding on a run whose training loss rose, empty where it did not."""
    if trend is None:
        return []
    place = int(np.argmin(trend.medians))
    lowest, last = float(trend.medians[place]), float(trend.medians[-1])
    limit = lowest + max(SHARE * abs(lowest), SCATTERS * trend.scatter_of_median)
    if place > len(trend.medians) - 3 or min(last, float(trend.medians[-2])) <= limit:
        return []
    evidence: dict[str, Scalar] = {
        "lowest": lowest,
        "lowest_step": int(trend.middles[place]),
        "last": last,
        "last_step": int(trend.steps[-1]),
        "above_start": True if last >= float(trend.medians[0]) else None,
    }
    return [found(FindingCode.LOSS_ROSE, experiment, "loss", evidence)]
