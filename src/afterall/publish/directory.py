"""Open the set's directory, or one of ours in it, by descriptor and without following a link below the set.

Invariant: what is read or written through such a descriptor lies in the set, whatever somebody else who may
write there puts in the way, and whenever he does.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC


@contextmanager
def opened(set_dir: Path, below: str = "", *, make: bool = False) -> Iterator[int]:
    """Yield a descriptor of `set_dir`, or of the directory named `below` in it; raise OSError for a link.

    With `make` that directory is made where it is missing; a link in its place makes way for it, and what the
    link points at is left alone.
    """
    with _closing(os.open(set_dir, _DIRECTORY)) as at:
        if not below:
            yield at
            return
        if make:
            _make(below, at)
        with _closing(os.open(below, _DIRECTORY | os.O_NOFOLLOW, dir_fd=at)) as inner:
            yield inner


def remove_links(name: str, at: int) -> None:
    """Remove what stands under a name of ours and is no file of the set's alone, as a link or a FIFO.

    A directory stays; whoever needs the name fails on it.
    """
    try:
        found = os.lstat(name, dir_fd=at)
    except FileNotFoundError:
        return
    is_own = stat.S_ISREG(found.st_mode) and found.st_nlink == 1
    if not is_own and not stat.S_ISDIR(found.st_mode):
        os.unlink(name, dir_fd=at)


def _make(name: str, at: int) -> None:
    try:
        os.mkdir(name, dir_fd=at)
    except FileExistsError:
        found = os.lstat(name, dir_fd=at).st_mode
        if stat.S_ISLNK(found):
            os.unlink(name, dir_fd=at)
            os.mkdir(name, dir_fd=at)
        elif not stat.S_ISDIR(found):
            raise


@contextmanager
def _closing(descriptor: int) -> Iterator[int]:
    try:
        yield descriptor
    finally:
        os.close(descriptor)
