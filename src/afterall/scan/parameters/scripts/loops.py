"""Say what a loop of a batch script goes through, and find where the bodies of loops and functions end.

Invariant: pure over the pieces of a script, each a command's text and the operator behind it; total over any
order of keywords. What a loop goes through is told only where it is known as a whole.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

Piece = tuple[str, str]
_WORD = re.compile(
    r"\s*(function\s+[\w-]{1,100}|if|then|elif|else|while|until|for|select|do|done|time|\{|\}|!)(?=\s|$)"
)
_NO_WORDS = (("", ")"), (" ", ")"))
_OPENING = frozenset({"while", "until", "for", "select"})
_FOR = re.compile(r"\s*([A-Za-z_]\w{0,100})(?:\s+in(?:\s(.*))?)?\s*\Z", re.DOTALL | re.ASCII)
_IN = re.compile(r"\s*\w+\s+in(?=\s|\Z)")
_COUNTED = re.compile(r"\s*\(\(([^;]*);([^;]*);([^;]*)\)\)\s*$", re.DOTALL)
_FUNCTION = re.compile(r"\s*(function\s+)?([A-Za-z_][\w-]{0,100})\s*(\{.*)?$", re.DOTALL | re.ASCII)

_NAME = re.compile(r"[A-Za-z_]\w{0,100}", re.ASCII)
_SET = re.compile(
    r"(?<![\w$])([A-Za-z_]\w{0,100})(?:\[[^\]]{0,100}\])?\s{0,9}(?:[-+*/%&|^]|<<|>>)?:?=", re.ASCII
)
_SETTING = re.compile(
    r"(?<![\w-])(?:for|select|read|mapfile|readarray|printf|unset|let|local|declare|typeset|getopts|export)"
    r"(?![\w-])|\(\(|\+\+|--"
)
"""What sets variables that it names without `=`."""
_POSITIONAL = re.compile(r"(?<![\w-])(?:shift|set)(?![\w-])")
_READING = re.compile(r"(?<![\w./-])(?:source|eval|\.)\s")
"""What runs another text, which may set any."""


class Counted(NamedTuple):
    """The three sums of `for ((…; …; …))`."""

    first: str
    condition: str
    step: str


class Text:
    """A script's pieces, and where the loops and braces that they open end."""

    def __init__(self, pieces: Sequence[Piece]) -> None:
        self.pieces = pieces
        self.loop_ends: dict[int, int] = {}
        self.brace_ends: dict[int, int] = {}
        loops: list[int] = []
        braces: list[int] = []
        for place, (text, end) in enumerate(pieces):
            for word in _leading(text) if end != ")" else ():
                if word in _OPENING:
                    loops.append(place)
                elif word == "{":
                    braces.append(place)
                elif word == "done" and loops:
                    self.loop_ends[loops.pop()] = place
                elif word == "}" and braces:
                    self.brace_ends[braces.pop()] = place

    def function_at(self, at: int, stop: int) -> "Function | None":
        """Return the function whose definition begins with a piece; None where none does."""
        text, operator = self.pieces[at]
        found = _FUNCTION.match(text) if text.strip() else None
        if found is None or not (found[1] or operator == "(") or (found[3] and not found[1]):
            return None
        begin = at
        if not found[3]:
            if operator == "(" and (at + 1 >= stop or self.pieces[at + 1] not in _NO_WORDS):
                return None
            begin = at + 2 if operator == "(" else at + 1
            while begin < stop and self.pieces[begin] == ("", "\n"):
                begin += 1
        first = found[3] or (self.pieces[begin][0].lstrip() if begin < stop else "")
        end = self.brace_ends.get(begin, begin)
        if not re.match(r"\{(\s|$)", first) or not begin < end < stop:
            return None
        return Function(found[2], [(first[1:], self.pieces[begin][1]), *self.pieces[begin + 1 : end]], end)


class Function(NamedTuple):
    """A function that is defined, and the place of the brace that ends it."""

    name: str
    body: list[Piece]
    end: int


def names_set(pieces: Sequence[Piece]) -> set[str] | None:
    """Return the variables that commands may set, as far as their text shows it; None where any may be.

    "@" stands for the positional words.
    """
    names: set[str] = set()
    for text, _ in pieces:
        if _READING.search(text):
            return None
        names.update(_SET.findall(text))
        names.update("@" for _ in _POSITIONAL.finditer(text))
        if _SETTING.search(text):
            names.update(_NAME.findall(text))
    return names


def parse_for(header: str) -> tuple[str, str | None] | Counted | None:
    """Return the variable of a `for` and the text of its words, None where these are the script's own."""
    counted = _COUNTED.match(header)
    if counted is not None:
        return Counted(*counted.groups())
    found = _FOR.match(header)
    if found is None:
        return None
    return found[1], (found[2] or "") if _IN.match(header) else None


def _leading(text: str) -> list[str]:
    """Return the keywords that a command's text begins with."""
    words = []
    at = 0
    while (found := _WORD.match(text, at)) is not None:
        words.append(found[1])
        at = found.end()
        if found[1] in _OPENING:
            break
    return words
