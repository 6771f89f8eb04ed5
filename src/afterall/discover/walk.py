"""Walk a set once and note every entry below it.

Invariant: only directories are opened, each relative to its parent and never through a symbolic link; entries
are described by lstat alone; the walk is breadth-first and bounded, so that what a limit cuts off lies
deepest.
"""

import os
import stat
from collections import deque
from collections.abc import Callable
from itertools import islice

from msgspec import Struct

from afterall.discover.reading import open_directory
from afterall.errors import BadInput
from afterall.model import Entry, EntryKind

_FOREIGN = frozenset(
    {
        ".git", ".hg", ".svn", "__pycache__", ".venv", "venv", "virtualenv", "node_modules", "site-packages",
        ".tox", ".nox", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".ipynb_checkpoints", ".cache",
        ".snapshot", ".snapshots", ".zfs", ".Trash", "lost+found", "__MACOSX",
    }
)  # fmt: skip
"""Directories that are noted and not entered: no run writes its results there, and they may be huge."""

_ENVIRONMENT_MARKS = frozenset({"pyvenv.cfg", "conda-meta"})
"""A directory that holds one of these is a Python environment, whatever its name."""


class WalkLimits(Struct, frozen=True, kw_only=True):
    """How far a walk goes: entries in all and in any one directory, and levels below the set."""

    entries: int = 200_000
    entries_of_one_directory: int = 50_000
    depth: int = 12


class Walk(Struct, frozen=True, kw_only=True):
    """What a walk saw: entries sorted by path, and what it could not or would not see."""

    path: str
    owner_uid: int
    entries: tuple[Entry, ...]
    unreadable: tuple[str, ...]
    truncated: bool


def walk(set_dir: str, limits: WalkLimits, is_hidden: Callable[[str], bool] = lambda _: False) -> Walk:
    """Return everything below `set_dir`, without what `is_hidden` says of a path relative to it.

    The set itself may be reached through a link; raises BadInput where it is missing, no directory or
    unreadable.
    """
    path, owner_uid = _resolve(set_dir)
    entries: list[Entry] = []
    unreadable: list[str] = []
    truncated = False
    waiting = deque([("", 0)])
    while waiting:
        directory, depth = waiting.popleft()
        room = min(limits.entries_of_one_directory, limits.entries - len(entries))
        try:
            found, more = _list(path, directory, room)
        except OSError as error:
            if not directory:
                raise BadInput(set_dir, error.strerror or str(error)) from error
            if not isinstance(error, (FileNotFoundError, NotADirectoryError)):
                unreadable.append(directory)
            continue
        truncated |= more
        if directory and not _ENVIRONMENT_MARKS.isdisjoint(entry.name for entry in found):
            continue
        shown = [entry for entry in found if not is_hidden(entry.path)]
        entries.extend(shown)
        inside = [e.path for e in shown if e.kind is EntryKind.DIRECTORY and e.name not in _FOREIGN]
        truncated |= bool(inside) and depth >= limits.depth
        if depth < limits.depth:
            waiting.extend((name, depth + 1) for name in inside)
    return Walk(
        path=path,
        owner_uid=owner_uid,
        entries=tuple(sorted(entries, key=lambda entry: entry.path)),
        unreadable=tuple(sorted(unreadable)),
        truncated=truncated,
    )


def _resolve(set_dir: str) -> tuple[str, int]:
    """Return a directory's physical path and its owner."""
    try:
        path = os.path.realpath(set_dir)
        found = os.stat(path)
    except (OSError, ValueError) as error:
        raise BadInput(set_dir, getattr(error, "strerror", None) or str(error)) from error
    if not stat.S_ISDIR(found.st_mode):
        raise BadInput(set_dir, "is not a directory")
    return path, found.st_uid


def _list(root: str, directory: str, room: int) -> tuple[list[Entry], bool]:
    """Return at most `room` entries of one directory, sorted, and whether there are more."""
    fd = open_directory(root, directory)
    try:
        with os.scandir(fd) as listing:
            names = list(islice(listing, room))
            more = next(listing, None) is not None
        entries = [_entry(fd, f"{directory}/{item.name}".lstrip("/"), item.name) for item in names]
    finally:
        os.close(fd)
    return sorted((entry for entry in entries if entry), key=lambda entry: entry.path), more


def _entry(fd: int, path: str, name: str) -> Entry | None:
    try:
        found = os.stat(name, dir_fd=fd, follow_symlinks=False)
    except FileNotFoundError:
        return None
    return Entry(
        path=path,
        kind=_kind(found.st_mode),
        size_bytes=found.st_size,
        # POSIX leaves st_blocks' unit open; Linux counts 512 bytes on every file system.
        allocated_bytes=found.st_blocks * 512,
        mtime_ns=found.st_mtime_ns,
        mode=stat.S_IMODE(found.st_mode),
        inode=found.st_ino,
        device=found.st_dev,
        links=found.st_nlink,
        ctime_ns=found.st_ctime_ns,
    )


def _kind(mode: int) -> EntryKind:
    if stat.S_ISREG(mode):
        return EntryKind.FILE
    if stat.S_ISDIR(mode):
        return EntryKind.DIRECTORY
    return EntryKind.SYMLINK if stat.S_ISLNK(mode) else EntryKind.OTHER
