"""Take `${…}` apart into the name, the place in an array, and what is done to the value.

Invariant: total; what is none of the forms below gives None, and nobody knows its value.
"""

import re
from typing import NamedTuple

from afterall.scan.parameters.scripts.words.syntax import skip

_NAME = re.compile(r"([#!]?)([A-Za-z_]\w{0,100}|\d{1,3}|[@*#])", re.ASCII)
_OPERATOR = re.compile(r":[-=?+]|[-=?+]|##?|%%?|//|/#|/%|/|\^\^?|,,?|:")
_OF_DEFAULT = frozenset({":-", "-", ":=", "=", ":?", "?", ":+", "+"})


class Parameter(NamedTuple):
    """One `${…}`: `sign` is "#" for a length and "!" for the keys of an array."""

    sign: str
    name: str
    place: str | None = None
    operator: str = ""
    words: tuple[str, ...] = ()

    @property
    def is_defaulted(self) -> bool:
        """Whether the operator says what stands for a value that is not there."""
        return self.operator in _OF_DEFAULT

    @property
    def is_joined(self) -> bool:
        """Whether it means all of these as one text, where it stands in quotes."""
        return self.place == "*" or self.name == "*"

    @property
    def is_by_pattern(self) -> bool:
        """Whether its first word is a pattern."""
        return self.operator[:1] in ("#", "%", "/")

    @property
    def is_of_all(self) -> bool:
        """Whether it means all items of an array, or all words that the script was given."""
        return self.place in ("@", "*") or self.name in ("@", "*")


def parse_parameter(piece: str) -> Parameter | None:
    """Return what `$NAME` or `${…}` means; None where it is of no form that is known here."""
    if not piece.startswith("${"):
        return Parameter("", piece[1:])
    inner = piece[2:].removesuffix("}")
    found = _NAME.match(inner)
    if found is None:
        return Parameter("", "#") if inner == "#" else None
    sign, name, rest = found[1], found[2], inner[found.end() :]
    index = None
    if rest.startswith("["):
        end = _end_of_index(rest)
        index, rest = rest[1 : end - 1], rest[end:]
    if not rest:
        return Parameter(sign, name, index)
    operator = _OPERATOR.match(rest)
    if operator is None or sign:
        return None
    text = rest[operator.end() :]
    words = (text,) if operator[0][0] != "/" else _pattern_and_replacement(text)
    return Parameter(sign, name, index, operator[0], words)


def _end_of_index(text: str) -> int:
    at = 1
    while at < len(text) and text[at] != "]":
        at = skip(text, at)
    return min(at + 1, len(text))


def _pattern_and_replacement(text: str) -> tuple[str, str]:
    at = 0
    while at < len(text) and text[at] != "/":
        at = skip(text, at)
    return text[:at], text[at + 1 :]
