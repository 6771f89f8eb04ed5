"""Order names and values as people do: run2 before run10, lr1e-5 before lr0.001, a 3B model before a 70B.

Invariant: every order is total and depends on nothing but the values themselves.
"""

import math
import re
from collections.abc import Iterable
from decimal import Decimal
from functools import lru_cache

from afterall.model import Experiment, Scalar

_YAML_FLOAT = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)[eE][+-]?[0-9]{1,4}")
_NUMBERS = re.compile(
    r"((?<![0-9.])0\.[0-9]{1,40}(?!\.?[0-9])|[0-9](?:\.[0-9]{1,40})?e-[0-9]{1,2}(?![0-9])|[0-9]+)"
)
"""Fractions as rates have them, which is none of a release's numbers, and whole numbers."""
_SIZE = re.compile(r"(?<![A-Za-z0-9.])(?:([0-9]{1,3})x)?([0-9]{1,4}(?:\.[0-9]{1,3})?)([bBmM])(?![A-Za-z0-9])")

NaturalKey = tuple[tuple[tuple[int, int, str], ...], str]
Identity = tuple[str, str | int | float | bool | None]
ScalarKey = tuple[int, float, NaturalKey]


@lru_cache(1 << 14)
def natural_key(text: str) -> NaturalKey:
    """Return a sort key in which runs of digits count as numbers of any length, and 1e-5 as 0.00001."""
    parts = _NUMBERS.split(text)
    return tuple(_number_key(part) if n % 2 else (1, 0, part) for n, part in enumerate(parts)), text


def _number_key(text: str) -> tuple[int, int, str]:
    """Return a number's sort key: a whole one by its digits; a fraction, by those behind 0, before 1."""
    if text.isdecimal():
        digits = text.lstrip("0")
        return (0, len(digits), digits)
    whole, _, fraction = f"{Decimal(text):f}".partition(".")
    digits = whole.lstrip("0")
    return (0, len(digits), f"{digits}.{fraction}")


def in_order(experiments: Iterable[Experiment]) -> tuple[Experiment, ...]:
    """Return experiments by name in natural order, by path where names are the same."""
    return tuple(sorted(experiments, key=lambda e: (natural_key(e.name), e.layout.path)))


def as_value(value: Scalar) -> Scalar:
    """Return a configuration's value with YAML 1.1's trap undone.

    PyYAML reads `3e-3` as text because YAML 1.1 wants a dot and a signed exponent in a float.
    """
    if isinstance(value, str) and _YAML_FLOAT.fullmatch(value):
        return float(value)
    return value


def identity(value: Scalar) -> Identity:
    """Return what makes two values one and the same: 1 is 1.0 but not True nor "1"; NaN is itself."""
    value = as_value(value)
    match value:
        case None:
            return ("none", None)
        case bool():
            return ("bool", value)
        case float() if math.isnan(value):
            return ("number", "nan")
        case int() | float():
            return ("number", value)
        case _:
            return ("text", value)


def scalar_key(value: Scalar) -> ScalarKey:
    """Return a sort key: numbers ascending, then NaN, then truth values, then text, then nothing.

    Text that tells a model's size stands after other text, the smaller model first.
    """
    value = as_value(value)
    match value:
        case None:
            return (4, 0.0, natural_key(""))
        case bool():
            return (2, float(value), natural_key(""))
        case int() | float():
            number = to_float(value)
            return (1, 0.0, natural_key("")) if math.isnan(number) else (0, number, natural_key(str(value)))
        case _:
            return (3, _parameters_in(value), natural_key(value))


def _parameters_in(text: str) -> float:
    """Return how many millions of parameters a model's name tells: 3,000 of "Llama-3.2-3B"; 0 of none."""
    found = _SIZE.search(text[:400])
    if found is None:
        return 0.0
    return int(found[1] or 1) * float(found[2]) * (1000 if found[3] in "bB" else 1)


def to_float(value: float) -> float:
    """Return `value` as a float; an integer beyond a float's range becomes infinity."""
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf
