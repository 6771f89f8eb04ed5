"""Keep what verification remembers in a file: in the set's `.afterall/`, or in the person's own cache.

Invariant: losing the file loses time only. It is believed only where it is this user's own and whole, written
by temporary file and rename, and never in a directory of somebody else's.
"""

import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec
import xxhash
from msgspec import Struct

from afterall.scan.checkpoints.remembering import Memory, Table

STATE_DIRECTORY = ".afterall"
NAME = "verified.cache"
MAX_BYTES = 64 << 20
"""A larger file is not read, and none is written."""
_MAGIC = b"afterall-verified-2\n"
_DIGEST_BYTES = 16
_FRAME_BYTES, _KEY_BYTES = 64, 2
"""More than stands before the two tables, and what MessagePack puts before a short key."""
_SETTINGS = "afterall.toml"
_LEVELS = 6
_ABANDONED_S = 600
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def memory_directory(start: Path, *, is_set: bool = False, looks_like_set: bool = False) -> Path | None:
    """Return where to remember what lies at `start`, an absolute path without links.

    `start`'s own `.afterall` where it `is_set`; else the nearest one, or that of the nearest directory with
    an afterall.toml, at most six levels above; else `start`'s own where it `looks_like_set`: each only where
    the directory is this user's. Otherwise a directory in the user's cache ($XDG_CACHE_HOME, or ~/.cache);
    None for a user without a home.
    """
    if is_set and _is_own(start):
        return start / STATE_DIRECTORY
    for directory in [start, *start.parents][:_LEVELS]:
        if _is_own(directory) and (_is_own(directory / STATE_DIRECTORY) or (directory / _SETTINGS).is_file()):
            return directory / STATE_DIRECTORY
    if looks_like_set and _is_own(start):
        return start / STATE_DIRECTORY
    given = os.environ.get("XDG_CACHE_HOME", "")
    base = given if given.startswith("/") else os.path.expanduser("~/.cache")
    name = xxhash.xxh3_64(os.fsencode(start)).hexdigest()
    return Path(base, "afterall", name) if base.startswith("/") else None


def remembers_any(start: Path) -> bool:
    """Return whether anything is remembered of what lies at `start`, an absolute path without links."""
    directories = (memory_directory(start), start / STATE_DIRECTORY)
    return any(directory is not None and os.path.isfile(directory / NAME) for directory in directories)


def read_memory(directory: Path | None) -> Memory:
    """Return what was remembered in `directory`, nothing where there is nothing that can be believed."""
    if directory is None:
        return Memory()
    with suppress(OSError), _opened(directory) as descriptor:
        file = os.open(NAME, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=descriptor)
        with open(file, "rb") as opened:
            status = os.fstat(file)
            if stat.S_ISREG(status.st_mode) and status.st_uid == os.geteuid() and status.st_size <= MAX_BYTES:
                tables = parse_tables(opened.read(MAX_BYTES + 1))
                return Memory(lambda: parse_table(tables.others), outcomes=parse_table(tables.outcomes))
    return Memory()


def write_memory(directory: Path | None, memory: Memory) -> bool:
    """Keep what was remembered for the next time, if anything is new; return whether it was written.

    Where it cannot be kept, because the disk is full or the directory somebody else's, it is not.
    """
    if directory is None or not memory.has_learned:
        return False
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with _opened(directory) as descriptor:
            return _replace(descriptor, render_memory(memory))
    except OSError:
        return False


class Tables(Struct, frozen=True, array_like=True):
    """A file's two tables, each as MessagePack: whoever finds the whole answer needs no other."""

    outcomes: memoryview = memoryview(b"")
    others: memoryview = memoryview(b"")


def parse_tables(data: bytes) -> Tables:
    """Return the tables in a file's bytes, empty ones where they are damaged."""
    begin = len(_MAGIC) + _DIGEST_BYTES
    tables = memoryview(data)[begin:]
    if not data.startswith(_MAGIC) or xxhash.xxh3_128(tables).digest() != data[len(_MAGIC) : begin]:
        return Tables()
    try:
        return msgspec.msgpack.decode(tables, type=Tables)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return Tables()


def parse_table(table: memoryview) -> Table:
    """Return what a table holds, nothing where it is of another form."""
    try:
        return msgspec.msgpack.decode(table, type=Table)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return {}


def render_memory(memory: Memory, most_bytes: int = MAX_BYTES) -> bytes:
    """Return a file's bytes: what was used first, then of the rest what there is room for.

    What was read comes before whole answers, which are soon found again from it.
    """
    room = most_bytes - _FRAME_BYTES
    others: Table = {}
    outcomes: Table = {}
    for kept, table in (
        (others, memory.used),
        (outcomes, memory.used_outcomes),
        (others, memory.unused),
        (outcomes, memory.unused_outcomes),
    ):
        for key, raw in table.items():
            size = _KEY_BYTES + len(key) + len(raw)
            if size <= room:
                room -= size
                kept[key] = raw
    tables = msgspec.msgpack.encode([msgspec.msgpack.encode(table) for table in (outcomes, others)])
    return _MAGIC + xxhash.xxh3_128(tables).digest() + tables


def _is_own(directory: Path) -> bool:
    try:
        status = directory.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid()


@contextmanager
def _opened(directory: Path) -> Iterator[int]:
    descriptor = os.open(directory, _DIRECTORY)
    try:
        if os.fstat(descriptor).st_uid != os.geteuid():
            raise PermissionError(directory)
        yield descriptor
    finally:
        os.close(descriptor)


def _replace(directory: int, data: bytes) -> bool:
    """Write the file under a temporary name and rename it; give way to another who is writing it now."""
    temporary = f"{NAME}.tmp"
    with suppress(FileNotFoundError):
        if os.stat(temporary, dir_fd=directory, follow_symlinks=False).st_mtime < time.time() - _ABANDONED_S:
            os.unlink(temporary, dir_fd=directory)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        file = os.open(temporary, flags, 0o644, dir_fd=directory)
    except FileExistsError:
        return False
    try:
        with open(file, "wb") as opened:
            opened.write(data)
        os.replace(temporary, NAME, src_dir_fd=directory, dst_dir_fd=directory)
    except OSError:
        os.unlink(temporary, dir_fd=directory)
        raise
    return True
