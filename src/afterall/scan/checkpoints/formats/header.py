"""Judge a safetensors header as the safetensors library judges it, and say exactly what is wrong.

Invariant: a file is refused here when and only when the library refuses it, headers above MAX_READ_BYTES
apart, which are said to be unread (source of the rules and their order: safetensors 0.8, src/tensor.rs).
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from math import prod
from operator import attrgetter
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from afterall.scan.checkpoints.formats.contents import Tensor
from afterall.scan.checkpoints.formats.serde import (
    DTYPE_BITS,
    METADATA,
    Decoded,
    NotAHeader,
    decode_exactly,
)

PREFIX_BYTES = 8
"""The header's length stands before it, little-endian."""
MAX_HEADER_BYTES = 100_000_000
"""What the library refuses to go beyond."""
MAX_READ_BYTES = 16 << 20
"""Longer headers are not read: this bounds memory, and a file of 100 000 tensors has a shorter one."""
MAX_EXACT_BYTES = 4 << 20
"""Headers that no writer writes take some twenty times their length to decode."""

_REMEMBERED = 4
_MOST_REMEMBERED_BYTES = 128 << 10
_LEAST_TENSOR_BYTES = 40
_MOST_CROWDED_BYTES = 1 << 20
"""Headers up to it are decoded however many tensors they claim; beyond it that could take too much memory."""
_QUOTES_A_TENSOR = 10
_QUOTES_A_METADATA_ENTRY = 4

_Size = Annotated[int, Meta(ge=0, le=2**63 - 1)]
"""Larger numbers are left to the exact reader, which knows where 64 bits end."""
_Dtype = Literal[
    "BOOL", "F4", "F6_E2M3", "F6_E3M2", "U8", "I8", "F8_E5M2", "F8_E4M3", "F8_E8M0", "F8_E4M3FNUZ",
    "F8_E5M2FNUZ", "I16", "U16", "F16", "BF16", "I32", "U32", "F32", "C64", "F64", "I64", "U64", "",
]  # fmt: skip


class Problem(StrEnum):
    """Why a header is refused, in the library's own terms."""

    HEADER_TOO_SMALL = "header_too_small"
    HEADER_TOO_LARGE = "header_too_large"
    INVALID_HEADER_LENGTH = "invalid_header_length"
    INVALID_HEADER = "invalid_header"
    HOLE = "hole"
    OVERLAP = "overlap"
    REVERSED_OFFSETS = "reversed_offsets"
    VALIDATION_OVERFLOW = "validation_overflow"
    MISALIGNED = "misaligned"
    SIZE_MISMATCH = "size_mismatch"
    TRUNCATED = "truncated"
    TRAILING = "trailing"
    NOT_READ = "not_read"
    """Not the library's: the header is longer than is read here."""


class Refusal(Struct, frozen=True):
    """A header that is not accepted; `bytes` is how many are missing, too many, or claimed."""

    problem: Problem
    tensor: str = ""
    detail: str = ""
    bytes: int | None = None


class Judgement(Struct, frozen=True):
    """A header's tensors, where it could be decoded, and why it is refused, where it is."""

    decoded: Decoded | None
    refusal: Refusal | None
    is_filled: bool = False
    """True where every tensor is known to have elements, and there is one."""


_METADATA_FIRST = f'{{"{METADATA}":'.encode()
_USUAL_METADATA = _METADATA_FIRST + b'{"format":"pt"},'
_MOST_DIMENSIONS = 32
_NO_SHAPE = (-1,)
_NO_OFFSETS = (-1, -1)
_BITS = DTYPE_BITS | {"": -1}
_offsets = attrgetter("data_offsets")


class _PlainTensor(Tensor, frozen=True, gc=False):
    """A tensor as every writer writes it; what is left out gets values that no check lets pass."""

    dtype: _Dtype = ""
    shape: tuple[_Size, ...] = _NO_SHAPE
    data_offsets: tuple[_Size, _Size] = _NO_OFFSETS


class _PlainMetadata(Struct, frozen=True, gc=False):
    metadata: dict[str, str] | None = msgspec.field(default=None, name=METADATA)


_plain_tensors = msgspec.json.Decoder(dict[str, _PlainTensor])
_plain_metadata = msgspec.json.Decoder(_PlainMetadata)


def judge_prefix(prefix: bytes, file_bytes: int) -> int | Refusal:
    """Return the header's length in bytes from a file's first eight, or why there can be none."""
    if len(prefix) < PREFIX_BYTES:
        return Refusal(Problem.HEADER_TOO_SMALL, bytes=file_bytes)
    length = int.from_bytes(prefix[:PREFIX_BYTES], "little")
    if length > MAX_HEADER_BYTES:
        return Refusal(Problem.HEADER_TOO_LARGE, bytes=length)
    if PREFIX_BYTES + length > file_bytes:
        return Refusal(Problem.INVALID_HEADER_LENGTH, bytes=PREFIX_BYTES + length - file_bytes)
    if length > MAX_READ_BYTES:
        return Refusal(Problem.NOT_READ, bytes=length)
    return length


def judge_header(header: bytes, data_bytes: int) -> Judgement:
    """Judge a whole header against the `data_bytes` bytes that follow it in the file.

    What a run saves epoch after epoch has the same header byte for byte: those are judged once.
    """
    if len(header) > _MOST_REMEMBERED_BYTES:
        return _judge(header, data_bytes)
    return _recent.judge(header, data_bytes)


class _Recent:
    """Judges headers and keeps the last ones: comparing costs less than a digest of each."""

    def __init__(self) -> None:
        self._kept: tuple[tuple[int, bytes, Judgement], ...] = ()

    def judge(self, header: bytes, data_bytes: int) -> Judgement:
        """Return the judgement of this very header before as many bytes of data."""
        for size, text, judgement in self._kept:
            if size == data_bytes and text == header:
                return judgement
        judgement = _judge(header, data_bytes)
        # Threads that do this at once lose one of them, and nothing else.
        self._kept = ((data_bytes, header, judgement), *self._kept[: _REMEMBERED - 1])
        return judgement


_recent = _Recent()


def _judge(header: bytes, data_bytes: int) -> Judgement:
    decoded = _decode_plain(header)
    if decoded is not None:
        described = decoded.tensors.values()
        # The library writes them by offset; sorting is for the few others.
        if _is_laid_out(described, data_bytes) or _is_laid_out(sorted(described, key=_offsets), data_bytes):
            return Judgement(decoded, None, is_filled=True)
    if decoded is None or not all(_is_complete(tensor) for tensor in decoded.tensors.values()):
        if len(header) > MAX_EXACT_BYTES:
            return Judgement(None, Refusal(Problem.NOT_READ, bytes=len(header)))
        try:
            decoded = decode_exactly(header)
        except NotAHeader as error:
            return Judgement(None, Refusal(Problem.INVALID_HEADER, detail=error.problem))
    return Judgement(decoded, judge_layout(decoded.tensors, data_bytes))


def judge_layout(tensors: Mapping[str, Tensor], data_bytes: int) -> Refusal | None:
    """Return why these tensors do not fill `data_bytes` bytes without hole or overlap, or None."""
    end = 0
    for name, tensor in sorted(tensors.items(), key=lambda item: item[1].data_offsets):
        refusal = _judge_tensor(name, tensor, end)
        if refusal is not None:
            return refusal
        end = tensor.data_offsets[1]
    if end > data_bytes:
        return Refusal(Problem.TRUNCATED, bytes=end - data_bytes)
    if end < data_bytes:
        return Refusal(Problem.TRAILING, bytes=data_bytes - end)
    return None


def _decode_plain(header: bytes) -> Decoded | None:
    """Return a header that is written as writers write it, or None where the exact reader must judge.

    Every tensor brings exactly ten quotes and every metadata entry four, so an equal count leaves no room
    for repeated names, unknown fields or escapes; those, and bytes that are not ASCII, are left alone.
    """
    if not header.isascii() or (b"-" in header and b"-0" in header):
        return None
    if len(header) > _MOST_CROWDED_BYTES and header.count(b"{") * _LEAST_TENSOR_BYTES > len(header):
        return None
    try:
        found = _plain_tensors.decode(header)
        metadata = _metadata(header) if METADATA in found else {}
    except (msgspec.MsgspecError, RecursionError):
        return None
    quotes = 0
    if METADATA in found:
        del found[METADATA]
        quotes = 2 + _QUOTES_A_METADATA_ENTRY * len(metadata)
    if header.count(b'"') != quotes + _QUOTES_A_TENSOR * len(found):
        return None
    return Decoded(found, metadata)


def _metadata(header: bytes) -> dict[str, str]:
    """Return the metadata; they stand first where the library wrote them, and mostly are what torch says."""
    if header.startswith(_USUAL_METADATA):
        return {"format": "pt"}
    first = header[: header.find(b"}") + 1] + b"}" if header.startswith(_METADATA_FIRST) else header
    return _plain_metadata.decode(first).metadata or {}


def _is_complete(tensor: Tensor) -> bool:
    """Return False for a tensor whose place was taken by some other field of as many quotes."""
    return bool(tensor.dtype) and tensor.shape != _NO_SHAPE and tensor.data_offsets != _NO_OFFSETS


def _is_laid_out(tensors: Iterable[Tensor], data_bytes: int) -> bool:
    """Return True for what is surely right in this order; empty tensors are left to the exact judgement."""
    end = 0
    for tensor in tensors:
        if len(tensor.shape) > _MOST_DIMENSIONS:
            return False
        begin, behind = tensor.data_offsets
        bits = prod(tensor.shape) * _BITS[tensor.dtype]
        if begin != end or behind <= begin or bits != 8 * (behind - begin):
            return False
        end = behind
    return end == data_bytes > 0


def _judge_tensor(name: str, tensor: Tensor, expected_begin: int) -> Refusal | None:
    begin, end = tensor.data_offsets
    if begin > expected_begin:
        return Refusal(Problem.HOLE, name, bytes=begin - expected_begin)
    if begin < expected_begin:
        return Refusal(Problem.OVERLAP, name, bytes=expected_begin - begin)
    if end < begin:
        return Refusal(Problem.REVERSED_OFFSETS, name, bytes=begin - end)
    bits = 1
    for factor in (*tensor.shape, DTYPE_BITS[tensor.dtype]):
        bits *= factor
        if bits >= 2**64:
            return Refusal(Problem.VALIDATION_OVERFLOW, name)
    if bits % 8:
        return Refusal(Problem.MISALIGNED, name)
    if bits // 8 != end - begin:
        return Refusal(Problem.SIZE_MISMATCH, name, f"{tensor.dtype} {list(tensor.shape)}", bytes=end - begin)
    return None
