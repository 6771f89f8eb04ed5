"""Hold a set's lock while its report is written, and say who holds it when it cannot be had.

The lock is advisory and may be local to one node (Lustre `localflock`, NFS `local_lock`), or not to be had at
all (an NFS server without a lock manager): it keeps two writers from doing the same work, nothing more.
"""

import errno
import os
import socket
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import BaseFileLock, FileLock, Timeout

from afterall.errors import PublishRefused
from afterall.publish.directory import opened, remove_links
from afterall.publish.place import Place

STATE_DIRECTORY = ".afterall"
"""Lock and cache; deleting it loses nothing."""
LOCK = "report.lock"
DEAD_AFTER_S = 600.0
"""Nobody holds the lock for so long: it is taken when a report is ready, to render and write it."""
_HOLDER = "report.holder"
_HAS_NO_LOCKS = frozenset({errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP})
"""flock(2), and what file systems answer besides."""


@contextmanager
def locked(set_dir: Path, timeout_s: float) -> Iterator[Place]:
    """Yield the place to publish in, alone; raise PublishRefused naming the holder after `timeout_s`.

    A holder of more than `DEAD_AFTER_S` is dead or hangs, and is not waited for any longer.
    """
    lock = FileLock(set_dir / STATE_DIRECTORY / LOCK, mode=0o666 & ~_umask())
    _prepare(set_dir)
    is_ours = _acquire(lock, set_dir, timeout_s)
    try:
        if is_ours:
            with suppress(OSError):  # who holds it is a courtesy to others, not a condition
                _write_holder(set_dir)
        yield Place(set_dir)
    finally:
        if is_ours:
            with suppress(OSError), opened(set_dir, STATE_DIRECTORY) as at:
                os.unlink(_HOLDER, dir_fd=at)
            lock.release()


def _prepare(set_dir: Path) -> None:
    try:
        with opened(set_dir, STATE_DIRECTORY, make=True) as at:
            remove_links(LOCK, at)
    except OSError as error:
        raise PublishRefused(set_dir / STATE_DIRECTORY, _reason(error)) from error


def _acquire(lock: BaseFileLock, set_dir: Path, timeout_s: float) -> bool:
    """Take the lock; return False where there are none, or where its holder must be dead.

    Some file servers keep a dead node's lock.
    """
    try:
        with warnings.catch_warnings(action="ignore"):  # filelock's, where it takes a file for flock(2)
            lock.acquire(timeout=timeout_s)
    except Timeout as error:
        if _held_for_s(set_dir) > DEAD_AFTER_S:
            return False
        raise PublishRefused(lock.lock_file, "the lock is held", holder=_read_holder(set_dir)) from error
    except OSError as error:
        if has_no_locks(error):
            return False
        raise PublishRefused(lock.lock_file, _reason(error)) from error
    return True


def has_no_locks(error: OSError) -> bool:
    """Tell whether filelock failed because there are no locks here, so that reports are written without."""
    return error.errno in _HAS_NO_LOCKS


def _held_for_s(set_dir: Path) -> float:
    """Return for how long the holder has had the lock: since its word, or where it left none since the file.

    Where there is no flock(2), filelock takes a file that flock(2) left behind, as after `cp -a`, for held.
    """
    for name in (_HOLDER, LOCK):
        with suppress(OSError), opened(set_dir, STATE_DIRECTORY) as at:
            return time.time() - os.lstat(name, dir_fd=at).st_mtime
    return 0.0


def _write_holder(set_dir: Path) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with opened(set_dir, STATE_DIRECTORY) as at:
        with suppress(FileNotFoundError):
            os.unlink(_HOLDER, dir_fd=at)
        with os.fdopen(os.open(_HOLDER, flags, 0o666, dir_fd=at), "w") as file:
            file.write(f"process {os.getpid()} on {socket.gethostname()}\n")


def _read_holder(set_dir: Path) -> str:
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        with opened(set_dir, STATE_DIRECTORY) as at:
            descriptor = os.open(_HOLDER, flags, dir_fd=at)
        try:
            text = os.read(descriptor, 200).decode("utf-8", "replace")
        finally:
            os.close(descriptor)
    except OSError:
        return "a process that left no name"
    return "".join(c for c in text.strip() if c.isprintable()) or "a process that left no name"


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


def _reason(error: OSError) -> str:
    if error.errno == errno.EACCES:
        return "permission denied"
    return (error.strerror or str(error)).lower()
