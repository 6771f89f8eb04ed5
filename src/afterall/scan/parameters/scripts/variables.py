"""Keep the variables of a batch script as far as its text tells them, and put them in.

Invariant: what only a shell could know stays unresolved, and a word that still holds a `$` is nobody's value.
"""

import re
import shlex
from collections.abc import Iterable, Mapping, Sequence

from afterall.scan.parameters.scripts.arithmetic import calculated
from afterall.scan.parameters.scripts.output import Lines, Reader, output_of
from afterall.scan.parameters.scripts.syntax import ASSIGNMENT, LITERAL, split_commands, substituted

LONGEST_VALUE = 1 << 13
LONGEST_EXPANDED = 1 << 15
"""A text that would become longer keeps its variables: shlex's time is the square of a word's length."""
MOST_CHARACTERS = 1 << 21
"""That variables may grow the text of a script by: in `X=$X$X` they double."""
MOST_ITEMS = 20_000
_VARIABLE = re.compile(
    r"\$(?:\{(#?)(\w{1,100})(?:\[([^\]}]{1,100})\])?(?::?-([^}]{0,200}))?\}|(\w{1,100}))", re.ASCII
)
_BLANKS = " \t\n"
_NAME = re.compile(r"\$?\{?([A-Za-z_]\w{0,100})\}?", re.ASCII)
_WHOLE_ARRAY = re.compile(r'"(\$\{\w{1,100}\[[@*]\]\})"', re.ASCII)


class _Growth:
    """How many characters a script and the shells within it may still grow by."""

    def __init__(self) -> None:
        self.left = MOST_CHARACTERS


def no_file(_: str) -> Lines | None:
    """Read no file at all."""
    return None


class Variables:
    """The variables of one shell: plain ones, and arrays by index; `read` gives the lines of a file."""

    def __init__(self, values: Mapping[str, str], read: Reader = no_file) -> None:
        self._values = dict(values)
        self._arrays: dict[str, list[str]] = {}
        self._unknown: set[str] = set()
        self._exported = {name for name in values if not name.isdecimal()}
        self._read = read
        self._growth = _Growth()

    def assign(self, name: str, value: str) -> None:
        """Take a value; what is not known within it stays so, whatever is known later."""
        self.forget(name)
        if len(value) <= LONGEST_VALUE:
            self._values[name] = value.replace("$", LITERAL)
            self._unknown.discard(name)

    def append(self, name: str, value: str) -> None:
        """Take what is added to a text; to an unknown one nothing is."""
        if name in self._values:
            self.assign(name, self._values[name] + value)

    def assign_items(self, name: str, items: Sequence[str], *, adds: bool = False) -> None:
        """Take the items of an array."""
        if adds and name in self._unknown:
            return
        held = [*(self._arrays.get(name, []) if adds else []), *items]
        self.forget(name)
        # An item that is not known may be none, or several: then no place in the array is sure.
        if len(held) <= MOST_ITEMS and not any("$" in item for item in held):
            self._arrays[name] = held
            self._unknown.discard(name)

    def forget(self, name: str) -> None:
        """Know nothing of a variable any more, not even that it has none: it may have been set."""
        self._unknown.add(name)
        self._values.pop(name, None)
        self._arrays.pop(name, None)

    def export(self, names: Iterable[str]) -> None:
        """Note that the shells which this one starts have these variables too."""
        self._exported.update(names)

    def of_child(self, before: Sequence[str]) -> "Variables":
        """Return what a shell has that this one starts; `before` are the words in front of its name.

        It has what was exported and what is given to it alone, as in `LR=3 bash -c …`. What is not known here
        is not known there either.
        """
        values = {name: value for name, value in self._values.items() if name in self._exported}
        child = Variables(values, self._read)
        child._unknown = set(self._unknown)
        child._growth = self._growth
        for pair in filter(None, map(ASSIGNMENT.fullmatch, before)):
            if pair[2] or "$" in pair[3]:
                child.forget(pair[1])
            else:
                child.assign(pair[1], pair[3])
        return child

    @property
    def splits_otherwise(self) -> bool:
        """Whether the script has set other separators of words than blanks and ends of lines."""
        return "IFS" in self._unknown or self._values.get("IFS", _BLANKS) != _BLANKS

    def words(self, text: str) -> list[str]:
        """Return a command's words, outputs and variables put in as far as they are known."""
        return [word.replace(LITERAL, "$") for word in self._words(text, 0)]

    def lines(self, file: str) -> Lines | None:
        """Return the lines of a file, None where it cannot be told."""
        return None if "$" in file else self._read(file)

    def _words(self, text: str, depth: int) -> list[str]:
        text = _WHOLE_ARRAY.sub(r"\1", substituted(text, self._output, depth))
        return split_words(self.expand(text))

    def _output(self, text: str, depth: int) -> str | None:
        """Return what a command within another prints, or an arithmetic expression's value."""
        if text.startswith("(") and text.endswith(")"):
            return self._calculated(substituted(text[1:-1], self._output, depth))
        parts = [part for part in split_commands(text) if part[0].strip()]
        stages = [self._words(part, depth) for part, _ in parts]
        if any(end != "|" for _, end in parts[:-1]) or any("$" in word for stage in stages for word in stage):
            return None
        return output_of([[word.replace(LITERAL, "$") for word in stage] for stage in stages], self.lines)

    def _calculated(self, text: str) -> str | None:
        return calculated(_NAME.sub(self._operand, self.expand(text)))

    def _operand(self, found: re.Match[str]) -> str:
        """Return what a name stands for in a sum: its value is worked out first, unlike that of `$NAME`."""
        return f"({self._values[found[1]]})" if found[1] in self._values else found[0]

    def expand(self, text: str) -> str:
        """Return `text` with the variables that are known put in; the others stay."""
        for _ in range(3):
            if self._growth.left <= 0:
                break
            expanded = _VARIABLE.sub(self._value, text)
            if expanded == text:
                break
            self._growth.left -= len(expanded)
            if len(expanded) > LONGEST_EXPANDED:
                break
            text = expanded
        return text

    def _value(self, found: re.Match[str]) -> str:
        name, index, default = found[2] or found[5], found[3], found[4]
        items = self._arrays.get(name)
        if items is not None and index in ("@", "*"):
            return str(len(items)) if found[1] else " ".join(map(shlex.quote, items))
        if found[1] or (index is None and items is not None):
            return found[0]
        if index is not None:
            place = self._calculated(index) or ""
            is_there = items is not None and place.isdecimal() and int(place) < len(items)
            return items[int(place)] if items is not None and is_there else found[0]
        return self._values.get(name, found[0] if default is None or name in self._unknown else default)


def split_words(text: str) -> list[str]:
    """Split as a shell does, comments left out; text with an open quote is split at its blanks."""
    lexer = shlex.shlex(text, posix=True, punctuation_chars=False)
    lexer.whitespace_split = True
    try:
        return list(lexer)
    except ValueError:
        return text.split()
