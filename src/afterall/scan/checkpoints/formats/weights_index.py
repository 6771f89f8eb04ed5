"""Read the index of a sharded checkpoint: which tensor lies in which file.

Invariant: total over any bytes, memory a small multiple of the file; file names are as the index writes
them, so whoever opens one must refuse those that leave the directory.
Format: huggingface_hub serialization, `model.safetensors.index.json`.
"""

import msgspec
from msgspec import Struct

from afterall.model import FindingCode
from afterall.scan.checkpoints.formats.contents import Contents, Fault, Format, Readable

NAME = "weights-index"
MAX_BYTES = 32 << 20


class Index(Struct, frozen=True):
    """A `weight_map`, tensor to file, and the bytes of all tensors where the index says so."""

    weight_map: dict[str, str]
    total_bytes: int | None = None


class _Metadata(Struct):
    total_size: int | float | None = None


class _Document(Struct):
    weight_map: dict[str, str]
    metadata: _Metadata | None = None


_decode = msgspec.json.Decoder(_Document).decode


def _recognises(head: bytes) -> bool:
    return head.lstrip(b" \t\r\n")[:1] == b"{"


def _read(file: Readable, head: bytes) -> Contents:
    if file.size > MAX_BYTES:
        fault = Fault(FindingCode.FILE_NOT_VERIFIABLE, {"reason": "too_large"})
        return Contents(format=NAME, is_judged=False, faults=(fault,))
    data = head if len(head) >= file.size else file.read(0, file.size)
    try:
        document = _decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        problem = "no_weight_map" if isinstance(error, msgspec.ValidationError) else "syntax"
        return Contents(format=NAME, faults=(Fault(FindingCode.INDEX_INVALID, {"problem": problem}),))
    size = document.metadata.total_size if document.metadata else None
    index = Index(document.weight_map, None if size is None else int(size))
    return Contents(format=NAME, document=index, header_bytes=len(data))


FORMAT = Format(name=NAME, recognises=_recognises, read=_read)
