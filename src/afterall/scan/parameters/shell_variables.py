"""Keep the variables of a batch script as far as its text tells them, and put them in.

Invariant: what only a shell could know stays unresolved, and a word that still holds a `$` is nobody's value.
"""

import re
import shlex
from collections.abc import Mapping, Sequence

from afterall.scan.parameters.shell_output import Lines, Reader, output_of
from afterall.scan.parameters.shell_sums import calculated
from afterall.scan.parameters.shell_text import LITERAL, split_commands, substituted

LONGEST_VALUE = 1 << 13
MOST_CHARACTERS = 1 << 21
"""That variables may grow the text of a script by: in `X=$X$X` they double."""
MOST_ITEMS = 20_000
_VARIABLE = re.compile(
    r"\$(?:\{(#?)(\w{1,100})(?:\[([^\]}]{1,100})\])?(?::?-([^}]{0,200}))?\}|(\w{1,100}))", re.ASCII
)
_BLANKS = " \t\n"
_NAME = re.compile(r"\$?\{?([A-Za-z_]\w{0,100})\}?", re.ASCII)
_WHOLE_ARRAY = re.compile(r'"(\$\{\w{1,100}\[[@*]\]\})"', re.ASCII)


def no_file(_: str) -> Lines | None:
    """Read no file at all."""
    return None


class Variables:
    """The variables of one shell: plain ones, and arrays by index; `read` gives the lines of a file."""

    def __init__(self, values: Mapping[str, str], read: Reader = no_file) -> None:
        self._values = dict(values)
        self._arrays: dict[str, list[str]] = {}
        self._unknown: set[str] = set()
        self._read = read
        self._left = MOST_CHARACTERS

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
        return calculated(_NAME.sub(lambda found: self._values.get(found[1], found[0]), self.expand(text)))

    def expand(self, text: str) -> str:
        """Return `text` with the variables that are known put in; the others stay."""
        for _ in range(3):
            if self._left <= 0:
                break
            expanded = _VARIABLE.sub(self._value, text)
            if expanded == text:
                break
            self._left -= len(expanded)
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
