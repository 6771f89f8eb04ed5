"""Find a loss that was still falling when training ended: longer training would have lowered it further.

A line through the medians of the last third falls by more than SHARE of the last one over that third, at more
than SLOPE times the slope's own standard error; the run reached its end.
"""

import numpy as np
from numpy.typing import NDArray

from afterall.analyse.health.reading import found
from afterall.analyse.health.trend import Trend
from afterall.analyse.readings import has_trained
from afterall.model import Experiment, Finding, FindingCode, Scalar

SHARE = 0.03
SLOPE = 6.0
LEAST_MEDIANS = 6


def still_falling(experiment: Experiment, trend: Trend | None) -> list[Finding]:
    """Return the finding on a finished run whose loss was still falling, empty where it was not."""
    if trend is None or not has_trained(experiment):
        return []
    size = len(trend.medians) // 3
    if size < LEAST_MEDIANS:
        return []
    x, y = trend.middles[-size:], trend.medians[-size:]
    slope, error = _line(x, y)
    fall = -slope * float(x[-1] - x[0])
    last = float(y[-1])
    if slope >= 0 or -slope <= SLOPE * error or fall <= SHARE * abs(last):
        return []
    evidence: dict[str, Scalar] = {
        "per_third": fall / (last + fall) if last > 0 else None,
        "since_step": int(x[0]),
        "last": last,
        "last_step": int(trend.steps[-1]),
    }
    return [found(FindingCode.STILL_FALLING, experiment, "loss", evidence)]


def _line(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[float, float]:
    """Return the slope of the least-squares line, and its standard error."""
    deviations = x - x.mean()
    square = float(deviations @ deviations)
    if square == 0:
        return 0.0, 0.0
    slope = float(deviations @ (y - y.mean())) / square
    rest = y - y.mean() - slope * deviations
    return slope, float(np.sqrt(float(rest @ rest) / (len(x) - 2) / square))
