"""Walk a directory that a person named, once and bounded, into the entries that every stage speaks of.

Invariant: no link is followed, nothing is opened but directories, and the order is that of the paths.
"""

import os
import stat
from collections.abc import Callable
from contextlib import closing
from itertools import chain, islice
from operator import attrgetter
from pathlib import Path

from msgspec import Struct

from afterall.model import Entry, EntryKind
from afterall.scan.checkpoints.crew import work
from afterall.scan.checkpoints.entries import IGNORED_DIRECTORIES

MAX_ENTRIES = 2_000_000
MAX_DEPTH = 64
MANY = 1_000
_BLOCK_BYTES = 512
_path = attrgetter("path")
_DIRECTORY, _OTHER = EntryKind.DIRECTORY, EntryKind.OTHER
"""Python 3.11 takes ten times as long to find them in their class."""
_KINDS = {stat.S_IFREG: EntryKind.FILE, stat.S_IFDIR: _DIRECTORY, stat.S_IFLNK: EntryKind.SYMLINK}


class Walk(Struct, frozen=True):
    """What lies below a directory; paths relative to the root that the walk was given."""

    entries: tuple[Entry, ...]
    unreadable: tuple[str, ...] = ()
    """Directories that could not be listed."""
    is_truncated: bool = False


def entry_of(path: str, status: os.stat_result) -> Entry:
    """Return what `lstat` says of the file at `path`."""
    mode = status.st_mode
    return Entry(  # by place, which takes a quarter less time than by name
        path,
        _KINDS.get(stat.S_IFMT(mode), _OTHER),
        status.st_size,
        status.st_blocks * _BLOCK_BYTES,
        status.st_mtime_ns,
        stat.S_IMODE(mode),
        status.st_ino,
        status.st_dev,
        status.st_nlink,
        status.st_ctime_ns,
    )


def walk(
    root: Path, start: str, jobs: int | None = None, on_many: Callable[[int], None] | None = None
) -> Walk:
    """Return everything below `start`, a directory below `root`, trackers and caches left out.

    Directories equally deep are listed, and their files looked at, by at most `jobs` threads. `on_many` is
    told how much was found so far, each time that it is MANY more.
    """
    looking = _Looking(str(root))
    entries: list[Entry] = []
    level = [start]
    for _ in range(MAX_DEPTH + 1):
        below = []
        with (
            closing(work(level, looking.listed, jobs)) as listings,
            closing(work(chain.from_iterable(listings), looking.seen, jobs)) as found,
        ):
            for entry in found:
                if entry is None:
                    continue
                entries.append(entry)
                if entry.kind is _DIRECTORY:
                    below.append(entry.path)
                if on_many is not None and len(entries) % MANY == 0:
                    on_many(len(entries))
                if len(entries) > MAX_ENTRIES:
                    break
        level = below
        if not level or len(entries) > MAX_ENTRIES:
            break
    entries.sort(key=_path)
    is_truncated = bool(level) or len(entries) > MAX_ENTRIES
    return Walk(tuple(entries), tuple(sorted(looking.unreadable)), is_truncated)


class _Looking:
    """Lists directories below `root` and looks at what is in them, by several threads."""

    def __init__(self, root: str) -> None:
        self._root = root
        self.unreadable: set[str] = set()

    def listed(self, directory: str) -> list[tuple[str, os.DirEntry[str]]]:
        prefix = f"{directory}/" if directory else ""
        try:
            with os.scandir(f"{self._root}/{directory}") as listing:
                some = islice(listing, MAX_ENTRIES + 1)
                return [(prefix + item.name, item) for item in some if item.name not in IGNORED_DIRECTORIES]
        except OSError:
            self.unreadable.add(directory)
            return []

    def seen(self, found: tuple[str, os.DirEntry[str]]) -> Entry | None:
        path, item = found
        try:
            return entry_of(path, item.stat(follow_symlinks=False))
        except FileNotFoundError:  # removed since its directory was listed
            return None
        except OSError:
            self.unreadable.add(path.rpartition("/")[0])
            return None
