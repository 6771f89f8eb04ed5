"""Propose values of a parameter: between two that were tried, or one step beyond those that were.

Invariant: pure over numbers; what is proposed between lies strictly between, what is proposed beyond lies
beyond, and nothing is proposed of numbers that nobody would have tried.
"""

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise

from afterall.analyse.ordering import to_float
from afterall.model import Scalar

SMALLEST_GAP = 4.0
"""Neighbouring values closer than this factor are left alone."""
CLEAR_OF_ENDS = 1.5
LARGEST_VALUE = 1e30
"""Beyond it, and below its inverse, a number is no setting that anybody tried."""
MOST_VALUES = 3
_SAME = 1e-6
"""Relative: differences that rounding alone may tell apart."""
_MOST_WHOLE = 4.0
_MOST_FACTOR = 10.0
"""How far a step beyond goes at most, by a factor: after a gap of 100 nobody leaps another 100."""
_CUSTOMARY = (1, 3)
"""What people take times a power of ten, so that three steps make ten."""


def values_between(lower: float, upper: float, *, whole: bool) -> list[float]:
    """Return at most three customary values between two positive ones, empty where they are close.

    Whole parameters (ranks, batch sizes) go by powers of two, others by 1 and 3 times powers of ten.
    """
    if not 1 / LARGEST_VALUE <= lower < upper <= LARGEST_VALUE or upper / lower < SMALLEST_GAP:
        return []
    base = 2 if whole else 10
    powers = range(math.floor(math.log(lower, base)), math.ceil(math.log(upper, base)) + 1)
    grid = [factor * float(base) ** power for power in powers for factor in ((1,) if whole else (1, 3))]
    clear = [v for v in grid if lower * CLEAR_OF_ENDS <= v <= upper / CLEAR_OF_ENDS]
    if len(clear) <= MOST_VALUES:
        return clear
    steps = len(clear) - 1
    places = [round(steps * part / (MOST_VALUES + 1)) for part in range(1, MOST_VALUES + 1)]
    return [clear[place] for place in dict.fromkeys(places)]


def value_beyond(
    tried: Sequence[float], *, upwards: bool, whole: bool, least: float = -math.inf
) -> float | None:
    """Return the next value after the largest of three or more, or before the smallest; None where none fits.

    Values of equal differences go on by that difference where this stays at `least` or above, others by the
    ratio of the last two, at most fourfold for whole ones and tenfold for others; among values of 1 and 3
    times powers of ten the next one is such a value too.
    """
    ordered = sorted(tried, reverse=not upwards)
    if len(ordered) < 3 or any(n and not 1 / LARGEST_VALUE <= abs(n) <= LARGEST_VALUE for n in ordered):
        return None
    before, edge = ordered[-2:]
    steps = [b - a for a, b in pairwise(ordered)]
    is_even = all(math.isclose(step, steps[-1], rel_tol=_SAME) for step in steps)
    if is_even and edge + steps[-1] >= least:
        value = edge + steps[-1]
    elif min(before, edge) > 0:
        most = _MOST_WHOLE if whole else _MOST_FACTOR
        value = edge * min(most, max(1 / most, edge / before))
        value = _customary(value) if all(_is_customary(n) for n in ordered) else value
        if whole and value < 1:
            return None
    else:
        return None
    value = float(round(value)) if whole else float(f"{value:.2g}")
    return value if value != edge and (value > edge) is upwards else None


def _customary(value: float) -> float:
    """Return the nearest of 1 and 3 times powers of ten, by ratio."""
    power = math.floor(math.log10(value))
    near = [float(f"{factor}e{p}") for p in (power, power + 1) for factor in _CUSTOMARY]
    return min(near, key=lambda each: abs(math.log(each / value)))


def _is_customary(value: float) -> bool:
    return value > 0 and math.isclose(_customary(value), value, rel_tol=_SAME)


def number_in(value: Scalar) -> float | None:
    """Return a parameter's value as a finite number, None where it is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    number = to_float(value)
    return number if math.isfinite(number) else None


def are_whole(values: Iterable[Scalar]) -> bool:
    """Tell whether all values are whole numbers."""
    return all(
        isinstance(value, int) or (isinstance(value, float) and value.is_integer()) for value in values
    )


def plain_number(value: float) -> float | int:
    """Return a whole number as an integer."""
    return int(value) if value.is_integer() and abs(value) < 2**53 else value


def written(value: float) -> str:
    """Return a proposed value as people type it."""
    return f"{value:g}" if value < 1 else f"{value:.0f}"
