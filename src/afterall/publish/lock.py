"""Hold a set's lock while its report is written, and say who holds it when it cannot be had.

The lock is advisory and may be local to one node (Lustre `localflock`, NFS `local_lock`): it keeps
two writers from doing the same work, nothing more.
"""

import errno
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from afterall.errors import PublishRefused
from afterall.publish.place import Place

STATE_DIRECTORY = ".afterall"
"""Lock and cache; deleting it loses nothing."""


@contextmanager
def locked(set_dir: Path, timeout_s: float) -> Iterator[Place]:
    """Yield the place to publish in, alone; raise PublishRefused naming the holder after `timeout_s`."""
    state = set_dir / STATE_DIRECTORY
    try:
        state.mkdir(exist_ok=True)
    except OSError as error:
        raise PublishRefused(state, _reason(error)) from error
    lock = FileLock(state / "report.lock", mode=0o666 & ~_umask())
    holder = state / "report.holder"
    try:
        lock.acquire(timeout=timeout_s)
    except Timeout as error:
        raise PublishRefused(lock.lock_file, "the lock is held", holder=_read_holder(holder)) from error
    except OSError as error:
        raise PublishRefused(lock.lock_file, _reason(error)) from error
    try:
        with suppress(OSError):  # who holds it is a courtesy to others, not a condition
            holder.write_text(f"process {os.getpid()} on {socket.gethostname()}\n")
        yield Place(set_dir)
    finally:
        with suppress(OSError):
            holder.unlink()
        lock.release()


def _read_holder(path: Path) -> str:
    try:
        with path.open("rb") as file:
            text = file.read(200).decode("utf-8", "replace")
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
