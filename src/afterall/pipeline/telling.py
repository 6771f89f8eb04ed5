"""Say how far long work has come, to whoever listens."""

from typing import Protocol


class Progress(Protocol):
    """What long work calls with the name of its step, and with how much of how much is done."""

    def __call__(self, step: str, done: int = 0, total: int = 0) -> None:
        """Tell where the work stands."""


def silent(step: str, done: int = 0, total: int = 0) -> None:
    """Listen to nothing."""
