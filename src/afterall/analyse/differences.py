"""Judge the difference of two sides that seeds make uncertain: its p-value, its interval and its size.

Where both sides ran more than once, Welch's t test with the degrees of freedom of Welch and Satterthwaite
(Welch, Biometrika 34, 1947): settings need not scatter alike, and a high learning rate rarely does. Where one
side ran once, or its replicates agree to the last digit, Student's t with the noise that is pooled over the
set stands in. Effect sizes are Hedges' g (Journal of Educational Statistics 6, 1981).

Invariant: nothing is said of two sides of which neither the set nor they themselves tell what noise is.
"""

import math

from msgspec import Struct

from afterall.analyse.noise import LEVEL, Noise, chance_of
from afterall.analyse.student import two_sided_t
from afterall.model import Side


class Difference(Struct, frozen=True):
    """How far b lies from a, as far as seeds let it be told."""

    p_value: float
    """Two-sided, not corrected."""
    half_width: float | None
    """Of the interval that holds the difference with 95 % confidence; None where it is beyond any number."""
    effect_size: float | None
    """Hedges' g, positive where b is larger; None for sides that ran once, or do not scatter."""


def judge_difference(a: Side, b: Side, noise: Noise) -> Difference:
    """Return what replicates say of two sides' difference."""
    apart = b.value - a.value
    error, degrees = _welch(a, b) or (noise.error(a.n, b.n), float(noise.degrees))
    half = two_sided_t(LEVEL, degrees) * error
    return Difference(
        chance_of(apart, error, degrees), half if math.isfinite(half) else None, _hedges(a, b, apart)
    )


def _welch(a: Side, b: Side) -> tuple[float, float] | None:
    """Return the standard error of the difference of two means and its degrees of freedom."""
    if not a.sd or not b.sd:
        return None
    scale = max(a.sd, b.sd)
    shares = [((side.sd or 0.0) / scale) ** 2 / side.n for side in (a, b)]
    total = sum(shares)
    below = sum(share**2 / (side.n - 1) for share, side in zip(shares, (a, b), strict=True))
    return scale * math.sqrt(total), total**2 / below


def _hedges(a: Side, b: Side, apart: float) -> float | None:
    if not a.sd or not b.sd:
        return None
    degrees, scale = a.n + b.n - 2, max(a.sd, b.sd)
    shares = ((a.n - 1) * (a.sd / scale) ** 2 + (b.n - 1) * (b.sd / scale) ** 2) / degrees
    size = apart / scale / math.sqrt(shares) * (1 - 3 / (4 * degrees - 1))
    return size if math.isfinite(size) else None
