"""Say in short what the tensors of a file are, so that a checkpoint is judged without keeping each of them.

Invariant: an outline is made only of tensors that were read; whoever needs their shapes needs the tensors.
"""

from collections.abc import Collection, Mapping
from math import prod
from operator import attrgetter

from msgspec import Struct

from afterall.scan.checkpoints.formats import Contents, Tensor, safetensors
from afterall.scan.checkpoints.formats.serde import DTYPE_BITS

_dtype = attrgetter("dtype")


class Outline(Struct, frozen=True, gc=False):
    """A file's tensors together."""

    count: int
    parameters: int
    """Elements of all tensors."""
    dtypes: tuple[str, ...]
    names: Collection[str] | None
    """None where those of all files together were too many to keep."""
    data_bytes: int | None = None
    """What they take in the file, known for safetensors alone: there nothing else follows the header."""


def outline_of(contents: Contents, size_bytes: int) -> Outline | None:
    """Return the outline of a file of `size_bytes`, None where it has no tensors that could be read."""
    tensors = contents.tensors
    if tensors is None:
        return None
    filled = size_bytes - contents.data_begin if contents.format == safetensors.NAME else None
    parameters, dtypes = numbers_of(tensors, filled)
    return Outline(len(tensors), parameters, dtypes, tuple(tensors), filled)


def numbers_of(tensors: Mapping[str, Tensor], filled_bytes: int | None) -> tuple[int, tuple[str, ...]]:
    """Return how many numbers tensors hold and their dtypes; `filled_bytes` is what they take, if known."""
    found = set(map(_dtype, tensors.values()))
    dtypes = tuple(found) if len(found) == 1 and "" not in found else tuple(sorted(found - {""}))
    if len(dtypes) != 1 or dtypes[0] not in DTYPE_BITS:
        return sum(prod(tensor.shape) for tensor in tensors.values()), dtypes
    size = sum(tensor.size_bytes for tensor in tensors.values()) if filled_bytes is None else filled_bytes
    return size * 8 // DTYPE_BITS[dtypes[0]], dtypes
