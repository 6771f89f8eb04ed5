"""Compute two-sided p-values and critical values of Student's t, with nothing but the standard library.

Invariant: the result lies in [0, 1] for any finite t and any positive number of degrees of freedom.
"""

import math

_ENOUGH = 500
_PRECISION = 1e-15
_TINY = 1e-300
_HALVINGS = 60
"""Enough for every digit of a float."""


def two_sided_p(t: float, degrees: float) -> float:
    """Return the probability of a |t| at least this large by chance, with `degrees` > 0 of freedom.

    p = I_x(degrees/2, 1/2) with x = degrees/(degrees + t²): the regularised incomplete beta function,
    DLMF 8.17 and Abramowitz & Stegun 26.7.1. An infinite t gives 0.
    """
    square = t * t
    if math.isinf(square):
        return 0.0
    x, y = degrees / (degrees + square), square / (degrees + square)
    return min(1.0, max(0.0, _incomplete_beta(x, y, degrees / 2)))


def two_sided_t(p: float, degrees: float) -> float:
    """Return the t that chance exceeds, either way, with probability `p` in (0, 1): 2.571 for 0.05 and 5.

    By bisection of `two_sided_p`, which falls as t grows; infinity where t is beyond any number.
    """
    low, high = 0.0, 1.0
    while two_sided_p(high, degrees) > p:
        low, high = high, high * 2
        if math.isinf(high):
            return high
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if two_sided_p(middle, degrees) > p else (low, middle)
    return high


def _incomplete_beta(x: float, y: float, a: float) -> float:
    """Return I_x(a, 1/2); `y` is 1 - x, which `x` near 1 no longer tells exactly."""
    if x <= 0 or y <= 0:
        return float(y <= 0)
    b = 0.5
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log(y))
    # The fraction converges fast only below the mean of the beta distribution; DLMF 8.17.4 mirrors the rest.
    if x < (a + 1) / (a + b + 2):
        return front * _fraction(x, a, b) / a
    return 1 - front * _fraction(y, b, a) / b


def _fraction(x: float, a: float, b: float) -> float:
    """Return the continued fraction of DLMF 8.17.22, by Lentz's method."""
    c, d = 1.0, 1 / _away_from_zero(1 - (a + b) * x / (a + 1))
    result = d
    for m in range(1, _ENOUGH):
        for numerator in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1 / _away_from_zero(1 + numerator * d)
            c = _away_from_zero(1 + numerator / c)
            result *= d * c
        if abs(d * c - 1) < _PRECISION:
            break
    return result


def _away_from_zero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
