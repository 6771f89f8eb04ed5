"""Tell which differences are too doubtful to act on: seeds or samples may explain them.

Invariant: without standard errors, pairs or replicates nothing is doubted.
"""

import math

from afterall.model import Comparison

_Z_95 = 1.96
"""Standard errors within which 95 % of a normal distribution lies."""


def is_doubtful(c: Comparison) -> bool:
    """Tell whether seeds or samples may explain a difference: the rules of its own sentence."""
    if c.within_noise:
        return True
    if c.pairs is not None:
        return c.pairs.within_chance or (c.pairs.difference > 0) is not (c.b.value > c.a.value)
    return may_be_samples(c.b.value - c.a.value, c.a.stderr, c.b.stderr)


def may_be_samples(difference: float, *errors: float | None) -> bool:
    """Tell whether the standard errors of two scores explain their difference; False where one is unknown."""
    known = [error for error in errors if error is not None]
    return len(known) == len(errors) and abs(difference) <= _Z_95 * math.hypot(*known)
