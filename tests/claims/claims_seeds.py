"""Judge two groups of numbers by scipy and plain formulas: Welch's test, Holm's correction, Hedges' g."""

import math
from collections.abc import Sequence
from statistics import fmean, stdev

from scipy import stats

Numbers = Sequence[float]


def welch(a: Numbers, b: Numbers) -> tuple[float, float]:
    """Return Welch's two-sided p-value and the half width of the difference's 95 % interval."""
    test = stats.ttest_ind(a, b, equal_var=False)
    interval = test.confidence_interval(0.95)
    return float(test.pvalue), float(interval.high - interval.low) / 2


def holm(raw: Numbers) -> list[float]:
    """Return p-values corrected for their number by Holm's method."""
    order = sorted(range(len(raw)), key=lambda n: raw[n])
    corrected, largest = [0.0] * len(raw), 0.0
    for place, n in enumerate(order):
        largest = max(largest, min(1.0, raw[n] * (len(raw) - place)))
        corrected[n] = largest
    return corrected


def hedges(a: Numbers, b: Numbers) -> float:
    """Return the difference in pooled standard deviations, corrected for small numbers."""
    degrees = len(a) + len(b) - 2
    pooled = math.sqrt(((len(a) - 1) * stdev(a) ** 2 + (len(b) - 1) * stdev(b) ** 2) / degrees)
    return (fmean(a) - fmean(b)) / pooled * (1 - 3 / (4 * degrees - 1))
