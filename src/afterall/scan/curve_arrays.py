"""Put many readings in order, find the least and thin them, column by column.

Invariant: order and least are those that `readings` finds among few row by row.
"""

from array import array

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]
Columns = tuple["array[int]", "array[float]", "array[float]", "array[int]"]
"""Steps, values, epochs and marks of the same rows."""


def ascend(steps: "array[int]") -> bool:
    """Tell whether every step is one, and a later one than the one before."""
    told = np.frombuffer(steps, np.int64)
    return bool(told[0] >= 0 and (told[1:] > told[:-1]).all())


def least(values: "array[float]") -> int:
    """Return the first row with the least of the finite values, of which there has to be one."""
    told = np.frombuffer(values, np.float64)
    return int(np.where(np.isfinite(told), told, np.inf).argmin())


def in_order(columns: Columns) -> Columns:
    """Return one row a step, ascending, the later of equal ones; as they are where none has a step."""
    steps = np.frombuffer(columns[0], np.int64)
    placed = np.flatnonzero(steps >= 0)
    if not len(placed):
        return columns
    order = placed[np.argsort(steps[placed], kind="stable")]
    is_last = np.append(np.diff(steps[order]) > 0, True)
    return _taken(columns, order[is_last])


def kept(columns: Columns, most: int, kept_ends: int) -> Columns:
    """Return about `most` of more rows: both ends whole, and the extremes of every stretch between."""
    return _taken(columns, _kept(np.frombuffer(columns[1], np.float64), most, kept_ends))


def _taken(columns: Columns, rows: Integers) -> Columns:
    taken = [
        array(column.typecode, np.frombuffer(column, column.typecode)[rows].tobytes()) for column in columns
    ]
    return taken[0], taken[1], taken[2], taken[3]  # type: ignore[return-value]


def _kept(values: Floats, most: int, kept_ends: int) -> Integers:
    """Return which of these are kept: both ends whole, and the extremes of every stretch between."""
    count = len(values)
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
