"""Compute anew what findings say of one file of weights: from its bytes, its header, its place on disk."""

import json
import os
import struct
import zipfile
from itertools import pairwise
from pathlib import Path

from claims.claims_checking import Checker, Facts
from claims.claims_reading import Json, Told
from claims.weights_reading import elements, read_weights, size_of

_LENGTH_BYTES = 8
_LARGEST_HEADER = 100_000_000
"""Bytes, by the safetensors format."""


def empty(told: Told, finding: Json) -> Facts:
    """Check that a file has no byte."""
    assert told.subject(finding).stat().st_size == 0
    return {}


def truncated(told: Told, finding: Json) -> Facts:
    """Return how many bytes are missing by the header's offsets, at the least where it is itself cut."""
    path, raw = told.subject(finding), told.subject(finding).read_bytes()
    if path.suffix == ".pt":
        assert not zipfile.is_zipfile(path)
        return {}
    if len(raw) < _LENGTH_BYTES:
        return {"size_bytes": len(raw)}
    begin = _LENGTH_BYTES + struct.unpack("<Q", raw[:_LENGTH_BYTES])[0]
    if begin > len(raw):
        return {"missing_bytes_at_least": begin - len(raw)}
    return {"missing_bytes": begin + read_weights(told.subject(finding)).data_bytes - len(raw)}


def trailing(told: Told, finding: Json) -> Facts:
    """Return how many bytes follow the end of a file's last tensor, or of an archive."""
    path = told.subject(finding)
    if path.suffix == ".pt":
        raw = path.read_bytes()
        place = raw.rfind(b"PK\x05\x06")
        comment = struct.unpack("<H", raw[place + 20 : place + 22])[0]
        return {"extra_bytes": len(raw) - place - 22 - comment}
    weights = read_weights(told.subject(finding))
    return {"extra_bytes": len(weights.data) - weights.data_bytes}


def zeros(told: Told, finding: Json) -> Facts:
    """Return how many bytes are zero: all of a file's, or the last ones of its weights."""
    path = told.subject(finding)
    raw = path.read_bytes()
    if not any(raw):
        return {"zero_bytes": len(raw)}
    weights = read_weights(told.subject(finding))
    tail = len(weights.data) - len(weights.data.rstrip(b"\0"))
    tail = min(tail, _last_hole(path) or tail)
    begin = len(weights.data) - tail
    hit = [t for t in weights.tensors.values() if t["data_offsets"][0] >= begin]
    return {"zero_bytes": tail, "data_bytes": len(weights.data), "tensors": len(hit)}


def _last_hole(path: Path) -> int:
    """Return how many bytes at a file's end were never written, 0 for none."""
    with path.open("rb") as file:
        size = path.stat().st_size
        place = file.seek(0, os.SEEK_HOLE)
        while place < size:
            written = _data_after(file.fileno(), place, size)
            if written >= size:
                return size - place
            place = os.lseek(file.fileno(), written, os.SEEK_HOLE)
    return 0


def holes(told: Told, finding: Json) -> Facts:
    """Return how many bytes of a file were never written, in how many stretches, as the file system says."""
    path = told.subject(finding)
    size = path.stat().st_size
    stretches, place = [], 0
    with path.open("rb") as file:
        while place < size:
            begin = file.seek(place, os.SEEK_HOLE)
            if begin >= size:
                break
            place = _data_after(file.fileno(), begin, size)
            stretches.append(place - begin)
    return {"hole_bytes": sum(stretches), "holes": len(stretches), "size_bytes": size}


def _data_after(descriptor: int, begin: int, size: int) -> int:
    try:
        return os.lseek(descriptor, begin, os.SEEK_DATA)
    except OSError:
        return size


def something_else(told: Told, finding: Json) -> Facts:
    """Return the size that a pointer of Git LFS names."""
    raw = told.subject(finding).read_bytes()
    if not raw.startswith(b"version https://git-lfs"):
        return {}
    return {"real_bytes": int(raw.rpartition(b"size ")[2])}


def header(told: Told, finding: Json) -> Facts:
    """Return the length of a header that is too long, or the bytes of the tensor that does not fit."""
    path = told.subject(finding)
    if path.suffix == ".pt":
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
        assert len(set(names)) < len(names)
        return {}
    (length,) = struct.unpack("<Q", path.read_bytes()[:_LENGTH_BYTES])
    if length > _LARGEST_HEADER:
        return {"header_bytes": length}
    if "tensor" not in finding["evidence"]:
        return {}
    tensors = read_weights(told.subject(finding)).tensors
    begin, end = tensors[finding["evidence"]["tensor"]]["data_offsets"]
    if finding["evidence"]["problem"] == "overlap":
        spans = sorted(tensor["data_offsets"] for tensor in tensors.values())
        (own,) = (a[1] - b[0] for a, b in pairwise(spans) if b == [begin, end])
        return {"bytes": own}
    assert end - begin != size_of(tensors[finding["evidence"]["tensor"]])
    return {"bytes": end - begin}


def first_byte(told: Told, finding: Json) -> Facts:
    """Return the byte that a header begins with instead of a brace."""
    return {"first_byte": told.subject(finding).read_bytes()[_LENGTH_BYTES]}


def no_tensors(told: Told, finding: Json) -> Facts:
    """Return the length of a header without tensors."""
    weights = read_weights(told.subject(finding))
    assert weights.tensors == {}
    return {"header_bytes": weights.header_bytes}


def without_elements(told: Told, finding: Json) -> Facts:
    """Return how many tensors have no elements."""
    tensors = read_weights(told.subject(finding)).tensors
    none = [name for name, tensor in tensors.items() if not elements(tensor)]
    return {"tensors": len(none), "of": len(tensors), "first": none[0]}


def repeated(told: Told, finding: Json) -> Facts:
    """Return how many names stand in a header twice."""
    path = told.subject(finding)
    raw = path.read_bytes()
    (length,) = struct.unpack("<Q", raw[:_LENGTH_BYTES])
    pairs: list[tuple[str, object]] = json.loads(
        raw[_LENGTH_BYTES : _LENGTH_BYTES + length], object_pairs_hook=list
    )
    names = [name for name, _ in pairs]
    twice = sorted({name for name in names if names.count(name) > 1})
    return {"tensors": len(twice), "first": twice[0]}


CHECKERS: dict[str, Checker] = {
    "file_empty": empty,
    "file_truncated": truncated,
    "file_trailing_bytes": trailing,
    "file_zero_tail": zeros,
    "file_sparse": holes,
    "file_not_its_format": something_else,
    "header_invalid": header,
    "header_not_standard": first_byte,
    "no_tensors": no_tensors,
    "tensors_without_elements": without_elements,
    "tensor_repeated": repeated,
}
