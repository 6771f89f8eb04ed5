"""Open what users left behind, and nothing else: regular files below the set, never waiting on them.

Invariant: no symbolic link is followed below the set, so no path leaves it; a FIFO, socket, device or
terminal is never read from; what is read whole is capped.
"""

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO

_CLOSED = os.O_CLOEXEC | os.O_NOFOLLOW
_FILE = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | _CLOSED
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | _CLOSED


def open_regular(set_dir: Path, relative_path: str) -> BinaryIO:
    """Return the regular file at `relative_path` ('/' between names) below `set_dir`, open for reading.

    Raises OSError: ELOOP or ENOTDIR for a symbolic link anywhere below the set, EINVAL for anything that is
    no regular file, EPERM for a path that leaves the set, and whatever the system says otherwise.
    """
    descriptor = _descend(set_dir, _components(relative_path))
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "not a regular file", relative_path)
    return os.fdopen(descriptor, "rb")


def read_whole(set_dir: Path, relative_path: str, limit_bytes: int) -> bytes:
    """Return the file's bytes; raise OSError as `open_regular` does, and EFBIG beyond `limit_bytes`."""
    with open_regular(set_dir, relative_path) as file:
        data = file.read(limit_bytes + 1)
    if len(data) > limit_bytes:
        raise OSError(errno.EFBIG, f"larger than {limit_bytes} bytes", relative_path)
    return data


def _components(relative_path: str) -> list[str]:
    parts = [part for part in relative_path.split("/") if part not in ("", ".")]
    if relative_path.startswith("/") or ".." in parts or not parts:
        raise OSError(errno.EPERM, "leaves the set", relative_path)
    if "\0" in relative_path:
        raise OSError(errno.EINVAL, "holds a NUL byte", relative_path.replace("\0", "?"))
    return parts


def _descend(set_dir: Path, parts: list[str]) -> int:
    """Open one component after the other, so that no directory can be swapped for a link meanwhile."""
    at = os.open(set_dir, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for part in parts[:-1]:
            below = os.open(part, _DIRECTORY, dir_fd=at)
            os.close(at)
            at = below
        return os.open(parts[-1], _FILE, dir_fd=at)
    finally:
        os.close(at)
