"""Judge a safetensors file that is a checkpoint by itself in one go, at the quick tier.

Invariant: what is returned is what inspecting and judging it step by step return; where anything at all is
unusual nothing is, and the steps are taken.
"""

import os
import stat

from afterall.model import (
    Checkpoint,
    CheckpointFile,
    CheckpointKind,
    Entry,
    EntryKind,
    FileRole,
    Tier,
    Verdict,
)
from afterall.scan.checkpoints.folders import Folders
from afterall.scan.checkpoints.formats import safetensors
from afterall.scan.checkpoints.formats.header import PREFIX_BYTES, judge_header
from afterall.scan.checkpoints.layouts.shape import Place
from afterall.scan.checkpoints.opening import BLOCK_BYTES, FILE_FLAGS
from afterall.scan.checkpoints.outline import numbers_of

HEAD_BYTES = 1 << 16
"""What is read of it; a longer header is left to the steps."""
_FILE, _FULL_WEIGHTS, _FULL = EntryKind.FILE, FileRole.FULL_WEIGHTS, CheckpointKind.FULL
_OK, _QUICK = Verdict.OK, Tier.QUICK
"""Python 3.11 takes ten times as long to find them in their class."""
_BRACE = ord("{")


def sound(folders: Folders, place: Place, ended_ns: int | None = None) -> Checkpoint | None:
    """Return the checkpoint that a place that `is_lone` is, None unless its file is good in every respect.

    `ended_ns` is when its job ended, None where that is not known.
    """
    entry = place.entries[0]
    if entry.kind is not _FILE or (ended_ns is not None and entry.mtime_ns > ended_ns):
        return None
    try:
        header = _header(folders, entry)
    except OSError:
        return None
    data_bytes = entry.size_bytes - PREFIX_BYTES - len(header)
    judgement = judge_header(header, data_bytes)
    if not judgement.is_filled or judgement.decoded is None:
        return None
    tensors = judgement.decoded.tensors
    parameters, dtypes = numbers_of(tensors, data_bytes)
    file = CheckpointFile(
        path=entry.path,
        role=_FULL_WEIGHTS,
        size_bytes=entry.size_bytes,
        verdict=_OK,
        format=safetensors.NAME,
        tensors=len(tensors),
        parameters=parameters,
        dtypes=dtypes,
    )
    return Checkpoint(
        name=place.name,
        path=place.path,
        layout=place.layout,
        kind=_FULL,
        verdict=_OK,
        tier=_QUICK,
        size_bytes=entry.size_bytes,
        files=(file,),
        epoch=place.epoch,
        step=place.step,
        is_final=place.is_final,
    )


def _header(folders: Folders, entry: Entry) -> bytes:
    """Return the header of an unchanged file without holes whose last byte is not zero, b"" of any other."""
    directory, _, name = entry.path.rpartition("/")
    descriptor = os.open(name, FILE_FLAGS, dir_fd=folders.enter(directory))
    try:
        status = os.fstat(descriptor)
        size = status.st_size
        if not stat.S_ISREG(status.st_mode) or status.st_blocks * BLOCK_BYTES < size:
            return b""
        if size != entry.size_bytes or status.st_mtime_ns != entry.mtime_ns:
            return b""
        head = os.pread(descriptor, HEAD_BYTES, 0)
        last = head[-1:] if len(head) == size else os.pread(descriptor, 1, size - 1)
    finally:
        os.close(descriptor)
    end = PREFIX_BYTES + int.from_bytes(head[:PREFIX_BYTES], "little")
    is_usual = PREFIX_BYTES < end <= len(head) and head[PREFIX_BYTES] == _BRACE and last > b"\0"
    return head[PREFIX_BYTES:end] if is_usual else b""
