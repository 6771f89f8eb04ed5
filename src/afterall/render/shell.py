"""Write the set's own paths as words of shell commands, for a shell in the set's own directory.

Invariant: a command does there what it did with absolute paths anywhere.
"""

import re
import shlex
from collections.abc import Iterable

from afterall.model.shell import relative, shell_word

__all__ = ["from_set", "shell_path", "shell_paths", "shell_word"]

_INSIDE = re.compile(r"(?P<before>.*?)\(cd (?P<place>(?:'[^']*'|\"'\"|[^\s'\"])+) && (?P<told>.*)\)")


def shell_path(path: str) -> str:
    """Return a relative path quoted for bash, one that looks like an option made to look like a path."""
    return shell_word(relative(path))


def shell_paths(paths: Iterable[str]) -> str:
    """Return paths quoted and in a row."""
    return " ".join(shell_path(path) for path in paths)


def from_set(command: str, set_dir: str) -> str:
    """Return one line of shell text with its paths relative to the set's absolute path, where it can be.

    Words that are paths are written anew. A path within a word stays absolute: it is a setting that a program
    keeps, as inspect-ai does with `model_path=…`. Where a command changes its directory first, only that
    directory is written anew: what follows is meant for a shell there, and may hold words of a person's own.
    """
    inside = _INSIDE.fullmatch(command)
    if inside is None:
        words = _unquoted(command)
        return command if words is None else " ".join(shell_word(_near(word, set_dir)) for word in words)
    place = _unquoted(inside["place"])
    if place is None or len(place) != 1:
        return command
    if place[0] == set_dir:
        return inside["before"] + inside["told"]
    return f"{inside['before']}(cd {shell_word(_near(place[0], set_dir))} && {inside['told']})"


def _unquoted(command: str) -> list[str] | None:
    """Return the words of a command, None where they would not be written as they are."""
    try:
        words = shlex.split(command)
    except ValueError:
        return None
    return words if " ".join(map(shell_word, words)) == command else None


def _near(word: str, set_dir: str) -> str:
    """Return a word relative to the set if it is a path below it."""
    below = f"{set_dir.rstrip('/')}/"
    return relative(word[len(below) :]) if word.startswith(below) and word != below else word
