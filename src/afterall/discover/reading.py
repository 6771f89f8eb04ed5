"""Open and read small parts of files below a set without ever leaving it.

Invariant: every component of a path is opened relative to its parent with O_NOFOLLOW, only regular files are
read, and never more of them than asked for; what cannot be read so is empty bytes, because all that is read
here are hints.
"""

import os
import stat

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


def open_directory(root: str, path: str) -> int:
    """Return a descriptor of the directory `path` below `root`; "" is the root. Raises OSError."""
    fd = os.open(root, _DIRECTORY)
    for name in path.split("/") if path else ():
        try:
            below = os.open(_one_component(name), _DIRECTORY | os.O_NOFOLLOW, dir_fd=fd)
        finally:
            os.close(fd)
        fd = below
    return fd


def read_head(root: str, path: str, limit_bytes: int) -> bytes:
    """Return the first bytes of the file `path` below `root`."""
    return read_ends(root, path, limit_bytes, 0)


def read_ends(root: str, path: str, head_bytes: int, tail_bytes: int) -> bytes:
    """Return the first and the last bytes of a file, with a line break for what lies between them."""
    directory, _, name = path.rpartition("/")
    try:
        parent = open_directory(root, directory)
        try:
            fd = os.open(_one_component(name), _FILE, dir_fd=parent)
        finally:
            os.close(parent)
    except (OSError, ValueError):
        return b""
    try:
        return _read_ends(fd, head_bytes, tail_bytes)
    except OSError:
        return b""
    finally:
        os.close(fd)


def _read_ends(fd: int, head_bytes: int, tail_bytes: int) -> bytes:
    found = os.fstat(fd)
    if not stat.S_ISREG(found.st_mode):
        return b""
    if found.st_size <= head_bytes + tail_bytes:
        return os.pread(fd, head_bytes + tail_bytes, 0)
    head = os.pread(fd, head_bytes, 0)
    if not tail_bytes:
        return head
    return head + b"\n" + os.pread(fd, tail_bytes, found.st_size - tail_bytes)


def _one_component(name: str) -> str:
    if name in ("", ".", "..") or "/" in name:
        raise ValueError(f"{name!r} is not one name")
    return name
