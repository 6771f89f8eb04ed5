"""Turn the text of a command into its words as a shell does: quotes, variables, outputs, braces, blanks.

Invariant: what only a shell could know leaves a `$` in its word, and a `$` that is no variable's is LITERAL
there; what is put in is never taken for the shell's own signs.
"""

import re
from collections.abc import Iterator
from enum import Enum
from typing import Protocol

from afterall.scan.parameters.scripts.words.braces import expanded
from afterall.scan.parameters.scripts.words.patterns import marked
from afterall.scan.parameters.scripts.words.syntax import (
    BLANKS,
    DECLARING,
    DEEPEST,
    LITERAL,
    UNKNOWN,
    closed,
    end_of_double,
    skip,
    split_raw_words,
)

_TESTS = re.compile(r"\s*(?:!\s+)?\[\[\s")
_ASSIGNS = re.compile(r"[A-Za-z_]\w{0,100}(?:\[[^\]]{1,100}\])?\+?=", re.ASCII)
_PLAIN = re.compile(r"\$(?:[A-Za-z_]\w{0,100}|[0-9@*#])", re.ASCII)
_ANSI = {"t": "\t", "n": "\n", "r": "\r", "\\": "\\", "'": "'", '"': '"'}
_GLOBS = "*?["
_GLOBS_OF_COMMANDS = "*?"


class Within(Enum):
    """Where a piece of a word stands."""

    DOUBLE = "double quotes"
    SPLIT = "a word that falls apart at its blanks"
    WHOLE = "a word that is kept whole, as in an assignment"


class Shell(Protocol):
    """What the words of a command are made from."""

    @property
    def separators(self) -> str | None:
        """What separates the words of a value that is put in; None where that is not known."""

    def value_of(self, piece: str, depth: int, within: "Within") -> str | list[str] | None:
        """Return what `$NAME` or `${…}` stands for, a list for all items of an array; None where unknown."""

    def output_of(self, text: str, depth: int) -> str | None:
        """Return what a command within another prints; None where unknown."""

    def sum_of(self, text: str, depth: int) -> str | None:
        """Return the value of an arithmetic expression; None where unknown."""


def words_of(text: str, shell: Shell, depth: int = 0, *, as_list: bool = False) -> list[str]:
    """Return a command's words; a pattern of file names stands for words that nobody knows.

    Of a command's words `[` makes none: `layers=[1,2]` means what it says. Those of `[[ … ]]` are as
    `pattern_of` gives them.
    """
    if _TESTS.match(text):
        return [pattern_of(raw, shell, depth) for raw in split_raw_words(text)]
    found: list[str] = []
    is_head = True
    for raw in split_raw_words(text):
        assigns = is_head and _ASSIGNS.match(raw) is not None
        if raw.startswith("<(") and found[-1:] == ["<"]:
            told = shell.output_of(raw[2:-1], depth + 1) if depth < DEEPEST else None
            found[-1:] = ["<<<", UNKNOWN if told is None else told]
            continue
        if found[-1:] == ["<<<"]:
            found.append(one_word(raw, shell, depth))
            continue
        choices = [raw] if assigns else expanded(raw)
        for choice in choices if choices is not None else [UNKNOWN]:
            is_sum = found[:1] == ["let"]
            globs = _GLOBS if as_list else "" if assigns or is_sum else _GLOBS_OF_COMMANDS
            found += _Word(shell, depth, is_split=not assigns, globs=globs).read(choice)
        is_head = is_head and (assigns or raw in DECLARING or raw[0] == "-")
    return found


def one_word(text: str, shell: Shell, depth: int = 0) -> str:
    """Return the one word that a text becomes where nothing is split: a value, a key, a default."""
    return "".join(_Word(shell, depth, is_split=False).read(text))


def pattern_of(text: str, shell: Shell, depth: int = 0) -> str:
    """Return the one word that a pattern becomes, or what is compared with one: quoted signs are marked."""
    return "".join(_Word(shell, depth, is_split=False, is_pattern=True).read(text))


def filled(text: str, shell: Shell, depth: int = 0) -> str:
    """Return a text as it stands in a here-document: variables and outputs put in, quotes as they are."""
    word = _Word(shell, depth, is_split=False)
    word.take_double(text)
    return "".join(word.read(""))


def split_value(value: str, separators: str) -> list[str]:
    """Return the words into which a value falls that is put in without quotes."""
    if not separators:
        return [value] if value else []
    blanks = "".join(sign for sign in separators if sign in BLANKS)
    others = "".join(sign for sign in separators if sign not in BLANKS)
    value = value.strip(blanks) if blanks else value
    if not others:
        return re.split(f"[{re.escape(blanks)}]+", value) if value else []
    space = f"[{re.escape(blanks)}]*" if blanks else ""
    between = f"{space}[{re.escape(others)}]{space}" + (f"|[{re.escape(blanks)}]+" if blanks else "")
    parts = re.split(between, value)
    return parts[:-1] if parts and not parts[-1] else parts


class _Word:
    """Builds the words that one raw word becomes."""

    def __init__(
        self, shell: Shell, depth: int, *, is_split: bool, globs: str = "", is_pattern: bool = False
    ) -> None:
        self._shell = shell
        self._depth = depth
        self._is_split = is_split
        self._globs = globs
        self._quoted = marked if is_pattern else str
        self._done: list[str] = []
        self._parts: list[str] = []
        self._is_begun = False

    def read(self, raw: str) -> list[str]:
        """Return the words; none where nothing but an empty value stands in one without quotes."""
        at = 0
        while at < len(raw):
            begin, at = at, min(self._end_of(raw, at), len(raw))
            self._take(raw[begin:at])
        self._end()
        return self._done

    def take_double(self, text: str) -> None:
        """Take what stands within double quotes: a word, unless it is an array that has no items."""
        self._is_begun = self._is_begun or not text
        at = 0
        while at < len(text):
            begin = at
            if text[at] == "\\":
                at += 2
                sign = text[begin + 1 : at]
                self._keep(sign if sign and sign in '$`"\\' else text[begin:at])
            elif text[at] == "`" or (text[at] == "$" and self._end_of(text, at) > at + 1):
                at = min(self._end_of(text, at), len(text))
                self._put(text[begin:at], is_quoted=True)
            else:
                at += 1
                self._keep(text[begin])

    def _end_of(self, raw: str, at: int) -> int:
        plain = _PLAIN.match(raw, at) if raw[at] == "$" else None
        if plain is not None:
            return plain.end()
        if raw.startswith(("$(", "<(", ">("), at):
            return closed(raw, at + 2)
        return skip(raw, at)

    def _take(self, piece: str) -> None:
        match piece[0]:
            case "'":
                self._keep(piece[1:-1] if piece.endswith("'") and len(piece) > 1 else piece[1:])
            case '"':
                ends = end_of_double(piece, 1) == len(piece) and piece.endswith('"') and len(piece) > 1
                self.take_double(piece[1:-1] if ends else piece[1:])
            case "\\":
                self._keep(piece[1:])
            case "$" if piece.startswith("$'"):
                self._keep(_ansi(piece[2:].removesuffix("'")))
            case "$" if piece == "$":
                self._keep("$")
            case "$" | "`":
                self._put(piece, is_quoted=False)
            case "<" | ">" if len(piece) > 1:
                self._parts.append(UNKNOWN)
            case _:
                self._parts.append(UNKNOWN if piece in self._globs else _plain(piece))
        self._is_begun = self._is_begun or piece[0] not in '$`"'

    def _keep(self, text: str) -> None:
        self._is_begun = True
        self._parts.append(self._literal(text))

    def _literal(self, text: str) -> str:
        """Return quoted text: no sign in it stands for anything else."""
        return _plain(self._quoted(text))

    def _put(self, piece: str, *, is_quoted: bool) -> None:
        """Put in what a variable, sum or command stands for; a piece that nobody knows stays."""
        within = Within.DOUBLE if is_quoted else Within.SPLIT if self._is_split else Within.WHOLE
        told = self._told(piece, within)
        if told is None:
            self._parts.append(UNKNOWN if piece.startswith(("$(", "`")) else piece)
            self._is_begun = True
            return
        if isinstance(told, list):
            self._put_items(told, is_quoted=is_quoted)
        elif is_quoted or not self._is_split:
            self._parts.append(self._quoted(told) if is_quoted else told)
            self._is_begun = self._is_begun or bool(told) or is_quoted
        else:
            self._put_split(told)

    def _told(self, piece: str, within: Within) -> str | list[str] | None:
        if piece.startswith("$((") and piece.endswith("))"):
            return self._shell.sum_of(piece[3:-2], self._depth + 1) if self._depth < DEEPEST else None
        if piece.startswith(("$(", "`")):
            inner = piece[2:-1] if piece[0] == "$" else piece.strip("`")
            return self._shell.output_of(inner, self._depth + 1) if self._depth < DEEPEST else None
        return self._shell.value_of(piece, self._depth + 1, within) if self._depth < DEEPEST else None

    def _put_split(self, told: str) -> None:
        separators = self._shell.separators
        if separators is None and re.search(r"\W", told):
            self._parts.append(UNKNOWN)
            self._is_begun = True
            return
        blanks = BLANKS if separators is None else separators
        pieces = split_value(told, blanks)
        if told and told[0] in blanks and (self._parts or self._is_begun):
            self._end()
            pieces = pieces if pieces[:1] != [""] else pieces[1:]
        for place, piece in enumerate(pieces):
            if place:
                self._end()
            self._parts.append(piece if set(piece).isdisjoint(self._globs) else UNKNOWN)
            self._is_begun = True
        if pieces and told[-1] in blanks:
            self._end()

    def _put_items(self, items: list[str], *, is_quoted: bool) -> None:
        """Put in an array's items, each a word of its own; without quotes each falls apart at its blanks."""
        if not self._is_split:
            self._parts.append(" ".join(items))
            self._is_begun = True
            return
        for place, item in enumerate(items):
            if place:
                self._end()
            if is_quoted:
                self._parts.append(item)
                self._is_begun = True
            else:
                self._put_split(item)

    def _end(self) -> None:
        if self._is_begun or self._parts:
            self._done.append("".join(self._parts))
        self._parts, self._is_begun = [], False


def _plain(text: str) -> str:
    return text.replace("$", LITERAL)


def _ansi(text: str) -> str:
    """Return what `$'…'` stands for."""
    signs = iter(text)
    return "".join(_ANSI.get(next(signs, ""), "$") if sign == "\\" else sign for sign in signs)


def array_items(text: str, shell: Shell) -> Iterator[tuple[str | None, str]]:
    """Yield the items within an array's brackets, each with the key that is written before it, if any."""
    for raw in split_raw_words(text):
        end = raw.find("]=") if raw.startswith("[") else -1
        if end > 0:
            yield one_word(raw[1:end], shell), one_word(raw[end + 2 :], shell)
            continue
        yield from ((None, item) for item in words_of(raw, shell, as_list=True))
