"""Find tensors and their storages in a torch checkpoint's pickle, by name, without building any.

Invariant: total over any `Pickle`; what does not look like torch's own calls is passed over.
Source: torch/_utils.py (_rebuild_tensor_v2 and its siblings), torch/serialization.py (persistent_id).
"""

from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from afterall.scan.checkpoints.formats.contents import Tensor
from afterall.scan.checkpoints.formats.pickled import Global, Made, Persistent, Pickle

MAX_TENSORS = 200_000
MAX_PARTS = 2_000_000
MAX_DEPTH = 32
MAX_DIMENSIONS = 64
_MOST_COUNT = 1 << 62

_STORAGE_DTYPES = {
    "FloatStorage": "F32", "DoubleStorage": "F64", "HalfStorage": "F16", "BFloat16Storage": "BF16",
    "LongStorage": "I64", "IntStorage": "I32", "ShortStorage": "I16", "CharStorage": "I8",
    "ByteStorage": "U8", "BoolStorage": "BOOL", "ComplexFloatStorage": "C64", "ComplexDoubleStorage": "C128",
    "QInt8Storage": "I8", "QUInt8Storage": "U8", "QInt32Storage": "I32", "UntypedStorage": "U8",
}  # fmt: skip
_DTYPES = {
    "float32": "F32", "float": "F32", "float64": "F64", "double": "F64", "float16": "F16", "half": "F16",
    "bfloat16": "BF16", "int64": "I64", "int32": "I32", "int16": "I16", "int8": "I8", "uint8": "U8",
    "uint16": "U16", "uint32": "U32", "uint64": "U64", "bool": "BOOL", "complex64": "C64",
    "complex128": "C128", "float8_e4m3fn": "F8_E4M3", "float8_e5m2": "F8_E5M2",
    "float8_e4m3fnuz": "F8_E4M3FNUZ", "float8_e5m2fnuz": "F8_E5M2FNUZ", "float8_e8m0fnu": "F8_E8M0",
}  # fmt: skip
ITEM_BYTES = {
    "F64": 8, "I64": 8, "U64": 8, "C64": 8, "C128": 16, "F32": 4, "I32": 4, "U32": 4, "F16": 2, "BF16": 2,
    "I16": 2, "U16": 2, "I8": 1, "U8": 1, "BOOL": 1, "F8_E4M3": 1, "F8_E5M2": 1, "F8_E4M3FNUZ": 1,
    "F8_E5M2FNUZ": 1, "F8_E8M0": 1,
}  # fmt: skip
_WRAPPERS = ("_rebuild_parameter", "_rebuild_parameter_with_state")
_PLAIN_CALLS = ("_rebuild_tensor", "_rebuild_tensor_v2", "_rebuild_tensor_v3", "_rebuild_qtensor")
_CALL_WITH_DTYPE = "_rebuild_tensor_v3"
_META_CALL = "_rebuild_meta_tensor_no_storage"
NOWHERE = ""
"""The key of no storage: tensors on torch's meta device have a shape and no numbers."""


class Storage(Struct, frozen=True):
    """A run of numbers that tensors are views of; `key` names its record in the archive."""

    key: str
    dtype: str
    elements: int

    @property
    def size_bytes(self) -> int:
        """Bytes its record must have; -1 where the dtype is unknown."""
        return self.elements * ITEM_BYTES[self.dtype] if self.dtype in ITEM_BYTES else -1


class View(Struct, frozen=True):
    """A tensor as the pickle describes it: `reach` is how many bytes of its storage it needs."""

    name: str
    storage: Storage
    tensor: Tensor
    reach: int


def storage_of(reference: Any) -> Storage | None:
    """Return the storage a persistent reference means, None where it is none of torch's."""
    identity = reference.identity if isinstance(reference, Persistent) else None
    if not isinstance(identity, tuple) or len(identity) < 5 or identity[0] != "storage":
        return None
    kind, key, elements = identity[1], identity[2], identity[4]
    if (
        not isinstance(kind, Global)
        or not isinstance(key, str)
        or type(elements) is not int
        or not 0 <= elements < _MOST_COUNT
    ):
        return None
    return Storage(key, _STORAGE_DTYPES.get(kind.name, ""), elements)


def storages(pickle: Pickle) -> dict[str, Storage]:
    """Return every storage that the pickle refers to, by key."""
    found = (storage_of(reference) for reference in pickle.persistent)
    return {storage.key: storage for storage in found if storage is not None}


def views(pickle: Pickle) -> Iterator[View]:
    """Yield the tensors of a pickle under dotted names, in its own order.

    At most MAX_TENSORS, MAX_DEPTH levels down and among MAX_PARTS values: no state dict comes near them.
    """
    waiting: list[tuple[str, int, Any]] = [("", 0, pickle.value)]
    seen: set[int] = set()
    tensors = parts = 0
    while waiting and tensors < MAX_TENSORS and parts < MAX_PARTS:
        name, depth, value = waiting.pop()
        view = _view(name, value)
        if view is not None:
            tensors += 1
            yield view
        elif id(value) not in seen and depth < MAX_DEPTH:
            seen.add(id(value))
            inside = _parts(name, value)
            parts += len(inside)
            waiting.extend((below, depth + 1, part) for below, part in reversed(inside))


def _parts(name: str, value: Any) -> list[tuple[str, Any]]:
    prefix = f"{name}." if name else ""
    match value:
        case dict():
            return [
                (f"{prefix}{key}" if isinstance(key, str | int) else name, part)
                for key, part in value.items()
            ]
        case list() | tuple():
            return [(f"{prefix}{index}", part) for index, part in enumerate(value)]
        case Made():
            return [(name, value.arguments), (name, value.state)]
        case _:
            return []


def _view(name: str, value: Any) -> View | None:
    call = _unwrapped(value)
    if call is None or len(call.arguments) < 4:
        return None
    if call.function.name == _META_CALL:
        return _meta_view(name, *call.arguments[:2])
    storage = storage_of(call.arguments[0])
    offset, shape, strides = call.arguments[1:4]
    if storage is None or type(offset) is not int or not _are_counts(shape) or not _are_counts(strides):
        return None
    dtype = storage.dtype
    if (
        call.function.name == _CALL_WITH_DTYPE
        and len(call.arguments) > 6
        and isinstance(call.arguments[6], Global)
    ):
        dtype = _DTYPES.get(call.arguments[6].name, "")
    item = ITEM_BYTES.get(dtype, 0)
    elements = 1
    for length in shape:
        elements *= length
    last = offset + sum((length - 1) * stride for length, stride in zip(shape, strides, strict=False))
    return View(
        name, storage, Tensor(dtype, shape, (0, elements * item)), (last + 1) * item if elements else 0
    )


def _meta_view(name: str, kind: Any, shape: Any) -> View | None:
    if not isinstance(kind, Global) or not _are_counts(shape):
        return None
    dtype = _DTYPES.get(kind.name, "")
    return View(name, Storage(NOWHERE, dtype, 0), Tensor(dtype, shape, (0, 0)), 0)


def _unwrapped(value: Any) -> Made | None:
    """Return the call that rebuilds a tensor, out of the parameter or subclass that may wrap it."""
    for _ in range(4):
        if not isinstance(value, Made) or not isinstance(value.function, Global):
            return None
        arguments = value.arguments
        if not isinstance(arguments, tuple) or not arguments:
            return None
        if value.function.name in _PLAIN_CALLS or value.function.name == _META_CALL:
            return value
        if value.function.name in _WRAPPERS:
            value = arguments[0]
        elif value.function.name == "_rebuild_from_type_v2" and len(arguments) > 2:
            value = Made(arguments[0], arguments[2])
        else:
            return None
    return None


def _are_counts(value: Any) -> bool:
    is_shape = isinstance(value, tuple) and len(value) <= MAX_DIMENSIONS
    return is_shape and all(type(item) is int and 0 <= item < _MOST_COUNT for item in value)
