"""Thin a curve for keeping, without losing what matters in it.

Invariant: thinning never drops the first or last values, a stretch's least and greatest value, or the edges
of a run of values that are not finite; so no spike and no divergence is smoothed away.
"""

import math
from collections.abc import Iterator, Sequence


def kept(values: Sequence[float], most: int, kept_ends: int) -> Sequence[int]:
    """Return which about `most` values are kept, ascending: `kept_ends` at either end, extremes between."""
    count = len(values)
    if count <= max(most, 2 * kept_ends):
        return range(count)
    end = count - kept_ends
    width = -(-(end - kept_ends) // max(1, (most - 2 * kept_ends) // 4))
    middle = list(values[kept_ends:end])
    extremes = _ends_of_range if math.isfinite(sum(middle)) else _extremes  # the sum of one NaN is NaN
    places = [
        kept_ends + start + place
        for start in range(0, len(middle), width)
        for place in extremes(middle[start : start + width])
    ]
    return [*range(kept_ends), *places, *range(end, count)]


def _ends_of_range(values: Sequence[float]) -> Sequence[int]:
    """Return the first places of the least and the greatest value, ascending."""
    least, most = values.index(min(values)), values.index(max(values))
    return (least, most) if least < most else (most, least) if most < least else (least,)


def _extremes(values: Sequence[float]) -> Sequence[int]:
    """Return the places of least, greatest, first and last non-finite value, ascending."""
    return sorted({*_finite_extremes(values), *_odd_ends(values)})


def _finite_extremes(values: Sequence[float]) -> Iterator[int]:
    finite = list(filter(math.isfinite, values))
    if finite:
        yield values.index(min(finite))
        yield values.index(max(finite))


def _odd_ends(values: Sequence[float]) -> Sequence[int]:
    odd = [place for place, value in enumerate(values) if not math.isfinite(value)]
    return (odd[0], odd[-1]) if odd else ()
