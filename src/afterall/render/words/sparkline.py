"""Draw a curve in a table's cell, as a row of block characters.

Invariant: a stretch of the curve that holds a value that is not finite is marked, never smoothed over.
"""

import math
from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise

from afterall.model import Points

BLOCKS = "▁▂▃▄▅▆▇█"
LOST = "×"
WIDTH = 10


def sparkline(points: Points, width: int = WIDTH) -> str:
    """Return the means of `width` equal stretches of steps, on the curve's own scale; "" for under 3 points.

    A stretch without a point repeats the one before it.
    """
    if len(points) < 3:
        return ""
    steps, values = points.steps, points.values
    stretches = min(width, len(points))
    length = steps[-1] - steps[0] + 1
    begins = [steps[0] - (-place * length // stretches) for place in range(stretches + 1)]
    means = [_mean(values[a:b]) for a, b in pairwise(bisect_left(steps, begin) for begin in begins)]
    finite = [mean for mean in means if mean is not None and math.isfinite(mean)]
    low, high = min(finite, default=0.0), max(finite, default=0.0)
    drawn = ""
    for mean in means:
        drawn += drawn[-1:] if mean is None else _block(mean, low, high)
    return drawn


def _mean(values: Sequence[float]) -> float | None:
    """Return a stretch's mean, NaN where it holds a value that is not finite, None where it holds none."""
    return sum(values) / len(values) if values else None


def _block(mean: float, low: float, high: float) -> str:
    if not math.isfinite(mean):
        return LOST
    share = 0.0 if high == low else mean / (high - low) - low / (high - low)
    return BLOCKS[min(len(BLOCKS) - 1, max(0, round(share * (len(BLOCKS) - 1))))]
