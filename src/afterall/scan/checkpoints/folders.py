"""Keep the directory that a thread looked into last open for the next of its files.

Invariant: a thread has one directory open at most, however many files it looks at; `close` leaves none.
"""

import os
import threading
from pathlib import Path

from afterall.scan.checkpoints.opening import descend


class Folders:
    """The directories below `root` that threads are in."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._by_thread: dict[int, tuple[str, int]] = {}

    def enter(self, path: str) -> int:
        """Return a descriptor of the directory, good until this thread enters another; raises OSError."""
        thread = threading.get_ident()
        last = self._by_thread.get(thread)
        if last is not None and last[0] == path:
            return last[1]
        descriptor = descend(self.root, path)
        self._by_thread[thread] = (path, descriptor)
        if last is not None:
            os.close(last[1])
        return descriptor

    def close(self) -> None:
        """Close every directory; no thread may be in one any more."""
        while self._by_thread:
            _, (_, descriptor) = self._by_thread.popitem()
            os.close(descriptor)
