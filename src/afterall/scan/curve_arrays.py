"""Thin a full curve column by column.

Invariant: what is kept is the same whether the rows were put in order of steps before or are here.
"""

from array import array

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]
Columns = tuple["array[int]", "array[float]", "array[float]", "array[int]"]
"""Steps, values, epochs and marks of the same rows."""


def thinned(columns: Columns, most: int, kept_ends: int) -> Columns:
    """Return one row a step, ascending, the later of equal ones, and of these at most about `most`."""
    steps, values = np.frombuffer(columns[0], np.int64), np.frombuffer(columns[1], np.float64)
    order = _in_order(steps)
    kept = order[_kept(values[order], most, kept_ends)]
    taken = [
        array(column.typecode, np.frombuffer(column, column.typecode)[kept].tobytes()) for column in columns
    ]
    return taken[0], taken[1], taken[2], taken[3]  # type: ignore[return-value]


def kept_rows(values: "array[float]", most: int, kept_ends: int) -> list[int]:
    """Return which of more than `most` values are kept: both ends, and the extremes of stretches between."""
    chosen: list[int] = _kept(np.frombuffer(values, np.float64), most, kept_ends).tolist()
    return chosen


def _in_order(steps: Integers) -> Integers:
    """Return the rows in order of their steps: those without one only where none has any."""
    rows = np.arange(len(steps))
    placed = rows if (steps >= 0).all() else rows[steps >= 0]
    if not len(placed):
        return rows
    ordered = steps[placed] if len(placed) < len(steps) else steps
    if (ordered[1:] > ordered[:-1]).all():
        return placed
    order = placed[np.argsort(steps[placed], kind="stable")]
    is_last: NDArray[np.bool_] = np.append(np.diff(steps[order]) > 0, True)
    return order[is_last]


def _kept(values: Floats, most: int, kept_ends: int) -> Integers:
    """Return which of these are kept: both ends whole, and the extremes of every stretch between."""
    count = len(values)
    if count <= most:
        return np.arange(count)
    length = count - 2 * kept_ends
    width = -(-length // max(1, (most - 2 * kept_ends) // 4))
    stretches = np.full((-(-length // width), width), np.nan)
    middle = stretches.reshape(-1)
    middle[:length] = values[kept_ends:-kept_ends]
    is_kept = np.zeros(len(middle), np.bool_)
    starts = np.arange(0, len(middle), width)
    is_finite = np.isfinite(stretches)
    has_finite = is_finite.any(axis=1)
    for end, find in ((np.inf, np.argmin), (-np.inf, np.argmax)):
        extremes = find(np.where(is_finite, stretches, end), axis=1)
        is_kept[(starts + extremes)[has_finite]] = True
    odd = np.flatnonzero(~is_finite.reshape(-1)[:length])
    of_stretch = odd // width
    first = np.append(True, of_stretch[1:] != of_stretch[:-1])[: len(odd)]
    last = np.append(of_stretch[1:] != of_stretch[:-1], True)[: len(odd)]
    is_kept[odd[first | last]] = True
    ends = np.arange(kept_ends)
    return np.concatenate((ends, np.flatnonzero(is_kept) + kept_ends, ends + (count - kept_ends)))
