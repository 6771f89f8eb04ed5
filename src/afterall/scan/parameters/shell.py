"""Read the commands of a batch script without running it, looking up variables and arrays.

Invariant: what only a shell could know stays unresolved, and a word that still holds a `$` is nobody's value.
"""

import re
import shlex
from collections.abc import Iterator, Mapping

MOST_BYTES = 1 << 18
_ASSIGNMENT = re.compile(
    r"\s*(?:export\s+|declare\s+(?:-\w+\s+)?|local\s+|readonly\s+)?([A-Za-z_]\w{0,100})=(.*)$"
)
_ARRAY = re.compile(r"\((.*)\)\s*(?:#.*)?$")
_VARIABLE = re.compile(r"\$(?:\{(\w{1,100})(?:\[([^\]}]{1,100})\])?(?::?-([^}]{0,200}))?\}|(\w{1,100}))")
_HEREDOC = re.compile(r"<<-?\s*(['\"]?)(\w+)\1")
_OPERATORS = frozenset(
    {";", "&", "&&", "|", "||", ";;", "(", ")", "{", "}", "then", "do", "else", "fi", "done", "!"}
)


class Variables:
    """The variables of one shell: plain ones, and arrays by index."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = dict(values)
        self._arrays: dict[str, list[str]] = {}

    def assign(self, name: str, text: str) -> None:
        """Take one assignment as it stands in a script."""
        array = _ARRAY.match(text)
        if array is not None:
            self._arrays[name] = [self.expand(word) for word in words(array[1])]
            return
        first = next(iter(words(text)), "")
        self._values[name] = self.expand(first)

    def expand(self, text: str) -> str:
        """Return `text` with the variables that are known put in; the others stay."""
        for _ in range(3):
            expanded = _VARIABLE.sub(self._value, text)[: 1 << 16]
            if expanded == text:
                break
            text = expanded
        return text

    def _value(self, found: re.Match[str]) -> str:
        name = found[1] or found[4]
        if found[2] is not None:
            index = self.expand(found[2] if not found[2].isidentifier() else f"${found[2]}")
            items = self._arrays.get(name, [])
            return items[int(index)] if index.isdecimal() and int(index[:9]) < len(items) else found[0]
        return self._values.get(name, found[0] if found[3] is None else found[3])


def commands(script: str, variables: Variables) -> Iterator[list[str]]:
    """Yield the words of each command of a script in order, its variables put in as far as known."""
    for line in _logical_lines(script[:MOST_BYTES]):
        assignment = _ASSIGNMENT.match(line)
        if (assignment is not None and len(words(assignment[2])) <= 1) or (
            assignment and assignment[2][:1] == "("
        ):
            variables.assign(assignment[1], assignment[2])
            continue
        command: list[str] = []
        for word in words(variables.expand(line)):
            if word in _OPERATORS:
                yield from [command] if command else []
                command = []
            else:
                command.append(word)
        if command:
            yield command


def words(text: str) -> list[str]:
    """Split as a shell does, comments left out; text with an open quote is split at its blanks."""
    lexer = shlex.shlex(text, posix=True, punctuation_chars=";&|()")
    lexer.whitespace_split = True
    try:
        return list(lexer)
    except ValueError:
        return text.split()


def _logical_lines(script: str) -> Iterator[str]:
    """Yield lines with their continuations joined, without comments and here-documents."""
    until: str | None = None
    for line in re.sub(r"\\\r?\n", " ", script).splitlines():
        if until is not None:
            until = None if line.strip() == until else until
            continue
        heredoc = _HEREDOC.search(line)
        until = heredoc[2] if heredoc and "<<<" not in line else None
        if line.strip() and not line.lstrip().startswith("#"):
            yield line
