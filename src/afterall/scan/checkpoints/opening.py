"""Open files of a checkpoint by their directory, once, and read them at offsets.

Invariant: no symbolic link is followed below the root, a directory is never read as a file, and nothing but
regular files is read from; every descriptor is closed by the block that opened it.
"""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

_CLOSED = os.O_CLOEXEC | os.O_NOFOLLOW
FILE_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | _CLOSED
_DIRECTORY = os.O_PATH | os.O_DIRECTORY | _CLOSED
"""Only gone through: who may enter a directory need not be allowed to list it."""
BLOCK_BYTES = 512
"""st_blocks counts these, whatever the file system's own block is."""
_MOST_HOLES = 64


def can_be_listed(root: Path, path: str) -> bool:
    """Return whether this process may see what lies in a directory below `root`."""
    try:
        with open_directory(root, path) as directory:
            os.close(os.open(".", os.O_RDONLY | os.O_DIRECTORY | _CLOSED, dir_fd=directory))
            os.stat(".", dir_fd=directory)
    except OSError:
        return False
    return True


class OpenFile:
    """A regular file, open for reading until its block ends; `size` is what it was when it was opened."""

    __slots__ = ("_descriptor", "_status", "size")

    def __init__(self, descriptor: int, status: os.stat_result) -> None:
        self._descriptor = descriptor
        self._status = status
        self.size = status.st_size

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)

    @property
    def descriptor(self) -> int:
        """Its file descriptor, good for as long as the block that opened it lasts."""
        return self._descriptor

    @property
    def identity(self) -> tuple[int, int, int, int]:
        """Device, inode, size and modification time: equal while the file is the same and unchanged."""
        status = self._status
        return (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)

    def is_unwritten(self, begin: int, end: int) -> bool:
        """Return whether bytes [begin, end) were never written, as far as the file system tells."""
        if self._status.st_blocks * BLOCK_BYTES >= self.size:
            return False
        return self._next_data(begin) >= end

    def is_unchanged(self) -> bool:
        """Return whether the file still is as long, and as old, as when it was opened; raises OSError."""
        now = os.fstat(self._descriptor)
        return (now.st_size, now.st_mtime_ns) == (self._status.st_size, self._status.st_mtime_ns)

    def read(self, offset: int, length: int) -> bytes:
        """Return at most `length` bytes at `offset`; raises OSError."""
        return os.pread(self._descriptor, length, offset)

    def read_into(self, offset: int, buffer: memoryview) -> int:
        """Fill `buffer` from `offset` and return how many bytes there were; raises OSError."""
        return os.preadv(self._descriptor, [buffer], offset)

    def holes(self) -> tuple[tuple[int, int], ...]:
        """Return the first runs of bytes that were never written; looked for only where blocks are short."""
        if self._status.st_blocks * BLOCK_BYTES >= self.size:
            return ()
        found: list[tuple[int, int]] = []
        at = 0
        while len(found) < _MOST_HOLES:
            begin = os.lseek(self._descriptor, at, os.SEEK_HOLE)
            if begin >= self.size:
                break
            at = self._next_data(begin)
            found.append((begin, at))
            if at >= self.size:
                break
        return tuple(found)

    def _next_data(self, begin: int) -> int:
        try:
            return os.lseek(self._descriptor, begin, os.SEEK_DATA)
        except OSError as error:
            if error.errno == errno.ENXIO:  # no data up to the end
                return self.size
            raise


def descend(root: Path, relative_path: str) -> int:
    """Return a descriptor of the directory at `relative_path` below `root`, to be closed; raises OSError.

    One name is opened after the other, so that none can be swapped for a link meanwhile.
    """
    parts = [part for part in relative_path.split("/") if part not in ("", ".")]
    if relative_path.startswith("/") or ".." in parts:
        raise OSError(errno.EPERM, "leaves the root", relative_path)
    descriptor = os.open(root, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    for part in parts:
        try:
            below = os.open(part, _DIRECTORY, dir_fd=descriptor)
        finally:
            os.close(descriptor)
        descriptor = below
    return descriptor


@contextmanager
def open_directory(root: Path, relative_path: str) -> Iterator[int]:
    """Open the directory at `relative_path` below `root` for as long as the block lasts; raises OSError."""
    descriptor = descend(root, relative_path)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def open_path(root: Path, relative_path: str) -> Iterator["OpenFile"]:
    """Open the regular file at `relative_path` below `root`; raises OSError."""
    directory, _, name = relative_path.rpartition("/")
    with open_directory(root, directory) as descriptor, open_file(descriptor, name) as file:
        yield file


def open_file(directory: int, name: str) -> OpenFile:
    """Open the regular file `name` of an open directory; raises OSError, EINVAL for anything else."""
    descriptor = os.open(name, FILE_FLAGS, dir_fd=directory)
    try:
        return OpenFile(descriptor, _regular(descriptor, name))
    except OSError:
        os.close(descriptor)
        raise


def _regular(descriptor: int, name: str) -> os.stat_result:
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "not a regular file", name)
    return status
