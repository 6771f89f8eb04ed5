"""Read a GGUF file's header far enough to know whether every tensor's bytes are there.

Invariant: total over any bytes; at most MAX_HEADER_BYTES are read, and of another version nothing is claimed.
Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md, version 2 and 3, little-endian; the types
and their blocks: gguf 0.19, constants.py (GGML_QUANT_SIZES).
"""

import struct
from collections.abc import Iterable

from msgspec import Struct

from afterall.model import FindingCode, Scalar
from afterall.scan.checkpoints.formats.contents import Contents, Extent, Fault, Format, Readable, Tensor
from afterall.scan.checkpoints.formats.tail import tail_faults

NAME = "gguf"
MAX_HEADER_BYTES = 32 << 20
MAX_TENSORS = 100_000

_MAGIC = b"GGUF"
_VERSIONS = (2, 3)
_SCALARS = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
_UINT32, _STRING, _ARRAY = 4, 8, 9
_ALIGNMENT = b"general.alignment"
_DEFAULT_ALIGNMENT = 32
# ggml types: elements and bytes of a block, and the dtype's name where safetensors has one too.
_TYPES: dict[int, tuple[int, int, str]] = {
    0: (1, 4, "F32"), 1: (1, 2, "F16"), 2: (32, 18, "Q4_0"), 3: (32, 20, "Q4_1"), 6: (32, 22, "Q5_0"),
    7: (32, 24, "Q5_1"), 8: (32, 34, "Q8_0"), 9: (32, 36, "Q8_1"), 10: (256, 84, "Q2_K"),
    11: (256, 110, "Q3_K"), 12: (256, 144, "Q4_K"), 13: (256, 176, "Q5_K"), 14: (256, 210, "Q6_K"),
    15: (256, 292, "Q8_K"), 16: (256, 66, "IQ2_XXS"), 17: (256, 74, "IQ2_XS"), 18: (256, 98, "IQ3_XXS"),
    19: (256, 50, "IQ1_S"), 20: (32, 18, "IQ4_NL"), 21: (256, 110, "IQ3_S"), 22: (256, 82, "IQ2_S"),
    23: (256, 136, "IQ4_XS"), 24: (1, 1, "I8"), 25: (1, 2, "I16"), 26: (1, 4, "I32"), 27: (1, 8, "I64"),
    28: (1, 8, "F64"), 29: (256, 56, "IQ1_M"), 30: (1, 2, "BF16"), 34: (256, 54, "TQ1_0"),
    35: (256, 66, "TQ2_0"), 39: (32, 17, "MXFP4"), 40: (64, 36, "NVFP4"), 41: (128, 18, "Q1_0"),
}  # fmt: skip
_MOST_DIMENSIONS = 8
_MOST_BYTES = 1 << 62


class _Cut(Exception):
    """The header ends too early, or is not one."""


class _Unknown(Exception):
    """Another version, or another order of bytes."""


class _Cursor:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = len(_MAGIC)

    def take(self, length: int) -> bytes:
        if length > len(self.data) - self.at:
            raise _Cut
        self.at += length
        return self.data[self.at - length : self.at]

    def number(self, code: str) -> int:
        layout = struct.Struct(f"<{code}")
        value: int = layout.unpack(self.take(layout.size))[0]
        return value

    def text(self) -> bytes:
        return self.take(self.number("Q"))

    def value(self, kind: int) -> bytes:
        """Pass over a value and return its bytes, empty for an array."""
        if kind == _STRING:
            return self.text()
        if kind == _ARRAY:
            self.array()
            return b""
        if kind not in _SCALARS:
            raise _Cut
        return self.take(_SCALARS[kind])

    def array(self) -> None:
        kind, count = self.number("I"), self.number("Q")
        if kind in _SCALARS:
            self.take(_SCALARS[kind] * count)
        elif kind == _STRING:
            for _ in range(count):
                self.text()
        else:
            raise _Cut


class _Header(Struct, frozen=True):
    tensors: dict[str, Tensor]
    data_begin: int
    unknown: int


def _recognises(head: bytes) -> bool:
    return head.startswith(_MAGIC)


def _read(file: Readable, head: bytes) -> Contents:
    data = head if len(head) >= file.size else file.read(0, min(file.size, MAX_HEADER_BYTES))
    try:
        header = _parse(data)
    except _Unknown:
        fault = Fault(FindingCode.FILE_NOT_VERIFIABLE, {"reason": "unknown_version"})
        return Contents(format=NAME, is_judged=False, faults=(fault,))
    except _Cut:
        problem = "header_cut_off" if len(data) == file.size else "header_unread"
        evidence: dict[str, Scalar] = {"problem": problem, "size_bytes": file.size}
        return Contents(format=NAME, faults=(Fault(FindingCode.HEADER_INVALID, evidence, "header"),))
    needed = header.data_begin + max((t.data_offsets[1] for t in header.tensors.values()), default=0)
    faults = []
    if needed > file.size:
        evidence = {"missing_bytes": needed - file.size, "problem": "truncated"}
        faults.append(Fault(FindingCode.FILE_TRUNCATED, evidence, "header"))
    else:
        faults.extend(tail_faults(file, head, header.data_begin, header.tensors))
    return Contents(
        format=NAME,
        is_judged=not header.unknown,
        faults=tuple(faults),
        tensors=header.tensors,
        data_begin=header.data_begin,
        header_bytes=header.data_begin,
    )


def _parse(data: bytes) -> _Header:
    cursor = _Cursor(data)
    if cursor.number("I") not in _VERSIONS:
        raise _Unknown
    tensor_count, value_count = cursor.number("Q"), cursor.number("Q")
    if tensor_count > MAX_TENSORS:
        raise _Cut
    alignment = _DEFAULT_ALIGNMENT
    for _ in range(value_count):
        key, kind = cursor.text(), cursor.number("I")
        value = cursor.value(kind)
        if key == _ALIGNMENT and kind == _UINT32:
            alignment = int.from_bytes(value, "little") or _DEFAULT_ALIGNMENT
    tensors = {}
    unknown = 0
    for _ in range(tensor_count):
        name, tensor = _tensor(cursor)
        tensors[name] = tensor
        unknown += not tensor.dtype
    return _Header(tensors, -(-cursor.at // alignment) * alignment, unknown)


def _tensor(cursor: _Cursor) -> tuple[str, Tensor]:
    name = cursor.text().decode("utf-8", "replace")
    dimensions = cursor.number("I")
    if dimensions > _MOST_DIMENSIONS:
        raise _Cut
    shape = tuple(cursor.number("Q") for _ in range(dimensions))
    block, size, dtype = _TYPES.get(cursor.number("I"), (1, 0, ""))
    begin = cursor.number("Q")
    elements = 1
    for length in shape:
        elements *= length
    if begin + elements * size > _MOST_BYTES:
        raise _Cut
    return name, Tensor(dtype, shape, (begin, begin + elements // block * size))


def _extents(_: Readable, contents: Contents) -> Iterable[Extent]:
    """Yield every tensor; what is quantized is read, and its numbers are not looked at."""
    begin = contents.data_begin
    for name, tensor in sorted((contents.tensors or {}).items(), key=lambda item: item[1].data_offsets):
        if tensor.size_bytes:
            first, last = tensor.data_offsets
            yield Extent(name, tensor.dtype, begin + first, begin + last)


FORMAT = Format(name=NAME, recognises=_recognises, read=_read, extents=_extents)
