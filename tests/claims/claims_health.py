"""Compute anew what findings say of a curve's health, from its points in curves.csv.

A running median is that of equal stretches, forty at most of five points at least; the first stretch of all
leaves out what is over.
"""

import itertools
import math
from collections.abc import Sequence
from statistics import fmean, median

from claims.claims_checking import Checker, Facts, known
from claims.claims_reading import Curve, Json, Told

Stretches = list[tuple[float, float]]
"""The middles of the stretches, in steps, and their medians."""

MOST_STRETCHES = 40
FEWEST_IN_STRETCH = 5


def stretches(points: Curve) -> Stretches:
    """Return the medians of a curve's stretches."""
    many = min(MOST_STRETCHES, len(points) // FEWEST_IN_STRETCH)
    width = len(points) // many
    kept = points[len(points) - many * width :]
    parts = [kept[start : start + width] for start in range(0, len(kept), width)]
    return [(median(s for s, _ in part), median(v for _, v in part)) for part in parts]


def between(course: Stretches, step: float) -> float:
    """Return a course at a step, on the straight line between two medians; flat beyond the ends."""
    if step <= course[0][0]:
        return course[0][1]
    for (left, low), (right, high) in itertools.pairwise(course):
        if step <= right:
            return low + (high - low) * (step - left) / (right - left)
    return course[-1][1]


def spike(told: Told, finding: Json) -> Facts:
    """Return how many spikes there are, the largest, the course there, and whether the loss came back."""
    points = told.curve(finding["experiment"], "loss")
    course = stretches(points)
    strays = [value - between(course, step) for step, value in points]
    middle = median(strays)
    scatter = 1.4826 * median(abs(stray - middle) for stray in strays)
    begin = points[0][0] + 0.1 * (points[-1][0] - points[0][0])
    high = [
        n
        for n, (step, _) in enumerate(points)
        if step > begin and strays[n] > 10 * scatter and strays[n] > 0.5 * abs(between(course, step))
    ]
    events = 1 + sum(later - sooner > 5 for sooner, later in itertools.pairwise(high))
    top = max(high, key=lambda n: strays[n])
    step, value = points[top]
    before = [m for s, m in course if s < step]
    after = [m for s, m in course if s > step]
    error = 1.2533 * scatter / math.sqrt(len(points) // len(course))
    return {
        "spikes": events,
        "step": step,
        "value": value,
        "around": between(course, step),
        "recovered": bool(before and after) and min(after) <= before[-1] + 3 * error,
    }


def rose(told: Told, finding: Json) -> Facts:
    """Return the lowest stretch and the last one, which lies a fifth or more above it."""
    points = told.curve(finding["experiment"], "loss")
    course = stretches(points)
    step, lowest = min(course, key=lambda each: each[1])
    last = course[-1][1]
    assert last > 1.2 * lowest
    return known(
        {
            "lowest": lowest,
            "lowest_step": int(step),
            "last": last,
            "last_step": points[-1][0],
            "above_start": True if last >= course[0][1] else None,
        }
    )


def overfitting(told: Told, finding: Json) -> Facts:
    """Return the lowest and the last validation, training's course at both, and what was saved there."""
    run = told.run(finding["experiment"])
    points = told.curve(run["name"], "val_loss")
    course = stretches(told.curve(run["name"], "loss"))
    step, lowest = min(points, key=lambda point: point[1])
    last_step, last = points[-1]
    then, now = between(course, step), course[-1][1]
    assert last > 1.02 * lowest
    assert now < then
    saved = [c["path"] for c in run["checkpoints"] if c["step"] == step and c["verdict"] == "ok"]
    return known(
        {
            "lowest": lowest,
            "lowest_step": step,
            "last": last,
            "last_step": last_step,
            "train_then": then,
            "train_now": now,
            "checkpoint": saved[0] if saved else None,
        }
    )


def still_falling(told: Told, finding: Json) -> Facts:
    """Return by how much of itself the last third's straight line fell."""
    points = told.curve(finding["experiment"], "loss")
    course = stretches(points)
    third = course[-(len(course) // 3) :]
    last = third[-1][1]
    fall = -slope(third) * (third[-1][0] - third[0][0])
    assert fall > 0.03 * last
    return {
        "per_third": fall / (last + fall),
        "since_step": int(third[0][0]),
        "last": last,
        "last_step": points[-1][0],
    }


def slope(points: Sequence[tuple[float, float]]) -> float:
    """Return the slope of the line of least squares."""
    x, y = fmean(s for s, _ in points), fmean(v for _, v in points)
    return sum((s - x) * (v - y) for s, v in points) / sum((s - x) ** 2 for s, _ in points)


def learning_rate(told: Told, finding: Json) -> Facts:
    """Return the peak, and the step from which on the rate was a thousandth of it or less."""
    points = told.curve(finding["experiment"], "learning_rate")
    peak = max(value for _, value in points)
    alive = max(n for n, (_, value) in enumerate(points) if value > peak / 1000)
    assert points[alive + 1][0] < 0.9 * points[-1][0]
    return {"step": points[alive + 1][0], "last_step": points[-1][0], "peak": peak}


def throughput(told: Told, finding: Json) -> Facts:
    """Return the median speed of the last third, and of what was before it."""
    points = told.curve(finding["experiment"], "tokens_per_second_per_gpu")
    third = len(points) // 3
    before = median(value for _, value in points[:-third])
    after = median(value for _, value in points[-third:])
    assert after < 0.7 * before
    return {"before": before, "after": after, "since_step": points[-third][0]}


CHECKERS: dict[str, Checker] = {
    "loss_spike": spike,
    "loss_rose": rose,
    "overfitting": overfitting,
    "still_falling": still_falling,
    "learning_rate_ended": learning_rate,
    "throughput_dropped": throughput,
}
