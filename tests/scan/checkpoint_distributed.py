"""Make small distributed checkpoints for tests: data files blob by blob, and the `.metadata` placing them."""

import io
from collections.abc import Iterable
from typing import Any

from numpy.typing import NDArray

from scan.checkpoint_making import Named, Object, pickled, torch_tensor, zip_bytes

MODULE = "torch.distributed.checkpoint"
Blob = tuple[str, bytes]
Place = tuple[str, str, int, int]
"""Name in the state dict, data file, offset, length."""


def tensor_blob(array: NDArray[Any], root: str = "archive") -> bytes:
    """Return a torch archive of one tensor by itself, as DCP writes each of them."""
    records = {
        f"{root}/data.pkl": pickled(torch_tensor("0", array)),
        f"{root}/.format_version": b"1",
        f"{root}/byteorder": b"little",
        f"{root}/data/0": array.tobytes(),
        f"{root}/version": b"3\n",
    }
    return zip_bytes(records)


def data_file(blobs: Iterable[Blob], name: str = "__0_0.distcp") -> tuple[bytes, list[Place]]:
    """Return a data file with these blobs one after the other, and where each lies."""
    stream = io.BytesIO()
    places = []
    for key, blob in blobs:
        places.append((key, name, stream.tell(), len(blob)))
        stream.write(blob)
    return stream.getvalue(), places


def metadata(
    places: Iterable[Place], plain_bytes: frozenset[str] = frozenset(), packed: frozenset[str] = frozenset()
) -> bytes:
    """Return `.metadata` for these places: `plain_bytes` names no tensors, `packed` what was compressed."""
    held = list(places)
    storage = [
        (_index(name, at), _place(path, at, length, name in packed)) for name, path, at, length in held
    ]
    described = {name: _described(name in plain_bytes) for name, *_ in held}
    state = {
        "state_dict_metadata": described,
        "planner_data": None,
        "storage_data": Object("collections", "OrderedDict", (storage,)),
    }
    return pickled(Object(f"{MODULE}.metadata", "Metadata", (), state))


def _index(name: str, at: int) -> Object:
    state = {"fqn": name, "index": 0, "offset": Object("torch", "Size", ((at,),))}
    return Object(f"{MODULE}.metadata", "MetadataIndex", (), state)


def _place(path: str, at: int, length: int, is_packed: bool) -> Object:
    state: dict[str, Any] = {"relative_path": path, "offset": at, "length": length}
    if is_packed:
        state["transform_descriptors"] = ["zstd"]
    return Object(f"{MODULE}.filesystem", "_StorageInfo", (), state)


def _described(is_bytes: bool) -> Object:
    if is_bytes:
        return Object(f"{MODULE}.metadata", "BytesStorageMetadata")
    properties = {"dtype": Named("torch", "float32")}
    return Object(f"{MODULE}.metadata", "TensorStorageMetadata", (), {"properties": properties, "chunks": []})
