"""Read safetensors headers, their numbers, and the records of torch's archives, byte by byte."""

import json
import math
import struct
import zipfile
from pathlib import Path
from typing import Any

from msgspec import Struct

ADAPTER = "adapter_model.safetensors"
_ITEM_BYTES = {"F32": 4, "BF16": 2}
Header = dict[str, dict[str, Any]]


class Weights(Struct, frozen=True):
    """A safetensors file: its tensors by name, without `__metadata__`, and the bytes behind the header."""

    tensors: Header
    data: bytes
    header_bytes: int

    def numbers(self, name: str) -> list[float]:
        """Return a tensor's numbers."""
        tensor = self.tensors[name]
        begin, end = tensor["data_offsets"]
        raw = self.data[begin:end]
        if tensor["dtype"] == "BF16":
            raw = b"".join(b"\0\0" + raw[n : n + 2] for n in range(0, len(raw), 2))
        return [number for (number,) in struct.iter_unpack("<f", raw)]

    @property
    def data_bytes(self) -> int:
        """What the tensors need."""
        return max((tensor["data_offsets"][1] for tensor in self.tensors.values()), default=0)


def read_weights(path: Path) -> Weights:
    """Return what a safetensors file holds."""
    raw = path.read_bytes()
    (length,) = struct.unpack("<Q", raw[:8])
    table: Header = json.loads(raw[8 : 8 + length])
    table.pop("__metadata__", None)
    return Weights(table, raw[8 + length :], length)


def elements(tensor: dict[str, Any]) -> int:
    """Return how many numbers a tensor has by its shape."""
    return math.prod(tensor["shape"])


def size_of(tensor: dict[str, Any]) -> int:
    """Return how many bytes a tensor needs by its shape."""
    return elements(tensor) * _ITEM_BYTES[tensor["dtype"]]


def records_of(path: Path) -> dict[str, int]:
    """Return the sizes of the data records of a torch archive, by their names as "data/0"."""
    with zipfile.ZipFile(path) as archive:
        parts = {info.filename.partition("/")[2]: info.file_size for info in archive.infolist()}
    return {name: size for name, size in parts.items() if name.startswith("data/")}
