"""Decode a safetensors header exactly as the Rust library does, for headers no ordinary writer writes.

Invariant: accepts a header when and only when serde_json with the library's structs does (safetensors
0.8, src/tensor.rs): RFC 8259 JSON in UTF-8, at most 127 levels deep, numbers within f64, no lone
surrogates; a tensor is an object or an array of its three fields, unknown fields are skipped, a repeated
field is refused, a repeated tensor name keeps the last.
"""

import json
import math
import re
from collections.abc import Mapping
from typing import Any, NoReturn

from msgspec import Struct

from afterall.scan.checkpoints.formats.contents import Tensor

DTYPE_BITS = {
    "BOOL": 8, "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6, "U8": 8, "I8": 8, "F8_E5M2": 8, "F8_E4M3": 8,
    "F8_E8M0": 8, "F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8, "I16": 16, "U16": 16, "F16": 16, "BF16": 16,
    "I32": 32, "U32": 32, "F32": 32, "C64": 64, "F64": 64, "I64": 64, "U64": 64,
}  # fmt: skip
"""Bits per element of every dtype of the format."""

MAX_DEPTH = 127
METADATA = "__metadata__"

_DEPTH = re.compile(rb'"[^"]*"?|[\[{]|[\]}]')
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_FIELDS = ("dtype", "shape", "data_offsets")


class NotAHeader(Exception):
    """The header is none; `problem` says why in a few words."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


class Decoded(Struct, frozen=True):
    """A header's tensors and metadata; `duplicates` are names given more than once."""

    tensors: Mapping[str, Tensor]
    metadata: dict[str, str]
    duplicates: tuple[str, ...] = ()


class _Object(list[tuple[str, Any]]):
    """A JSON object with every pair in order, repeated keys too."""

    __slots__ = ()


def decode_exactly(header: bytes) -> Decoded:
    """Return what `header` holds; raise NotAHeader where the library refuses it."""
    pairs = _parse(header)
    if not isinstance(pairs, _Object):
        raise NotAHeader("is no JSON object")
    tensors: dict[str, Tensor] = {}
    duplicates: list[str] = []
    metadata: dict[str, str] = {}
    named = [key for key, _ in pairs if key == METADATA]
    if len(named) > 1:
        raise NotAHeader(f"repeats {METADATA}")
    for key, value in pairs:
        if key == METADATA:
            metadata = _metadata(value)
            continue
        if key in tensors:
            duplicates.append(key)
        tensors[key] = _tensor(value)
    return Decoded(tensors, metadata, tuple(dict.fromkeys(duplicates)))


def _parse(header: bytes) -> Any:
    try:
        text = header.decode("utf-8")
    except UnicodeDecodeError as error:
        raise NotAHeader("is not UTF-8") from error
    if header.count(b"[") + header.count(b"{") > MAX_DEPTH and _is_too_deep(header):
        raise NotAHeader("is nested too deeply")
    try:
        value = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise NotAHeader("is no valid JSON") from error
    if _SURROGATE.search(header):
        _refuse_surrogates(value)
    return value


def _is_too_deep(header: bytes) -> bool:
    """Count brackets outside of strings; without its escapes a string ends at the next quote, or never."""
    bare = header.replace(b"\\\\", b"").replace(b'\\"', b"")
    depth = 0
    for found in _DEPTH.finditer(bare):
        token = bare[found.start() : found.start() + 1]
        if token in (b"[", b"{"):
            depth += 1
            if depth > MAX_DEPTH:
                return True
        elif token != b'"':
            depth -= 1
    return False


def _refuse_surrogates(value: Any) -> None:
    """Raise NotAHeader where any string holds half of a UTF-16 pair, which Rust's strings cannot."""
    waiting = [value]
    while waiting:
        match waiting.pop():
            case str() as text if any("\ud800" <= character <= "\udfff" for character in text):
                raise NotAHeader("holds a lone surrogate")
            case _Object() as pairs:
                waiting.extend(part for pair in pairs for part in pair)
            case list() as items:
                waiting.extend(items)
            case _:
                pass


def _metadata(value: Any) -> dict[str, str]:
    if value is None:
        return {}
    if not isinstance(value, _Object) or not all(isinstance(text, str) for _, text in value):
        raise NotAHeader(f"holds a {METADATA} that is no table of strings")
    return dict(value)


def _tensor(value: Any) -> Tensor:
    if isinstance(value, _Object):
        fields = [key for key, _ in value if key in _FIELDS]
        if sorted(fields) != sorted(_FIELDS):
            raise NotAHeader("holds a tensor with a missing or repeated field")
        given = dict(value)
        parts = [given[field] for field in _FIELDS]
    elif isinstance(value, list) and len(value) == len(_FIELDS):
        parts = value
    else:
        raise NotAHeader("holds an entry that is no tensor")
    offsets = _sizes(parts[2])
    if len(offsets) != 2:
        raise NotAHeader("holds data_offsets that are no pair")
    return Tensor(_dtype(parts[0]), _sizes(parts[1]), (offsets[0], offsets[1]))


def _dtype(value: Any) -> str:
    if isinstance(value, _Object) and len(value) == 1 and value[0][1] is None:
        value = value[0][0]
    if not isinstance(value, str) or value not in DTYPE_BITS:
        raise NotAHeader("holds an unknown dtype")
    return value


def _sizes(value: Any) -> tuple[int, ...]:
    plain = isinstance(value, list) and not isinstance(value, _Object)
    if not plain or not all(type(item) is int and item >= 0 for item in value):
        raise NotAHeader("holds a shape or offset that is no count")
    return tuple(value)


def _integer(text: str) -> int | float:
    # serde_json reads -0 and whatever does not fit 64 bits as a float.
    if text != "-0" and len(text) <= 20:
        value = int(text)
        if -(2**63) <= value < 2**64:
            return value
    return _float(text)


def _float(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise NotAHeader("holds a number out of range")
    return value


def _constant(text: str) -> NoReturn:
    raise NotAHeader(f"holds {text}")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_Object, parse_int=_integer, parse_float=_float, parse_constant=_constant
)
