"""Take the options among a script's words apart as getopts does: bash(1), SHELL BUILTIN COMMANDS.

Invariant: pure and total.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple


class Option(NamedTuple):
    """What getopts says of one option: "?" where it knows no such letter, ":" where its argument lacks."""

    name: str
    argument: str | None
    """None where it sets none."""


def options_in(words: Sequence[str], known: str) -> tuple[list[Option], int]:
    """Return the options that words begin with, and how many words they are, by getopts' first word."""
    found: list[Option] = []
    at = 0
    while at < len(words) and words[at].startswith("-") and len(words[at]) > 1:
        at += 1
        if words[at - 1] == "--":
            break
        after = words[at : at + 1]
        for option, takes_next in _letters(words[at - 1][1:], after, known):
            found.append(option)
            at += takes_next
    return found, at


def _letters(letters: str, after: Sequence[str], known: str) -> Iterator[tuple[Option, bool]]:
    """Yield the options of one word, and whether the word behind it is the last one's argument."""
    is_silent = known.startswith(":")
    for place, letter in enumerate(letters, start=1):
        if letter == ":" or letter not in known:
            yield Option("?", letter if is_silent else None), False
        elif not known.partition(letter)[2].startswith(":"):
            yield Option(letter, None), False
        elif place < len(letters) or after:
            yield Option(letter, letters[place:] or after[0]), place == len(letters)
            return
        else:
            yield (Option(":", letter) if is_silent else Option("?", None)), False
