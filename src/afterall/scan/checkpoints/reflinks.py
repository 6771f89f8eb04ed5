"""Recognise copies that share all their bytes on disk (`cp --reflink`), by where these lie.

Invariant: shared is only what lies in the same place from the first byte to the last; what a file system does
not tell exactly, or not at all, is no link. Nothing is read or changed.
Source: linux/fiemap.h and Documentation/filesystems/fiemap.rst; any user may ask about a file they can open.
"""

import errno
import fcntl
import struct
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from afterall.model import Checkpoint, CheckpointFile, Entry, EntryKind
from afterall.scan.checkpoints.layouts.shape import WEIGHT_ROLES
from afterall.scan.checkpoints.opening import OpenFile, open_path
from afterall.scan.checkpoints.succession import successive

LEAST_BYTES = 1 << 20
"""Smaller files are read sooner than asked about."""
MOST_EXTENTS = 1024
"""A file in more pieces is not judged."""
_REQUEST = 0xC020660B
_HEADER = struct.Struct("=QQIIII")
_EXTENT = struct.Struct("=QQQ16xI12x")
_WHOLE = (1 << 64) - 1
_FLUSH = 0x1
"""FIEMAP_FLAG_SYNC: until changes of a copy reach the disk, XFS and btrfs still tell its old place."""
_LAST, _MERGED, _SHARED = 0x1, 0x1000, 0x2000
_UNSUPPORTED = frozenset({errno.ENOTTY, errno.EOPNOTSUPP, errno.ENOSYS})

Piece = tuple[int, int]
"""Where a contiguous run of bytes ends in the file, and where it begins on the device."""
FilePair = tuple[str, str]
"""Paths of an earlier and a later file."""


def parse_pieces(answer: bytes | bytearray, size_bytes: int) -> tuple[Piece, ...] | None:
    """Return where a file of `size_bytes` lies; None where any byte of it is not shared or its place unsure.

    Total over any bytes. Unwritten, compressed, inline, encrypted or delayed extents are unsure.
    """
    pieces: list[Piece] = []
    end, next_place, is_last = 0, -1, False
    for logical, physical, length, flags in _extents(answer):
        is_exact = not flags & ~(_LAST | _MERGED | _SHARED) and flags & _SHARED
        if is_last or not is_exact or logical != end or not length:
            return None
        begin = pieces.pop()[1] if pieces and physical == next_place else physical
        end, next_place, is_last = logical + length, physical + length, bool(flags & _LAST)
        pieces.append((min(end, size_bytes), begin))
    return tuple(pieces) if is_last and end >= size_bytes else None


def _extents(answer: bytes | bytearray) -> Iterator[tuple[int, int, int, int]]:
    if len(answer) < _HEADER.size:
        return
    count = _HEADER.unpack_from(answer)[3]
    if count <= MOST_EXTENTS and len(answer) >= _HEADER.size + count * _EXTENT.size:
        for index in range(count):
            yield _EXTENT.unpack_from(answer, _HEADER.size + index * _EXTENT.size)


def find_reflinks(
    root: Path, checkpoints: Sequence[Checkpoint], entries: Mapping[str, Entry]
) -> frozenset[FilePair]:
    """Return the weights that share every byte with those of the checkpoint before them in their run.

    Of two checkpoints the largest files are asked about first, and the others only where these are shared.
    """
    found: set[FilePair] = set()
    silent: set[int] = set()
    if not any(each.size_bytes >= LEAST_BYTES for each in checkpoints):
        return frozenset()
    for before, after in successive(checkpoints):
        if before.size_bytes < LEAST_BYTES or after.size_bytes < LEAST_BYTES:
            continue
        for first, second in _alike(before, after, entries):
            device = entries[first.path].device
            if device in silent or not _share(root, (first.path, second.path), (device, silent)):
                break
            found.add((first.path, second.path))
    return frozenset(found)


def _alike(
    before: Checkpoint, after: Checkpoint, entries: Mapping[str, Entry]
) -> list[tuple[CheckpointFile, CheckpointFile]]:
    """Return the weights of both that may be one another's copy by name, size and device, largest first."""
    earlier = {file.path.removeprefix(before.path): file for file in before.files}
    pairs = []
    for file in after.files:
        first = earlier.get(file.path.removeprefix(after.path))
        if first is not None and file.role in WEIGHT_ROLES and _may_share(first.path, file.path, entries):
            pairs.append((first, file))
    return sorted(pairs, key=lambda pair: -pair[0].size_bytes)


def _may_share(first: str, second: str, entries: Mapping[str, Entry]) -> bool:
    one, other = entries.get(first), entries.get(second)
    if one is None or other is None or one.kind is not EntryKind.FILE or other.kind is not EntryKind.FILE:
        return False
    is_copy = one.device == other.device and one.inode != other.inode
    return is_copy and one.size_bytes == other.size_bytes >= LEAST_BYTES


def _share(root: Path, paths: FilePair, asked: tuple[int, set[int]]) -> bool:
    """Ask where both lie; a device whose file system does not answer such questions joins the silent ones."""
    device, silent = asked
    try:
        with open_path(root, paths[0]) as one, open_path(root, paths[1]) as other:
            places = _pieces(one)
            return places is not None and one.size == other.size and places == _pieces(other)
    except OSError as error:
        if error.errno in _UNSUPPORTED:
            silent.add(device)
        return False


def _pieces(file: OpenFile) -> tuple[Piece, ...] | None:
    answer = bytearray(_HEADER.pack(0, _WHOLE, _FLUSH, 0, MOST_EXTENTS, 0)) + bytes(
        MOST_EXTENTS * _EXTENT.size
    )
    fcntl.ioctl(file.descriptor, _REQUEST, answer, True)
    return parse_pieces(answer, file.size)
