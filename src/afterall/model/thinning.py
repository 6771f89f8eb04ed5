"""Thin a curve for keeping, without losing what matters in it.

Invariant: thinning never drops the first or last points, a stretch's least and greatest value, or the edges
of a run of values that are not finite; so no spike and no divergence is smoothed away.
"""

import math
from collections.abc import Iterator, Sequence
from typing import Protocol, TypeVar


class Valued(Protocol):
    """Anything with a value."""

    @property
    def value(self) -> float:
        """The logged value, NaN and infinity included."""


Row = TypeVar("Row", bound=Valued)


def thin(rows: Sequence[Row], most: int, kept_ends: int) -> list[Row]:
    """Return about `most` of `rows` in their order: `kept_ends` at either end, and the extremes between."""
    if len(rows) <= max(most, 2 * kept_ends):
        return list(rows)
    middle = rows[kept_ends : len(rows) - kept_ends]
    stretches = max(1, (most - 2 * kept_ends) // 4)
    width = -(-len(middle) // stretches)
    kept: list[Row] = []
    values = [row.value for row in middle]
    is_sound = math.isfinite(sum(values))  # the sum of one NaN is NaN
    for start in range(0, len(middle), width):
        stretch = middle[start : start + width]
        kept += _ends_of_range(stretch, values[start : start + width]) if is_sound else _extremes(stretch)
    return [*rows[:kept_ends], *kept, *rows[len(rows) - kept_ends :]]


def _ends_of_range(rows: Sequence[Row], values: list[float]) -> list[Row]:
    """Return the first rows of least and greatest value, in their order."""
    return [rows[at] for at in sorted({values.index(min(values)), values.index(max(values))})]


def _extremes(rows: Sequence[Row]) -> Iterator[Row]:
    """Yield least, greatest, first and last non-finite of a stretch, in their order."""
    finite = [row for row in rows if math.isfinite(row.value)]
    odd = [row for row in rows if not math.isfinite(row.value)]
    kept = [*odd[:1], *odd[-1:]]
    if finite:
        kept += [min(finite, key=lambda row: row.value), max(finite, key=lambda row: row.value)]
    marks = {id(row) for row in kept}
    return (row for row in rows if id(row) in marks)
