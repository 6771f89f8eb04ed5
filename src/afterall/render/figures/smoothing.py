"""Choose and smooth logged curves for the eye, for the figure and for the page alike.

Invariant: matplotlib is not imported; a curve's ends are bent towards nothing that was not logged.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from msgspec import Struct

from afterall.model import Points
from afterall.render.page import Page

SERIES = (("reward", "Training reward"), ("loss", "Training loss"), ("val_loss", "Validation loss"))
"""The curves that are drawn: their keys and what they are called."""
SMOOTHED_FROM = 100
"""Points from which a running median is drawn, over a fiftieth of them."""


class Logged(Struct, frozen=True):
    """One curve of all runs that have it, by their names."""

    points: Mapping[str, Points]
    by_epoch: bool = False
    left_out: Sequence[str] = ()
    """Runs whose curve is known by epoch alone where that of others is not."""

    @property
    def axis(self) -> str:
        """What it is drawn over."""
        return "Epoch" if self.by_epoch else "Optimizer step"

    def places(self, points: Points) -> Sequence[float]:
        """Return where on the axis some of the points stand."""
        return [epoch or 0 for epoch in points.epochs] if self.by_epoch else points.steps


def logged(page: Page, key: str) -> Logged:
    """Return a curve over optimizer steps, as it is of any run; over epochs where no run tells steps."""
    runs = page.report.experiments
    by_step = {e.name: e.series[key].points for e in runs if key in e.series}
    by_epoch = {e.name: e.by_epoch[key].points for e in runs if key in e.by_epoch}
    return Logged(by_step, left_out=tuple(by_epoch)) if by_step else Logged(by_epoch, by_epoch=True)


def running_median(points: Points, places: Sequence[float], most: int) -> tuple[list[float], list[float]]:
    """Return at most so many of the points' places on an axis, and the medians of the values around them."""
    values = np.array(points.values)
    half = max(3, len(points) // 50 | 1) // 2
    mirrored = np.concatenate([values[half:0:-1], values, values[-2 : -half - 2 : -1]])
    at = np.linspace(0, len(points) - 1, min(len(points), most)).astype(int)
    windows = np.lib.stride_tricks.sliding_window_view(mirrored, 2 * half + 1)[at]
    medians = np.partition(windows, half, axis=1)[:, half]
    return [places[index] for index in at], medians.tolist()
