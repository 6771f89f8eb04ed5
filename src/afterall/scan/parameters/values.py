"""Give the text of a setting its type: 3e-3 is a number, although YAML 1.1 calls it a string.

Invariant: what is quoted stays text; what would lose digits as a number stays text too. Two values that
differ never become one, however long they are: what is cut off is told apart by its digest.
"""

import re
from collections.abc import Sequence
from hashlib import sha256

from afterall.model import Scalar

LONGEST = 2000
"""Longer values are cut: they are prompts or code."""
MOST_ITEMS = 32
"""Of longer lists the number of items, their digest and the first of them are told."""
SUMMARY = re.compile(r"\d{1,9} values, sha256 [0-9a-f]{12}: ")
"""How the text of a longer list begins."""

_DIGEST_DIGITS = 12
_LONGEST_ITEM = 100
_MARK_LENGTH = 80
_INT = re.compile(r"[-+]?(?:0|[1-9]\d{0,17}|[1-9]\d{0,2}(?:_\d{3}){1,5})", re.ASCII)
_FLOAT = re.compile(r"[-+]?(?:\d{1,40}\.\d{0,40}|\.\d{1,40}|\d{1,40}(?=[eE]))(?:[eE][-+]?\d{1,4})?", re.ASCII)
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
    return bounded(text)


def scalar(value: object) -> tuple[bool, Scalar]:
    """Return whether a decoded JSON value is one that a parameter can have, and that value."""
    if value is None or isinstance(value, bool | float):
        return True, value
    if isinstance(value, int):
        return True, value if abs(value) < 1 << 63 else _large(value)
    if isinstance(value, str):
        return True, bounded(value)
    return False, None


def bounded(text: str) -> str:
    """Return `text`, or its beginning with the length and the digest of the whole."""
    if len(text) <= LONGEST:
        return text
    return f"{text[: LONGEST - _MARK_LENGTH]}… ({len(text)} characters, sha256 {_digest(text)})"


def listed(items: Sequence[Scalar]) -> str:
    """Return a list's items as one text, of a long one their number, their digest and the first."""
    texts = [str(item) for item in items]
    whole = ", ".join(texts)
    if len(texts) <= MOST_ITEMS:
        return bounded(whole)
    return f"{len(texts)} values, sha256 {_digest(whole)}: {texts[0][:_LONGEST_ITEM]}, …"


def _digest(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGEST_DIGITS]


def _large(value: int) -> str:
    """Return an integer's digits, in hexadecimal where there are more than Python would convert."""
    return bounded(str(value)) if value.bit_length() < 10_000 else bounded(hex(value))
