"""Smooth a logged curve for the eye, for the figure and for the page alike.

Invariant: matplotlib is not imported; a curve's ends are bent towards nothing that was not logged.
"""

from collections.abc import Sequence

import numpy as np

from afterall.model import Point

SERIES = (("loss", "Training loss"), ("val_loss", "Validation loss"))
"""The curves that are drawn: their keys and what they are called."""
SMOOTHED_FROM = 100
"""Points from which a running median is drawn, over a fiftieth of them."""


def running_median(points: Sequence[Point], most: int) -> tuple[list[int], list[float]]:
    """Return at most so many steps, and the medians of the values around them."""
    values = np.array([point.value for point in points])
    width = max(3, len(points) // 50 | 1)
    padded = np.pad(values, width // 2, mode="reflect")
    at = np.unique(np.linspace(0, len(points) - 1, min(len(points), most)).astype(int))
    windows = np.lib.stride_tricks.sliding_window_view(padded, width)[at]
    return [points[index].step for index in at], np.median(windows, axis=1).tolist()
