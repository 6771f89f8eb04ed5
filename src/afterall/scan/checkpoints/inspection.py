"""Look at files of a checkpoint one by one: one open, one read of the first bytes, and what the format asks.

Invariant: total over whatever lies there; a file that cannot be read is a fault of that file. Large headers
are read one at a time, so that memory does not grow with the number of threads.
"""

import errno
import threading
from contextlib import closing
from pathlib import Path
from typing import Self

from msgspec import Struct
from msgspec.structs import replace

from afterall.model import Entry, EntryKind, FileRole, FindingCode
from afterall.scan.checkpoints.folders import Folders
from afterall.scan.checkpoints.formats import Contents, Fault, read_contents, safetensors
from afterall.scan.checkpoints.formats.header import PREFIX_BYTES
from afterall.scan.checkpoints.layouts.shape import WEIGHT_ROLES
from afterall.scan.checkpoints.links import follow
from afterall.scan.checkpoints.opening import OpenFile, open_file
from afterall.scan.checkpoints.outline import Outline, numbers_of, outline_of
from afterall.scan.checkpoints.usual_header import HEAD_BYTES, read_usual

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
_NEVER_READ = frozenset({"distcp", "yaml", "yml", "txt", "model", "jinja", "jsonl", "toml", "py"})
"""Data judged through another file, and text that has no structure to judge."""

_large = threading.Lock()


class Inspection(Struct, frozen=True, kw_only=True, gc=False):
    """One file of a checkpoint and what it holds; `contents` None: there was no reason to open it."""

    path: str
    parent: str
    """The directory it lies in."""
    name: str
    role: FileRole
    entry: Entry
    size_bytes: int
    """The target's size where the entry is a link that was followed."""
    contents: Contents | None = None
    target: str | None = None
    """Where the entry's link leads, relative to the root; None for anything but a link inside."""
    identity: tuple[int, int, int, int] | None = None
    """Device, inode, size and mtime when it was opened."""
    outline: Outline | None = None
    """Of its tensors; None where it has none that could be read."""
    is_set_aside: bool = False
    """True where tensors or document were dropped until they are needed."""
    digest: str = ""
    """Of the whole file, where it was read whole."""
    blocks: tuple[str, ...] = ()
    """Of each of its blocks, where it has several."""

    def set_aside(self) -> "Inspection":
        """Return the same without tensors, their names and document, to be inspected again if need be."""
        if self.contents is None or not (self.holds_details or self.outline):
            return self
        outline = None if self.outline is None else replace(self.outline, names=None)
        contents = replace(self.contents, tensors=None, document=None)
        return replace(self, contents=contents, outline=outline, is_set_aside=True)

    @property
    def holds_details(self) -> bool:
        """Whether its tensors or document are kept."""
        contents = self.contents
        return contents is not None and (contents.tensors is not None or contents.document is not None)

    @property
    def header_bytes(self) -> int:
        """Length of what was decoded, 0 where nothing was."""
        return self.contents.header_bytes if self.contents is not None else 0

    @property
    def faults(self) -> tuple[Fault, ...]:
        """What is wrong with the file by itself."""
        return self.contents.faults if self.contents is not None else ()


def is_read(role: FileRole, name: str) -> bool:
    """Return True where a file of this role and name is opened at all."""
    return role in _READ_ROLES and name.rpartition(".")[2].lower() not in _NEVER_READ


def inspect(folders: Folders, entry: Entry, role: FileRole, keeps_tensors: bool = True) -> Inspection:
    """Look at one entry below the root of `folders`, the boundary that no link may cross.

    Without `keeps_tensors` nothing but the outline of its tensors is kept.
    """
    if not keeps_tensors and entry.path.endswith(".safetensors"):
        usual = _usual(folders, entry, role)
        if usual is not None:
            return usual
    is_file = entry.kind is EntryKind.FILE
    if not is_read(role, entry.name):
        is_empty = is_file and entry.size_bytes == 0 and role in _READ_ROLES
        return _unread(entry, role, Fault(FindingCode.FILE_EMPTY) if is_empty else None)
    if not is_file and entry.kind is not EntryKind.SYMLINK:
        return _unread(entry, role, Fault(FindingCode.FILE_UNREADABLE, {"reason": "not_a_regular_file"}))
    try:
        target = None if is_file else follow(folders.root, entry.path)
        if target is None and not is_file:
            return _unread(entry, role, Fault(FindingCode.FILE_LINKED_OUTSIDE))
        return _opened(folders, entry, role, target, keeps_tensors)
    except OSError as error:
        # The system's own name for why.
        reason = errno.errorcode.get(error.errno or errno.EIO, "EIO")
        return _unread(entry, role, Fault(FindingCode.FILE_UNREADABLE, {"reason": reason}))


def _usual(folders: Folders, entry: Entry, role: FileRole) -> Inspection | None:
    """Look at a good safetensors file of which no tensors are kept, as nearly all are."""
    found = read_usual(folders, entry)
    if found is None:
        return None
    decoded, header_bytes, status = found
    begin = PREFIX_BYTES + header_bytes
    tensors, filled = decoded.tensors, entry.size_bytes - begin
    parameters, dtypes = numbers_of(tensors, filled)
    parent, _, name = entry.path.rpartition("/")
    return Inspection(
        path=entry.path,
        parent=parent,
        name=name,
        role=role,
        entry=entry,
        size_bytes=entry.size_bytes,
        contents=Contents(format=safetensors.NAME, data_begin=begin, header_bytes=header_bytes),
        identity=(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns),
        outline=Outline(len(tensors), parameters, dtypes, tuple(tensors), filled),
        is_set_aside=True,
    )


def _opened(
    folders: Folders, entry: Entry, role: FileRole, target: str | None, keeps_tensors: bool
) -> Inspection:
    parent, _, name = entry.path.rpartition("/")
    inside, _, opened = (parent, "", name) if target is None else target.rpartition("/")
    with open_file(folders.enter(inside), opened) as file:
        contents = _contents(name, file)
        is_dropped = not keeps_tensors and contents.tensors is not None
        return Inspection(
            path=entry.path,
            parent=parent,
            name=name,
            role=role,
            entry=entry,
            size_bytes=file.size,
            contents=replace(contents, tensors=None) if is_dropped else contents,
            target=target,
            identity=file.identity,
            outline=outline_of(contents, file.size),
            is_set_aside=is_dropped,
        )


def _contents(name: str, file: OpenFile) -> Contents:
    head = file.read(0, HEAD_BYTES)
    if len(head) == file.size:
        return read_contents(name, file, head)
    with _Rationed(file) as rationed:
        return read_contents(name, rationed, head)


def _unread(entry: Entry, role: FileRole, fault: Fault | None) -> Inspection:
    return Inspection(
        path=entry.path,
        parent=entry.parent,
        name=entry.name,
        role=role,
        entry=entry,
        size_bytes=entry.size_bytes,
        contents=None if fault is None else Contents(format="", is_judged=False, faults=(fault,)),
    )


def inspect_again(root: Path, file: Inspection) -> Inspection:
    """Look at a file once more, for what was set aside."""
    with closing(Folders(root)) as folders:
        return inspect(folders, file.entry, file.role)


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
