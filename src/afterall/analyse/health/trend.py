"""Tell a curve's course from its scatter: medians of equal stretches, and what single values stray from them.

Medians, and the median absolute deviation times 1.4826 as the scatter (Rousseeuw and Croux, 1993), so that a
spike changes neither.
"""

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from afterall.analyse.health.reading import points_of
from afterall.model import Experiment

LEAST_POINTS = 40
MOST_STRETCHES = 40
FEWEST_IN_STRETCH = 5
_MAD = 1.4826


class Trend(Struct, frozen=True):
    """A curve's finite points, and the medians of its stretches with the steps in their middles."""

    steps: NDArray[np.float64]
    values: NDArray[np.float64]
    middles: NDArray[np.float64]
    medians: NDArray[np.float64]
    scatter: float
    """Of single values about the course."""

    @property
    def in_stretch(self) -> int:
        """Points of a stretch."""
        return len(self.values) // len(self.medians)

    @property
    def scatter_of_median(self) -> float:
        """Standard error of a stretch's median: 1.2533 times that of its mean, for normal scatter."""
        return 1.2533 * self.scatter / float(np.sqrt(self.in_stretch))

    def at(self, step: float) -> float:
        """Return the course at a step."""
        return float(np.interp(step, self.middles, self.medians))

    def strays(self) -> NDArray[np.float64]:
        """Return how far each value lies above the course."""
        return self.values - np.interp(self.steps, self.middles, self.medians)


def trend_of(experiment: Experiment, key: str) -> Trend | None:
    """Return the course of one of an experiment's curves; None for fewer than LEAST_POINTS finite points."""
    points = points_of(experiment, key)
    if len(points) < LEAST_POINTS:
        return None
    steps = np.array(points.steps, dtype=np.float64)
    values = np.array(points.values, dtype=np.float64)
    stretches = min(MOST_STRETCHES, len(points) // FEWEST_IN_STRETCH)
    width = len(points) // stretches
    # The first stretch takes what is over: the last ones matter most and stay equal.
    over = len(points) - width * stretches
    medians = np.median(values[over:].reshape(stretches, width), axis=1)
    middles = np.median(steps[over:].reshape(stretches, width), axis=1)
    strays = values - np.interp(steps, middles, medians)
    scatter = _MAD * float(np.median(np.abs(strays - np.median(strays))))
    return Trend(steps, values, middles, medians, scatter)
