"""Compute anew what findings say of the numbers in weights: that they are no numbers, or all the same."""

import math
import struct
from collections.abc import Callable

from claims.claims_checking import Checker, Facts
from claims.claims_reading import Json, Told
from claims.weights_reading import read_weights


def not_finite(told: Told, finding: Json) -> Facts:
    """Return how many tensors hold NaN or infinity, and how many of each."""
    weights = read_weights(told.subject(finding))
    held = {name: weights.numbers(name) for name in weights.tensors}
    bad = [name for name, values in held.items() if not all(map(math.isfinite, values))]
    first = held[finding["evidence"]["first"]]
    return {
        "tensors": len(bad),
        "of": len(held),
        "nan": sum(math.isnan(v) for values in held.values() for v in values),
        "infinite": sum(math.isinf(v) for values in held.values() for v in values),
        "first_nan": sum(map(math.isnan, first)),
        "first_numbers": len(first),
        "first": min(bad),
    }


def _matrices(is_so: Callable[[list[float]], bool]) -> Checker:
    def check(told: Told, finding: Json) -> Facts:
        weights = read_weights(told.subject(finding))
        so = sorted(name for name in weights.tensors if is_so(weights.numbers(name)))
        return {"tensors": len(so), "of": len(weights.tensors), "first": so[0]}

    return check


def _all_zero(values: list[float]) -> bool:
    return not any(values)


def _constant(values: list[float]) -> bool:
    """Tell whether there is one number only; the bytes of NaN may be, though NaN equals nothing."""
    return len({struct.pack("<f", value) for value in values}) == 1 and any(values)


CHECKERS: dict[str, Checker] = {
    "values_not_finite": not_finite,
    "values_all_zero": _matrices(_all_zero),
    "values_constant": _matrices(_constant),
}
