"""Tell whoever asked how far an examination has come.

Invariant: told from the asking thread alone, with bytes that only grow and end at the total.
"""

from collections.abc import Callable

from msgspec import Struct


class Progress(Struct, frozen=True):
    """How far an examination is; in the values tier a file's bytes count as its weights are read."""

    path: str
    """What was looked at last."""
    done_bytes: int
    total_bytes: int


class Meter:
    """Adds up what is done and reports it, in the quick tier once a file."""

    def __init__(self, total_bytes: int, report: Callable[[Progress], None] | None) -> None:
        self._total = total_bytes
        self._done = 0
        self._report = report

    def add(self, path: str, size_bytes: int) -> None:
        """Note that `size_bytes` more are done, at `path`."""
        self._done = min(self._done + size_bytes, self._total)
        if self._report is not None:
            self._report(Progress(path, self._done, self._total))
