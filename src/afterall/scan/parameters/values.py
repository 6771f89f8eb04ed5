"""Give the text of a setting its type: 3e-3 is a number, although YAML 1.1 calls it a string.

Invariant: what is quoted stays text; what would lose digits as a number stays text too.
"""

import re

from afterall.model import Scalar

LONGEST = 2000
"""Longer values are cut: they are prompts or code."""

_INT = re.compile(r"[-+]?(?:0|[1-9]\d{0,17}|[1-9]\d{0,2}(?:_\d{3}){1,5})")
_FLOAT = re.compile(r"[-+]?(?:\d{1,40}\.\d{0,40}|\.\d{1,40}|\d{1,40}(?=[eE]))(?:[eE][-+]?\d{1,4})?")
_WORDS: dict[str, Scalar] = {
    "": None,
    "~": None,
    "null": None,
    "none": None,
    "true": True,
    "false": False,
    ".nan": float("nan"),
    ".inf": float("inf"),
    "-.inf": float("-inf"),
}


def typed(text: str) -> Scalar:
    """Return the value that unquoted text stands for."""
    text = text.strip()
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    if _INT.fullmatch(text):
        return int(text.replace("_", ""))
    if _FLOAT.fullmatch(text):
        return float(text)
    return text[:LONGEST]


def scalar(value: object) -> tuple[bool, Scalar]:
    """Return whether a decoded JSON value is one that a parameter can have, and that value."""
    if value is None or isinstance(value, bool | float):
        return True, value
    if isinstance(value, int):
        return True, value if abs(value) < 1 << 63 else str(value)[:LONGEST]
    if isinstance(value, str):
        return True, value[:LONGEST]
    return False, None
