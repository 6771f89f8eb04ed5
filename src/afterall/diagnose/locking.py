"""Probe what locks are worth in a directory: two processes ask for one, and a rename replaces whole files.

Correctness never rests on the lock (two writers give the same bytes); it only saves work.
"""

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from afterall.diagnose.check import Check, doubt, good, unknown, wrong

AREA = "locking"
_HELD, _HAD, _REFUSED = 0, 1, 2


def check_locking(directory: Path) -> Iterator[Check]:
    """Yield what flock(2) does between two processes on this host, and whether rename(2) replaces."""
    try:
        with tempfile.TemporaryDirectory(dir=directory, prefix=".afterall-doctor-") as place:
            yield _flock(Path(place, "lock"))
            yield _rename(Path(place))
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        yield wrong(
            AREA,
            str(directory),
            f"nothing can be written here: {reason}",
            "The report is written into the set.",
        )


def _flock(path: Path) -> Check:
    with path.open("wb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            return doubt(
                AREA,
                "flock",
                f"is not supported here: {error.strerror}",
                "Reports are written all the same; two at once do the work twice.",
            )
        second = _second_process(path)
    if second == _HAD:
        return doubt(
            AREA,
            "flock",
            "a second process got the lock that a first one held",
            "Reports are written all the same; two at once do the work twice.",
        )
    if second == _HELD:
        return good(AREA, "flock", "a second process waits for the first")
    return unknown(AREA, "flock", "a second process could not open the lock file")


def _second_process(path: Path) -> int:
    """Try for the lock in a process of its own; return what came of it."""
    pid = os.fork()
    if pid == 0:
        outcome = _REFUSED
        with suppress(BaseException):
            descriptor = os.open(path, os.O_RDWR)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                outcome = _HAD
            except BlockingIOError:
                outcome = _HELD
        os._exit(outcome)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _rename(place: Path) -> Check:
    old, new = place / "report", place / "report.tmp"
    old.write_bytes(b"old")
    new.write_bytes(b"new")
    with new.open("rb+") as file:
        os.fsync(file.fileno())
    os.replace(new, old)
    if old.read_bytes() != b"new" or new.exists():
        return wrong(
            AREA, "rename", "does not replace a file", "Reports could be lost here: use another disk."
        )
    return good(AREA, "rename", "replaces a file in one step")
