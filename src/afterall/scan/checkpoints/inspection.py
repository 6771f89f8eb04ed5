"""Look at files of a checkpoint one by one: one open, one read of the first bytes, and what the format asks.

Invariant: total over whatever lies there; a file that cannot be read is a fault of that file. Large headers
are read one at a time, so that memory does not grow with the number of threads.
"""

import errno
import posixpath
import threading
from pathlib import Path
from typing import Self

from msgspec import Struct
from msgspec.structs import replace

from afterall.model import Entry, EntryKind, FileRole, FindingCode
from afterall.scan.checkpoints.formats import Contents, Fault, read_contents
from afterall.scan.checkpoints.layouts.shape import WEIGHT_ROLES
from afterall.scan.checkpoints.links import follow
from afterall.scan.checkpoints.opening import OpenFile, open_directory, open_file

HEAD_BYTES = 1 << 16
"""One read of this covers nearly every header, index and configuration."""
_LARGE_BYTES = 1 << 20
_READ_ROLES = WEIGHT_ROLES | {
    FileRole.WEIGHTS_INDEX,
    FileRole.ADAPTER_CONFIG,
    FileRole.MODEL_CONFIG,
    FileRole.TOKENIZER,
    FileRole.OPTIMIZER,
    FileRole.TRAINER_STATE,
    FileRole.RUN_CONFIG,
}
_NEVER_READ = ("distcp", "yaml", "yml", "txt", "model", "jinja", "jsonl", "toml", "py")
"""Data judged through another file, and text that has no structure to judge."""

_large = threading.Lock()


class Inspection(Struct, frozen=True, kw_only=True):
    """One file of a checkpoint and what it holds; `contents` None: there was no reason to open it."""

    path: str
    role: FileRole
    entry: Entry
    size_bytes: int
    """The target's size where the entry is a link that was followed."""
    contents: Contents | None = None
    target: str | None = None
    """Where the entry's link leads, relative to the root; None for anything but a link inside."""
    identity: tuple[int, int, int, int] | None = None
    """Device, inode, size and mtime when it was opened."""
    is_set_aside: bool = False
    """True where tensors and document were dropped, being large, until they are needed."""

    def set_aside(self) -> "Inspection":
        """Return the same without tensors and document, to be inspected again when they are needed."""
        if self.contents is None or (self.contents.tensors is None and self.contents.document is None):
            return self
        return replace(self, contents=replace(self.contents, tensors=None, document=None), is_set_aside=True)

    @property
    def faults(self) -> tuple[Fault, ...]:
        """What is wrong with the file by itself."""
        return self.contents.faults if self.contents is not None else ()

    @property
    def name(self) -> str:
        """The last component of its path."""
        return self.path.rpartition("/")[2]

    @property
    def parent(self) -> str:
        """The directory it lies in."""
        return self.path.rpartition("/")[0]


def is_read(role: FileRole, name: str) -> bool:
    """Return True where a file of this role and name is opened at all."""
    return role in _READ_ROLES and name.rpartition(".")[2].lower() not in _NEVER_READ


def inspect(root: Path, directory: int, entry: Entry, role: FileRole) -> Inspection:
    """Look at one entry of the open `directory`; `root` is the boundary that no link may cross."""
    if not is_read(role, entry.name):
        return _listed(entry, role)
    if entry.kind not in (EntryKind.FILE, EntryKind.SYMLINK):
        return _unread(entry, role, Fault(FindingCode.FILE_UNREADABLE, {"reason": "not_a_regular_file"}))
    try:
        if entry.kind is EntryKind.FILE:
            return _opened(directory, entry.name, entry, role)
        target = follow(root, entry.path)
        if target is None:
            return _unread(entry, role, Fault(FindingCode.FILE_LINKED_OUTSIDE))
        with open_directory(root, posixpath.dirname(target)) as inside:
            found = _opened(inside, posixpath.basename(target), entry, role)
        return replace(found, target=target)
    except OSError as error:
        return unreadable(entry, role, error)


def _opened(directory: int, name: str, entry: Entry, role: FileRole) -> Inspection:
    with open_file(directory, name) as file:
        return Inspection(
            path=entry.path,
            role=role,
            entry=entry,
            size_bytes=file.size,
            contents=_contents(entry.name, file),
            identity=file.identity,
        )


def _contents(name: str, file: OpenFile) -> Contents:
    head = file.read(0, HEAD_BYTES)
    if len(head) == file.size:
        return read_contents(name, file, head)
    with _Rationed(file) as rationed:
        return read_contents(name, rationed, head)


def _listed(entry: Entry, role: FileRole) -> Inspection:
    """Take a file as the walk saw it; an empty one is a fault where it ought to hold something."""
    is_empty = entry.kind is EntryKind.FILE and entry.size_bytes == 0 and role in _READ_ROLES
    if is_empty:
        return _unread(entry, role, Fault(FindingCode.FILE_EMPTY))
    return Inspection(path=entry.path, role=role, entry=entry, size_bytes=entry.size_bytes)


def inspect_again(root: Path, file: Inspection) -> Inspection:
    """Look at a file once more, for what was set aside."""
    try:
        with open_directory(root, file.parent) as directory:
            return inspect(root, directory, file.entry, file.role)
    except OSError as error:
        return unreadable(file.entry, file.role, error)


def unreadable(entry: Entry, role: FileRole, error: OSError) -> Inspection:
    """Return a file that could not be read, with the system's own name for why."""
    reason = errno.errorcode.get(error.errno or errno.EIO, "EIO")
    return _unread(entry, role, Fault(FindingCode.FILE_UNREADABLE, {"reason": reason}))


def _unread(entry: Entry, role: FileRole, fault: Fault) -> Inspection:
    contents = Contents(format="", is_judged=False, faults=(fault,))
    return Inspection(path=entry.path, role=role, entry=entry, size_bytes=entry.size_bytes, contents=contents)


class _Rationed:
    """A file of which large parts are read only while no other file's are held."""

    def __init__(self, file: OpenFile) -> None:
        self._file = file
        self._holds = False
        self.size = file.size

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._holds:
            _large.release()

    def read(self, offset: int, length: int) -> bytes:
        if length > _LARGE_BYTES and not self._holds:
            _large.acquire()
            self._holds = True
        return self._file.read(offset, length)

    def holes(self) -> tuple[tuple[int, int], ...]:
        return self._file.holes()
