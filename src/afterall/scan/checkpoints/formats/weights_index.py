"""Read the index of a sharded checkpoint: which tensor lies in which file.

Invariant: total over any bytes, with memory bounded by MAX_BYTES and MAX_TENSORS; file names are as the index
writes them, so whoever opens one must refuse those that leave the directory.
Format: huggingface_hub serialization, `model.safetensors.index.json`.
"""

import msgspec
from msgspec import Struct

from afterall.model import FindingCode
from afterall.scan.checkpoints.formats.contents import Contents, Fault, Format, Readable

NAME = "weights-index"
MAX_BYTES = 32 << 20
MAX_TENSORS = 500_000
"""The largest models published so far have some 150 000."""
_QUOTES_A_TENSOR = 4
_MOST_BYTES = 1 << 62


class Index(Struct, frozen=True):
    """A `weight_map`, tensor to file, and the bytes of all tensors where the index says so."""

    weight_map: dict[str, str]
    total_bytes: int | None = None


class _Metadata(Struct):
    total_size: int | float | None = None


class _Document(Struct):
    weight_map: dict[str, str]
    metadata: msgspec.Raw = msgspec.Raw(b"{}")


_decode = msgspec.json.Decoder(_Document).decode
_decode_metadata = msgspec.json.Decoder(_Metadata).decode


def _recognises(head: bytes) -> bool:
    return head.lstrip(b" \t\r\n")[:1] == b"{"


def _read(file: Readable, head: bytes) -> Contents:
    if file.size > MAX_BYTES:
        return _too_large()
    data = head if len(head) >= file.size else file.read(0, file.size)
    if data.count(b'"') > _QUOTES_A_TENSOR * MAX_TENSORS:
        return _too_large()
    try:
        document = _decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        problem = "no_weight_map" if isinstance(error, msgspec.ValidationError) else "syntax"
        return Contents(format=NAME, faults=(Fault(FindingCode.INDEX_INVALID, {"problem": problem}),))
    index = Index(document.weight_map, _total_bytes(document.metadata))
    return Contents(format=NAME, document=index, header_bytes=len(data))


def _too_large() -> Contents:
    fault = Fault(FindingCode.FILE_NOT_VERIFIABLE, {"reason": "too_large"})
    return Contents(format=NAME, is_judged=False, faults=(fault,))


def _total_bytes(metadata: msgspec.Raw) -> int | None:
    """Return the total that an index claims, cut to what a file can have; no loader needs it to be there."""
    try:
        size = _decode_metadata(metadata).total_size
    except (msgspec.MsgspecError, RecursionError):
        return None
    return None if size is None else int(max(-_MOST_BYTES, min(size, _MOST_BYTES)))


FORMAT = Format(name=NAME, recognises=_recognises, read=_read)
