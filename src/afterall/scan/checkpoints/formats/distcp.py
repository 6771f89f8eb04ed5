"""Find the numbers in a data file of a distributed checkpoint, blob by blob, as `.metadata` places them.

Invariant: total over any bytes and any blobs, two reads a blob and one for each record, no byte belongs to
two extents. Every tensor is a torch archive of its own (torch/distributed/checkpoint/filesystem.py,
_write_item); what its owner pickled as bytes may be one.
"""

from collections.abc import Iterator, Mapping, Sequence
from enum import Enum

from msgspec import Struct
from msgspec.structs import replace

from afterall.model import FindingCode, Scalar, Severity
from afterall.scan.checkpoints.formats import torch_zip
from afterall.scan.checkpoints.formats.archive import LOCAL_MAGIC, BrokenArchive
from afterall.scan.checkpoints.formats.contents import Contents, Extent, Fault, Readable, Tensor
from afterall.scan.checkpoints.formats.dcp_metadata import Blob
from afterall.scan.checkpoints.formats.part import HEAD_BYTES, Part

_PICKLE = b"\x80"
_BROKEN = frozenset({FindingCode.FILE_TRUNCATED, FindingCode.FILE_ZERO_TAIL})
_UNSAID = frozenset({FindingCode.FILE_TRAILING_BYTES})
_OWNERS = frozenset({FindingCode.FILE_NOT_ITS_FORMAT, FindingCode.FILE_NOT_VERIFIABLE})
"""No fault of what its owner pickled as bytes: those may be anything."""


class Numbers(Struct, frozen=True):
    """What can be read of a data file, ascending, and what is wrong with its blobs."""

    extents: tuple[Extent, ...] = ()
    tensors: Mapping[str, Tensor] = {}
    """By the extents' names; a tensor of which the file holds several shards has the last one's shape."""
    faults: tuple[Fault, ...] = ()
    is_whole: bool = True
    """False where a tensor could not be looked at: compressed, damaged, or of another format."""


class _Kind(Enum):
    ARCHIVE = "archive"
    DAMAGED = "damaged"
    ZEROS = "zeros"
    PICKLE = "pickle"
    """A pickle that is no archive: plain bytes, or torch's format from before 1.6."""
    OTHER = "other"


class _Seen(Struct, frozen=True):
    """One blob as it was found; its extents are the file's."""

    blob: Blob
    kind: _Kind
    extents: tuple[Extent, ...] = ()
    tensors: Mapping[str, Tensor] = {}
    faults: tuple[Fault, ...] = ()
    is_read: bool = False
    """True where the type of every number in it is known."""


def distcp_numbers(file: Readable, blobs: Sequence[Blob]) -> Numbers:
    """Return where the numbers lie in a data file and what is wrong with its blobs; raises OSError.

    Damage is told once for each kind, with the number of blobs that share it. What is no archive is damaged
    only where another tensor of the file is one.
    """
    apart = tuple(_apart(blobs, file.size))
    seen = tuple(_look(file, blob) for blob in apart if blob.is_plain)
    tensors = [each for each in seen if each.blob.is_tensor]
    faults = [fault for each in seen for fault in each.faults]
    if any(each.kind is _Kind.ARCHIVE for each in tensors):
        strange = (each.blob for each in tensors if each.kind is _Kind.OTHER)
        faults.extend(_damaged(blob, "no_archive") for blob in strange)
    return Numbers(
        extents=tuple(extent for each in seen for extent in each.extents),
        tensors={name: tensor for each in seen for name, tensor in each.tensors.items()},
        faults=_merged(faults, len(blobs)),
        is_whole=len(seen) == len(blobs) and all(each.is_read for each in tensors),
    )


def _apart(blobs: Sequence[Blob], size: int) -> Iterator[Blob]:
    """Yield the blobs that lie in the file and share no byte, ascending."""
    end = 0
    for blob in sorted(blobs, key=lambda each: (each.offset, each.length)):
        if blob.offset >= end and blob.offset + blob.length <= size:
            end = blob.offset + blob.length
            yield blob


def _look(file: Readable, blob: Blob) -> _Seen:
    part = Part(file, blob.offset, blob.length)
    head = part.read(0, HEAD_BYTES)
    if head.startswith(LOCAL_MAGIC):
        return _archive(blob, part, torch_zip.FORMAT.read(part, head))
    if not head.strip(b"\0"):
        zeros = Fault(FindingCode.FILE_ZERO_TAIL, {"tensor": _name(blob)}, f"byte {blob.offset}")
        return _Seen(blob, _Kind.ZEROS, faults=(zeros,))
    return _Seen(blob, _Kind.PICKLE if head.startswith(_PICKLE) else _Kind.OTHER)


def _archive(blob: Blob, part: Readable, contents: Contents) -> _Seen:
    faults = tuple(_faults(blob, contents.faults))
    if not contents.is_judged or not all(map(_is_sound, contents.faults)):
        return _Seen(blob, _Kind.DAMAGED, faults=faults)
    try:
        found = [each for each in torch_zip.archive_extents(part, contents) if each.dtype]
    except BrokenArchive as error:
        return _Seen(blob, _Kind.DAMAGED, faults=(*faults, _damaged(blob, error.problem)))
    extents = tuple(_moved(blob, each) for each in found)
    tensors = {_name(blob, name): tensor for name, tensor in (contents.tensors or {}).items()}
    is_read = len(found) == sum(1 for each in contents.document.storages.values() if each.elements)
    return _Seen(blob, _Kind.ARCHIVE, extents, tensors, faults, is_read)


def _is_sound(fault: Fault) -> bool:
    gravity = fault.code.severity if fault.severity is None else fault.severity
    return gravity is not Severity.ERROR or fault.code is FindingCode.PICKLE_RUNS_CODE


def _moved(blob: Blob, extent: Extent) -> Extent:
    """Return an extent of a blob as one of the file, under the name of the tensor that it is of."""
    begin, end = blob.offset + extent.begin, blob.offset + extent.end
    return Extent(_name(blob, extent.name), extent.dtype, begin, end, extent.crc32)


def _name(blob: Blob, inner: str = "") -> str:
    outer = blob.name or f"byte {blob.offset}"
    return f"{outer}.{inner}" if inner else outer


def _faults(blob: Blob, inside: Sequence[Fault]) -> Iterator[Fault]:
    """Yield the faults of a blob's archive as faults of the file."""
    for fault in inside:
        if fault.code in _BROKEN:
            yield _damaged(blob, str(fault.evidence.get("problem", "no_central_directory")))
        elif fault.code not in _UNSAID and (blob.is_tensor or fault.code not in _OWNERS):
            evidence = {**fault.evidence, "tensor": _name(blob)}
            yield Fault(fault.code, evidence, f"byte {blob.offset}", fault.severity)


def _damaged(blob: Blob, problem: str) -> Fault:
    evidence: dict[str, Scalar] = {"problem": problem, "tensor": _name(blob)}
    return Fault(FindingCode.HEADER_INVALID, evidence, f"byte {blob.offset}")


def _merged(faults: Sequence[Fault], blobs: int) -> tuple[Fault, ...]:
    """Return the first fault of each kind, with how many blobs share it."""
    kinds: dict[tuple[FindingCode, Severity | None], list[Fault]] = {}
    for fault in faults:
        kinds.setdefault((fault.code, fault.severity), []).append(fault)
    return tuple(
        replace(same[0], evidence={**same[0].evidence, "blobs": len(same), "of_blobs": blobs})
        for same in kinds.values()
    )
