"""Read a `.nemo` archive: a tar with a model's configuration and, as a torch archive, its weights.

Invariant: nothing is unpacked; headers alone are read, at most MAX_MEMBERS of them, and the weights are
judged where they lie. Format: POSIX.1-1988 ustar with pax' sizes; NeMo's
nemo/core/connectors/save_restore_connector.py (_make_nemo_file_from_folder).
"""

import re
from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import replace

from afterall.model import FindingCode, Scalar
from afterall.scan.checkpoints.formats import torch_zip
from afterall.scan.checkpoints.formats.archive import LOCAL_MAGIC
from afterall.scan.checkpoints.formats.contents import Contents, Extent, Fault, Format, Readable
from afterall.scan.checkpoints.formats.part import HEAD_BYTES, Part

NAME = "nemo-archive"
MAX_MEMBERS = 20_000

_BLOCK = 512
_GZIP = b"\x1f\x8b"
_MAGIC = slice(257, 262)
_WEIGHTS = "model_weights.ckpt"
_PAX = b"x"
_SIZE = re.compile(rb"(?:^|\n)\d{1,8} size=(\d{1,19})\n")
_MOST_PAX_BYTES = 1 << 16
_MOST_BYTES = 1 << 62


class _Member(Struct, frozen=True):
    """One file of the tar: its name's last component, and where its bytes lie."""

    name: str
    begin: int
    size: int


class Inside(Struct, frozen=True):
    """The weights in a `.nemo` archive as a torch archive of their own, `size` bytes from `begin` on."""

    begin: int
    size: int
    weights: Contents


def _recognises(head: bytes) -> bool:
    return head.startswith(_GZIP) or head[_MAGIC] == b"ustar"


def _read(file: Readable, head: bytes) -> Contents:
    if head.startswith(_GZIP):
        return _not_verifiable("compressed_archive")
    member, fault = _find_weights(file)
    if fault is not None:
        return Contents(format=NAME, faults=(fault,))
    if member is None:
        return _not_verifiable("unknown_structure")
    part = Part(file, member.begin, member.size)
    first = part.read(0, HEAD_BYTES)
    if not first.startswith(LOCAL_MAGIC):
        return Contents(format=NAME, faults=(_damaged("no_archive", member.begin),))
    weights = torch_zip.FORMAT.read(part, first)
    faults = tuple(replace(each, where=each.where or _WEIGHTS) for each in weights.faults)
    inside = Inside(member.begin, member.size, weights)
    return replace(weights, format=NAME, document=inside, faults=faults)


def _find_weights(file: Readable) -> tuple[_Member | None, Fault | None]:
    """Go through the members; what ends before its size says was cut off."""
    found: _Member | None = None
    larger: int | None = None
    at = 0
    for _ in range(MAX_MEMBERS):
        header = file.read(at, _BLOCK)
        if len(header) < _BLOCK:
            return found, _cut_off(at + _BLOCK - file.size)
        if not header.strip(b"\0"):
            return found, None
        size = _number(header[124:136]) if larger is None else larger
        if size is None or size > _MOST_BYTES or _number(header[148:156]) != _sum(header):
            return found, _damaged("no_local_header", at)
        begin = at + _BLOCK
        at = begin + -(-size // _BLOCK) * _BLOCK
        if at > file.size:
            return found, _cut_off(at - file.size)
        is_about_next = header[156:157] == _PAX
        larger = _pax_size(file.read(begin, min(size, _MOST_PAX_BYTES))) if is_about_next else None
        name = header[:100].split(b"\0")[0].decode("utf-8", "replace").rpartition("/")[2]
        found = _Member(name, begin, size) if name == _WEIGHTS and not is_about_next else found
    return found, Fault(FindingCode.FILE_NOT_VERIFIABLE, {"reason": "too_large"})


def _pax_size(records: bytes) -> int | None:
    """Return the size of the next member where its own header has no room for it: from 8 GiB on."""
    found = _SIZE.search(records)
    return int(found[1]) if found is not None else None


def _number(field: bytes) -> int | None:
    """Return an octal number, or one of base 256 as GNU writes those beyond 8 GiB; None for neither."""
    if field[:1] == b"\x80":
        return int.from_bytes(field[1:], "big")
    try:
        return int(field.strip(b" \0") or b"0", 8)
    except ValueError:
        return None


def _sum(header: bytes) -> int:
    """Return a header's checksum, its own field taken as spaces."""
    return sum(header) - sum(header[148:156]) + 8 * ord(" ")


def _cut_off(missing: int) -> Fault:
    return Fault(FindingCode.FILE_TRUNCATED, {"missing_bytes": missing})


def _damaged(problem: str, at: int) -> Fault:
    return Fault(FindingCode.HEADER_INVALID, {"problem": problem}, f"byte {at}")


def _not_verifiable(reason: str) -> Contents:
    evidence: dict[str, Scalar] = {"reason": reason}
    fault = Fault(FindingCode.FILE_NOT_VERIFIABLE, evidence)
    return Contents(format=NAME, is_judged=False, faults=(fault,))


def _extents(file: Readable, contents: Contents) -> Iterable[Extent]:
    """Yield the weights' records where they lie in the whole file; raises OSError and BrokenArchive."""
    inside = contents.document
    if not isinstance(inside, Inside):
        return
    for each in torch_zip.archive_extents(Part(file, inside.begin, inside.size), inside.weights):
        begin, end = each.begin + inside.begin, each.end + inside.begin
        yield Extent(each.name, each.dtype, begin, end, each.crc32)


FORMAT = Format(name=NAME, recognises=_recognises, read=_read, extents=_extents)
