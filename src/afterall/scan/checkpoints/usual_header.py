"""Read the header of a safetensors file as nearly all are, with as few calls as can be.

Invariant: where anything at all is unusual nothing is returned, and whoever asked looks at the file closely.
"""

import os
import stat

from afterall.model import Entry, EntryKind
from afterall.scan.checkpoints.folders import Folders
from afterall.scan.checkpoints.formats.header import PREFIX_BYTES, judge_header
from afterall.scan.checkpoints.formats.serde import Decoded
from afterall.scan.checkpoints.opening import BLOCK_BYTES, FILE_FLAGS

HEAD_BYTES = 1 << 16
"""One read of this covers nearly every header; longer ones are unusual."""
_FILE = EntryKind.FILE
"""Python 3.11 takes ten times as long to find it in its class."""
_BRACE = ord("{")


def read_usual(folders: Folders, entry: Entry) -> tuple[Decoded, int, os.stat_result] | None:
    """Return a file's decoded header, the header's length and the file's status.

    None unless the file can be read, is as it was found, has no holes, its last byte is not zero, and every
    tensor has elements and its place.
    """
    if entry.kind is not _FILE:
        return None
    try:
        header, status = _header(folders, entry)
    except OSError:
        return None
    judgement = judge_header(header, entry.size_bytes - PREFIX_BYTES - len(header))
    if not judgement.is_filled or judgement.decoded is None:
        return None
    return judgement.decoded, len(header), status


def _header(folders: Folders, entry: Entry) -> tuple[bytes, os.stat_result]:
    """Return what may be a header, b"" where it surely is no usual one; raises OSError."""
    directory, _, name = entry.path.rpartition("/")
    descriptor = os.open(name, FILE_FLAGS, dir_fd=folders.enter(directory))
    try:
        status = os.fstat(descriptor)
        size = status.st_size
        is_unchanged = size == entry.size_bytes and status.st_mtime_ns == entry.mtime_ns
        if not is_unchanged or not stat.S_ISREG(status.st_mode) or status.st_blocks * BLOCK_BYTES < size:
            return b"", status
        head = os.pread(descriptor, HEAD_BYTES, 0)
        last = head[-1:] if len(head) == size else os.pread(descriptor, 1, size - 1)
    finally:
        os.close(descriptor)
    end = PREFIX_BYTES + int.from_bytes(head[:PREFIX_BYTES], "little")
    is_usual = PREFIX_BYTES < end <= len(head) and head[PREFIX_BYTES] == _BRACE and last > b"\0"
    return head[PREFIX_BYTES:end] if is_usual else b"", status
