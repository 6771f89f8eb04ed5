"""Read what an sbatch line gives its script: the words behind its name, and `--export`'s variables."""

import shlex
from collections.abc import Sequence
from typing import NamedTuple

from afterall.scan.parameters.scripts.words.syntax import split_commands

MOST_ARGUMENTS = 100


class Submitted(NamedTuple):
    """What a submit line says; `arguments` is None where the script is not on it."""

    values: dict[str, str]
    arguments: tuple[str, ...] | None
    is_whole: bool
    """True where the script is given no other variables of the environment: sbatch(1), --export."""


def parse_submit_line(submit_line: str, scripts: Sequence[str]) -> Submitted:
    """Return what a line gives; `scripts` are the names by which the script is recognised in it."""
    line = words(submit_line)
    names = {script.rpartition("/")[2] for script in scripts}
    values: dict[str, str] = {}
    is_whole = False
    for index, word in enumerate(line):
        if word.rpartition("/")[2] in names:
            return Submitted(values, tuple(line[index + 1 : index + 1 + MOST_ARGUMENTS]), is_whole)
        exported = word.removeprefix("--export=") if word.startswith("--export=") else ""
        if line[index - 1] == "--export" and index:
            exported = word
        if exported:
            is_whole = "ALL" not in exported.split(",")
        pairs = [pair.partition("=") for pair in exported.split(",") if "=" in pair]
        values |= {name: value for name, _, value in pairs}
    return Submitted(values, None, is_whole)


def words(text: str) -> list[str]:
    """Split a line as a shell does, comments left out, and operators as words of their own."""
    found: list[str] = []
    for part, end in split_commands(text):
        found += _split(part)
        found += [end] if end != "\n" else []
    return found


def _split(text: str) -> list[str]:
    """Return a line's words; text with an open quote is split at its blanks."""
    lexer = shlex.shlex(text, posix=True, punctuation_chars=False)
    lexer.whitespace_split = True
    try:
        return list(lexer)
    except ValueError:
        return text.split()
