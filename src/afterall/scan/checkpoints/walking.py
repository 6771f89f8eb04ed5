"""Walk a directory that a person named, once and bounded, into the entries that every stage speaks of.

Invariant: no link is followed, nothing is opened but directories, and the order is that of the paths.
"""

import os
import stat
from pathlib import Path

from msgspec import Struct

from afterall.model import Entry, EntryKind
from afterall.scan.checkpoints.entries import IGNORED_DIRECTORIES

MAX_ENTRIES = 2_000_000
MAX_DEPTH = 64
_BLOCK_BYTES = 512


class Walk(Struct, frozen=True):
    """What lies below a directory; paths relative to the root that the walk was given."""

    entries: tuple[Entry, ...]
    unreadable: tuple[str, ...] = ()
    """Directories that could not be listed."""
    is_truncated: bool = False


def entry_of(path: str, status: os.stat_result) -> Entry:
    """Return what `lstat` says of the file at `path`."""
    return Entry(
        path=path,
        kind=_kind(status.st_mode),
        size_bytes=status.st_size,
        allocated_bytes=status.st_blocks * _BLOCK_BYTES,
        mtime_ns=status.st_mtime_ns,
        mode=stat.S_IMODE(status.st_mode),
        inode=status.st_ino,
        device=status.st_dev,
        links=status.st_nlink,
    )


def walk(root: Path, start: str) -> Walk:
    """Return everything below `start`, a directory below `root`, trackers and caches left out."""
    entries: list[Entry] = []
    unreadable: list[str] = []
    waiting = [(start, 0)]
    truncated = False
    while waiting and not truncated:
        directory, depth = waiting.pop()
        try:
            found = _list(root, directory)
        except OSError:
            unreadable.append(directory)
            continue
        entries.extend(found)
        inside = [entry.path for entry in found if entry.kind is EntryKind.DIRECTORY]
        truncated = len(entries) > MAX_ENTRIES or (bool(inside) and depth >= MAX_DEPTH)
        waiting.extend((path, depth + 1) for path in inside)
    ordered = sorted(entries, key=lambda entry: entry.path)
    return Walk(tuple(ordered), tuple(sorted(unreadable)), truncated)


def _list(root: Path, directory: str) -> list[Entry]:
    prefix = f"{directory}/" if directory else ""
    with os.scandir(root / directory) as listing:
        return [
            entry_of(prefix + item.name, item.stat(follow_symlinks=False))
            for item in listing
            if item.name not in IGNORED_DIRECTORIES
        ]


def _kind(mode: int) -> EntryKind:
    if stat.S_ISREG(mode):
        return EntryKind.FILE
    if stat.S_ISDIR(mode):
        return EntryKind.DIRECTORY
    return EntryKind.SYMLINK if stat.S_ISLNK(mode) else EntryKind.OTHER
