"""Find spikes of the training loss: values that stand far above their neighbours.

A spike is a value that lies more than SCATTERS times the curve's scatter, and more than SHARE of the running
median, above that median, after the first STARTING part of the steps, where any loss falls steeply.
Neighbours among such values are one spike. It is mild where the median after it is as low as before.
"""

import numpy as np

from afterall.analyse.health.reading import found
from afterall.analyse.health.trend import Trend
from afterall.model import Experiment, Finding, FindingCode, Scalar, Severity

SCATTERS = 10.0
SHARE = 0.5
STARTING = 0.1
NEAR = 5
"""Points within which two such values belong to one spike."""


def loss_spikes(experiment: Experiment, trend: Trend | None) -> list[Finding]:
    """Return the finding on a run's spikes, empty where it has none."""
    if trend is None:
        return []
    strays = trend.strays()
    course = trend.values - strays
    started = trend.steps > trend.steps[0] + STARTING * (trend.steps[-1] - trend.steps[0])
    high = started & (strays > SCATTERS * trend.scatter) & (strays > SHARE * np.abs(course))
    places = np.flatnonzero(high)
    if not len(places):
        return []
    spikes = 1 + int(np.count_nonzero(np.diff(places) > NEAR))
    top = int(places[np.argmax(strays[places])])
    recovered = _recovered(trend, float(trend.steps[top]))
    evidence: dict[str, Scalar] = {
        "spikes": spikes,
        "step": int(trend.steps[top]),
        "value": float(trend.values[top]),
        "around": float(course[top]),
        "recovered": recovered,
    }
    severity = Severity.INFO if recovered else None
    return [found(FindingCode.LOSS_SPIKE, experiment, "loss", evidence, severity)]


def _recovered(trend: Trend, step: float) -> bool:
    """Tell whether the course came back: its lowest median after the spike is no higher than before."""
    before, after = trend.medians[trend.middles < step], trend.medians[trend.middles > step]
    if not len(before) or not len(after):
        return False
    return bool(np.min(after) <= before[-1] + 3 * trend.scatter_of_median)
