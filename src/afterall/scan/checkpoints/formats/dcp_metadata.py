"""Read `.metadata` of a PyTorch distributed checkpoint: which data files there must be, and what each holds.

Invariant: read as a pickle's description, never unpickled; at most MAX_BLOBS places are kept. The file is
written last and by rename, so its presence says the save was finished. Source:
torch/distributed/checkpoint/filesystem.py (_StorageInfo, finish) and metadata.py (Metadata, MetadataIndex).
"""

from typing import Any

from msgspec import Struct

from afterall.model import FindingCode
from afterall.scan.checkpoints.formats.contents import Contents, Fault, Format, Readable
from afterall.scan.checkpoints.formats.pickled import MAX_BYTES, BrokenPickle, Global, Made, read_pickle
from afterall.scan.checkpoints.formats.torch_zip import global_faults

NAME = "dcp-metadata"
MAX_BLOBS = 200_000

_MODULE = "torch.distributed.checkpoint"
_TENSOR = "TensorStorageMetadata"


class Blob(Struct, frozen=True, gc=False):
    """One saved object of a data file: bytes [offset, offset + length)."""

    name: str
    """Its name in the state dict, "" where the metadata gives none; shards of one tensor share it."""
    offset: int
    length: int
    is_tensor: bool = True
    """False for what was pickled as bytes by its owner."""
    is_plain: bool = True
    """False where it was compressed on its way to the file (torch 2.8: transform_descriptors)."""


class Plan(Struct, frozen=True):
    """What the data files must hold, by their paths beside `.metadata`."""

    needed_bytes: dict[str, int]
    """Bytes that each file must at least have."""
    tensors: int
    blobs: dict[str, tuple[Blob, ...]] = {}
    """What lies in each file, in the metadata's order."""
    is_whole: bool = True
    """False where there are more than MAX_BLOBS: the rest of them is in no list."""


def _recognises(head: bytes) -> bool:
    return head.startswith(b"\x80") and _MODULE.encode() in head[:4096]


def _read(file: Readable, head: bytes) -> Contents:
    if file.size > MAX_BYTES:
        return _not_verifiable("too_large")
    data = head if len(head) >= file.size else file.read(0, file.size)
    try:
        pickle = read_pickle(data)
    except BrokenPickle as error:
        if error.problem == "too_large":
            return _not_verifiable(error.problem)
        fault = Fault(FindingCode.HEADER_INVALID, {"problem": error.problem}, f"byte {error.place}")
        return Contents(format=NAME, faults=(fault,))
    plan = parse_plan(pickle.value)
    if plan is None:
        return _not_verifiable("unknown_structure")
    foreign = [each for each in pickle.globals if not each.module.startswith(_MODULE)]
    faults = tuple(global_faults(foreign))
    return Contents(format=NAME, document=plan, faults=faults, header_bytes=len(data))


def _not_verifiable(reason: str) -> Contents:
    fault = Fault(FindingCode.FILE_NOT_VERIFIABLE, {"reason": reason})
    return Contents(format=NAME, is_judged=False, faults=(fault,))


def parse_plan(value: Any) -> Plan | None:
    """Return the files, lengths and blobs that a described `Metadata` names, None where it is none."""
    state = _state(value)
    held = state.get("storage_data")
    if not isinstance(held, dict):
        return None
    described = state.get("state_dict_metadata")
    items = described if isinstance(described, dict) else {}
    needed: dict[str, int] = {}
    blobs: dict[str, list[Blob]] = {}
    for count, (index, stored) in enumerate(held.items()):
        place = _state(stored)
        path, offset, length = place.get("relative_path"), place.get("offset"), place.get("length")
        if isinstance(path, str) and type(offset) is int and type(length) is int:
            needed[path] = max(needed.get(path, 0), offset + length)
            if count < MAX_BLOBS and offset >= 0 and length > 0:
                blobs.setdefault(path, []).append(_blob(index, place, items))
    tensors = sum(1 for item in items.values() if _is_tensor(item))
    return Plan(needed, tensors, {path: tuple(each) for path, each in blobs.items()}, len(held) <= MAX_BLOBS)


def _blob(index: Any, place: dict[str, Any], items: dict[Any, Any]) -> Blob:
    given = _state(index).get("fqn")
    name = given if isinstance(given, str) else ""
    is_tensor = name not in items or _is_tensor(items[name])
    return Blob(name, place["offset"], place["length"], is_tensor, not place.get("transform_descriptors"))


def _state(value: Any) -> dict[str, Any]:
    state = value.state if isinstance(value, Made) else None
    if isinstance(state, tuple) and len(state) == 2:
        state = state[1] or state[0]
    return state if isinstance(state, dict) else {}


def _is_tensor(item: Any) -> bool:
    function = item.function if isinstance(item, Made) else None
    return isinstance(function, Global) and function.name == _TENSOR


FORMAT = Format(name=NAME, recognises=_recognises, read=_read)
