"""Smooth a logged curve for the eye, for the figure and for the page alike.

Invariant: matplotlib is not imported; a curve's ends are bent towards nothing that was not logged.
"""

import numpy as np

from afterall.model import Points

SERIES = (("reward", "Training reward"), ("loss", "Training loss"), ("val_loss", "Validation loss"))
"""The curves that are drawn: their keys and what they are called."""
SMOOTHED_FROM = 100
"""Points from which a running median is drawn, over a fiftieth of them."""


def running_median(points: Points, most: int) -> tuple[list[int], list[float]]:
    """Return at most so many steps, and the medians of the values around them."""
    values = np.array(points.values)
    half = max(3, len(points) // 50 | 1) // 2
    mirrored = np.concatenate([values[half:0:-1], values, values[-2 : -half - 2 : -1]])
    at = np.linspace(0, len(points) - 1, min(len(points), most)).astype(int)
    windows = np.lib.stride_tricks.sliding_window_view(mirrored, 2 * half + 1)[at]
    medians = np.partition(windows, half, axis=1)[:, half]
    return [points.steps[index] for index in at], medians.tolist()
