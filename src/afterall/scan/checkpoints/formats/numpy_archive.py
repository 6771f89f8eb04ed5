"""Read numpy's archives of arrays (`.npz`): the zip's directory, and the header that each array begins with.

Invariant: total over any bytes, nothing unpickled and nothing unpacked: of compressed arrays only the places
are judged. Format: numpy/lib/format.py, versions 1.0 to 3.0; MLX saves models and adapters so.
"""

import re
from collections.abc import Iterable
from math import prod

from afterall.model import FindingCode, Scalar
from afterall.scan.checkpoints.formats.archive import (
    EMPTY_MAGIC,
    LOCAL_MAGIC,
    STORED,
    BrokenArchive,
    Record,
    data_offset,
    read_directory,
)
from afterall.scan.checkpoints.formats.contents import Contents, Extent, Fault, Format, Readable, Tensor

NAME = "npz"

_SUFFIX = ".npy"
_MAGIC = b"\x93NUMPY"
_PREFIX_BYTES = {1: 10, 2: 12, 3: 12}
"""What stands before an array's header, by version: magic, version, and the header's length."""
_MOST_HEADER_BYTES = 1 << 16
_MOST_DIGITS = 18
_HEADER = re.compile(
    rb"\{'descr': '([<>|=]?\w+)', 'fortran_order': (?:True|False), 'shape': \(([\d, ]*)\), \}\s*"
)
_DTYPES = {
    b"f2": "F16", b"f4": "F32", b"f8": "F64", b"c8": "C64", b"c16": "C128", b"b1": "BOOL",
    b"i1": "I8", b"i2": "I16", b"i4": "I32", b"i8": "I64", b"u1": "U8", b"u2": "U16", b"u4": "U32",
    b"u8": "U64",
}  # fmt: skip
_UNKNOWN = "?"
"""A dtype that is not looked at, so that the values tier is not claimed."""


def _recognises(head: bytes) -> bool:
    return head.startswith((LOCAL_MAGIC, EMPTY_MAGIC))


def _read(file: Readable, _: bytes) -> Contents:
    try:
        records = read_directory(file).records
        if records and not all(record.name.endswith(_SUFFIX) for record in records):
            evidence: dict[str, Scalar] = {"is": "zip", "records": len(records)}
            return Contents(format="zip", faults=(Fault(FindingCode.FILE_NOT_ITS_FORMAT, evidence),))
        found = [(record, _array(file, record)) for record in records]
    except BrokenArchive as error:
        return _broken(error)
    tensors = {record.name.removesuffix(_SUFFIX): tensor for record, tensor in found if tensor is not None}
    return Contents(
        format=NAME,
        tensors=tensors if len(tensors) == len(records) else None,
        header_bytes=100 * len(records),
    )


def _broken(error: BrokenArchive) -> Contents:
    """The directory is written last: without it the file was cut off."""
    if error.problem == "directory_too_large":
        fault = Fault(FindingCode.FILE_NOT_VERIFIABLE, {"reason": error.problem})
        return Contents(format=NAME, is_judged=False, faults=(fault,))
    short = error.problem in ("no_central_directory", "directory_beyond_file")
    code = FindingCode.FILE_TRUNCATED if short else FindingCode.HEADER_INVALID
    where = "" if error.place is None else f"byte {error.place}"
    return Contents(format=NAME, faults=(Fault(code, {"problem": error.problem}, where),))


def _array(file: Readable, record: Record) -> Tensor | None:
    """Return the array of a record, placed in the file; None where it is compressed or of another kind."""
    begin = data_offset(file, record)
    head = file.read(begin, min(record.stored_size, 1 << 10)) if record.method == STORED else b""
    before = _PREFIX_BYTES.get(head[len(_MAGIC)] if len(head) > len(_MAGIC) else 0)
    if before is None or not head.startswith(_MAGIC):
        return None
    length = int.from_bytes(head[len(_MAGIC) + 2 : before], "little")
    if before + length > len(head) and length <= _MOST_HEADER_BYTES:
        head = file.read(begin, min(record.stored_size, before + length))
    found = _HEADER.fullmatch(head[before : before + length])
    sizes = [size.strip() for size in found[2].split(b",") if size.strip()] if found is not None else []
    if found is None or not all(size.isdigit() and len(size) <= _MOST_DIGITS for size in sizes):
        return None
    shape = tuple(map(int, sizes))
    dtype = "" if found[1].startswith(b">") else _DTYPES.get(found[1].lstrip(b"<|="), "")
    data_begin = begin + before + length
    if dtype and prod(shape) * _item_bytes(found[1]) != begin + record.size - data_begin:
        raise BrokenArchive("array_of_another_size", record.offset)
    return Tensor(dtype, shape, (data_begin, begin + record.size))


def _item_bytes(descr: bytes) -> int:
    """Return the bytes of one number of a known dtype: "<f4" says four."""
    return int(re.sub(rb"\D", b"", descr))


def _extents(file: Readable, _: Contents) -> Iterable[Extent]:
    """Yield the numbers of every array; numpy holds the checksums against them itself when it loads them."""
    for record in sorted(read_directory(file).records, key=lambda each: each.offset):
        array = _array(file, record)
        begin = data_offset(file, record)
        first, last = (begin, begin + record.stored_size) if array is None else array.data_offsets
        if first < last:
            dtype = array.dtype if array is not None else ""
            yield Extent(record.name.removesuffix(_SUFFIX), dtype or _UNKNOWN, first, last)


FORMAT = Format(name=NAME, recognises=_recognises, read=_read, extents=_extents)
