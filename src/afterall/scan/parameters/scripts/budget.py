"""Bound how much of a script is followed: no text keeps a report waiting for more than a few seconds.

Invariant: what is paid for is counted in commands; other work is weighed by what takes as long as one does.
"""

from collections.abc import Sequence, Sized

MOST_CHARACTERS = 1 << 21
"""That variables may grow the text of a script by: in `X=$X$X` they double."""
MOST_COMMANDS = 20_000
_SHORT = 512
_SIGNS_A_COMMAND = 16
_LINES_A_COMMAND = 64
_BYTES_A_COMMAND = 4096
_TRIES_A_COMMAND = 4_000
_FEW_WORDS = 64
_ITEMS_A_COMMAND = 256


class Budget:
    """How much a script and the shells within it may still grow by, and run."""

    def __init__(self, scripts: int = 1) -> None:
        """Take how many scripts may take as much as one may."""
        self.characters = MOST_CHARACTERS * scripts
        self.commands = MOST_COMMANDS * scripts

    @property
    def is_spent(self) -> bool:
        """Whether the script does more than is followed."""
        return self.commands < 0


def cost_of_text(text: str) -> int:
    """Return what it takes to look at each sign of a command's text, nothing for a short one's."""
    return max(0, len(text) - _SHORT) // _SIGNS_A_COMMAND


def cost_of_lines(lines: Sequence[str]) -> int:
    """Return what it takes to look into a file."""
    return len(lines) // _LINES_A_COMMAND + sum(map(len, lines)) // _BYTES_A_COMMAND


def cost_of_fitting(texts: Sequence[str]) -> int:
    """Return what it takes to try a pattern on every part of texts."""
    return sum(len(text) ** 2 for text in texts) // _TRIES_A_COMMAND


def cost_of_words(words: Sequence[str]) -> int:
    """Return what it takes to make a command's words, nothing for a few."""
    return max(0, len(words) - _FEW_WORDS) // 2


def cost_of_items(items: Sized) -> int:
    """Return what it takes to copy an array."""
    return len(items) // _ITEMS_A_COMMAND
