"""Probe what a lock is worth between two processes, on one mount or two, and whether a rename replaces.

Correctness never rests on the lock (two writers give the same bytes); it only saves work. What is told is
what was tried: two processes of one host say nothing of two nodes.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from afterall.diagnose.check import Check, doubt, good, unknown, wrong
from afterall.diagnose.lock_trial import FLOCK, Trial, Turn, try_once, trying
from afterall.diagnose.probing import NotRootsOwn, make_file, real_place

AREA = "locking"
HARMLESS = "Reports are right all the same; two writers at once do the work twice."
_LOCK = "lock"
_CODES = tuple(Turn)


def check_locking(place: Path) -> Iterator[Check]:
    """Yield what a lock does between two processes on this host, and whether rename(2) replaces."""
    first, second = _two_processes(place / _LOCK, place / _LOCK)
    yield _on_one_mount(first, second)
    yield _rename(place)


def check_mounts(place: Path, also_at: Path) -> Iterator[Check]:
    """Yield what a lock that is taken at `place` does to a process that comes by the set's other mount."""
    other = real_place(also_at) / place.name
    token = os.urandom(8)
    make_file(place / "token", token)
    try:
        is_same = (other / "token").read_bytes() == token
    except OSError:
        is_same = False
    if not is_same:
        found = "is not the same directory: what was made in the set is not seen there"
        yield wrong(AREA, str(also_at), found, "Give the set's path below the other mount.")
        return
    is_one_mount = os.stat(place).st_dev == os.stat(other).st_dev
    first, second = _two_processes(place / _LOCK, other / _LOCK)
    yield _between_mounts(str(also_at), first, second, is_one_mount=is_one_mount)


def no_place(directory: Path, error: OSError) -> Check:
    """Return the check of a directory in which nothing can be made, or is not."""
    if isinstance(error, NotRootsOwn):
        fix = "Run afterall doctor SET as the user whose set it is."
        return unknown(AREA, str(directory), f"not tried as root: others can change {error.filename}", fix)
    reason = (error.strerror or str(error)).lower()
    found = f"nothing can be written here: {reason}"
    return wrong(AREA, str(directory), found, "The report is written into the set.")


def not_lockable(trial: Trial) -> Check:
    """Return the check of a lock of our own that was not taken."""
    found = f"cannot be taken: {trial.how or 'somebody else has it'}"
    if trial.turn is Turn.NO_LOCKS:
        return doubt(AREA, "lock", f"{found}; reports are written without", HARMLESS)
    return wrong(AREA, "lock", found, "A report would be refused: make the lock work, or use another disk.")


def _on_one_mount(first: Trial, second: Trial) -> Check:
    if first.turn is not Turn.TAKEN:
        return not_lockable(first)
    kind = "" if first.how == FLOCK else f"by {first.how}, as there is no flock(2) here: "
    match second.turn:
        case Turn.KEPT_OUT:
            found = f"{kind}a second process on this host is kept out; another mount or node was not asked"
            return good(AREA, "lock", found)
        case Turn.TAKEN:
            return doubt(AREA, "lock", f"{kind}a second process got what a first one held", HARMLESS)
        case Turn.FAILED | Turn.NO_LOCKS:
            return unknown(AREA, "lock", "a second process could not try for it")


def _between_mounts(subject: str, first: Trial, second: Trial, *, is_one_mount: bool) -> Check:
    if first.turn is not Turn.TAKEN:
        return not_lockable(first)
    match second.turn:
        case Turn.TAKEN:
            found = "a process that came this way got the lock: it holds within one mount only"
            return doubt(AREA, subject, found, HARMLESS)
        case Turn.FAILED | Turn.NO_LOCKS:
            return unknown(AREA, subject, "a process that came this way could not try for the lock")
        case Turn.KEPT_OUT if is_one_mount:
            found = "is the same mount to the kernel: it keeps a process out, but two mounts were not tried"
            fix = "Mount it apart (NFS: -o nosharecache), or ask two nodes: srun -N2 afterall doctor SET."
            return unknown(AREA, subject, found, fix)
        case Turn.KEPT_OUT:
            return good(AREA, subject, "a process that comes by this other mount of the host is kept out")


def _two_processes(mine: Path, its: Path) -> tuple[Trial, Trial]:
    """Take the lock by one path, and let another process try for it by the other meanwhile."""
    wake, awake = os.pipe()
    pid = os.fork()  # before this process knows of any lock: filelock keeps track of those it has
    if pid == 0:
        code = _CODES.index(Turn.FAILED)
        with suppress(BaseException):
            os.close(awake)
            os.read(wake, 1)
            code = _CODES.index(try_once(its).turn)
        os._exit(code)
    os.close(wake)
    with trying(mine) as first:
        os.close(awake)
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return first, Trial(_CODES[code] if 0 <= code < len(_CODES) else Turn.FAILED)


def _rename(place: Path) -> Check:
    old, new = place / "report", place / "report.tmp"
    make_file(old, b"old")
    make_file(new, b"new")
    with new.open("rb+") as file:
        os.fsync(file.fileno())
    os.replace(new, old)
    if old.read_bytes() != b"new" or new.exists():
        return wrong(
            AREA, "rename", "does not replace a file", "Reports could be lost here: use another disk."
        )
    return good(AREA, "rename", "replaces a file in one step")
