"""Keep a directory open while several threads look at its files, and close it with the last of them.

Invariant: a directory is opened once, when first needed, and never stays open beyond its last use.
"""

import os
import threading
from pathlib import Path

from afterall.scan.checkpoints.opening import descend


class Folder:
    """A directory below `root` that will be entered exactly `uses` times."""

    def __init__(self, root: Path, path: str, uses: int) -> None:
        self._root = root
        self._path = path
        self._uses = uses
        self._lock = threading.Lock()
        self._descriptor: int | None = None

    def __enter__(self) -> int:
        """Return its descriptor; raises OSError, and then counts as used all the same."""
        with self._lock:
            if self._descriptor is None:
                try:
                    self._descriptor = descend(self._root, self._path)
                except OSError:
                    self._uses -= 1
                    raise
            return self._descriptor

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._uses -= 1
            if not self._uses:
                self.close()

    def close(self) -> None:
        """Close the descriptor if there is one; closing twice is harmless."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
