"""Try for a lock as a report takes it, by filelock, and tell what came of it without waiting."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path

from filelock import BaseFileLock, FileLock, Timeout
from msgspec import Struct

from afterall.publish.lock import has_no_locks


class Turn(StrEnum):
    """What came of one try."""

    TAKEN = "taken"
    KEPT_OUT = "kept_out"
    """Somebody else has it."""
    NO_LOCKS = "no_locks"
    """There are none here; reports are written without."""
    FAILED = "failed"
    """So would a report."""


class Trial(Struct, frozen=True):
    """One try for the lock."""

    turn: Turn
    how: str = ""
    """The kind of lock that was taken, or why it failed."""


FLOCK = "flock"
LOCK_FILE = "a lock file"
"""filelock's way where flock(2) fails with ENOSYS: a file that is made only where there is none."""


@contextmanager
def trying(path: Path) -> Iterator[Trial]:
    """Yield what came of one try, and hold the lock meanwhile if it was taken."""
    lock: BaseFileLock = FileLock(path)
    try:
        # Where the file system has no flock(2), filelock warns and turns the lock into a SoftFileLock.
        with warnings.catch_warnings(record=True, action="always") as warned:
            lock.acquire(timeout=0)
    except Timeout:
        yield Trial(Turn.KEPT_OUT)
        return
    except OSError as error:
        turn = Turn.NO_LOCKS if has_no_locks(error) else Turn.FAILED
        yield Trial(turn, (error.strerror or str(error)).lower())
        return
    try:
        yield Trial(Turn.TAKEN, LOCK_FILE if warned else FLOCK)
    finally:
        lock.release()


def try_once(path: Path) -> Trial:
    """Return what came of one try, the lock given back."""
    with trying(path) as trial:
        return trial
