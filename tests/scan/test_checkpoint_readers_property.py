# ruff: noqa: E501 - tokens read as a table
"""Hold the small readers against plain ones: JSON documents, indexes, GGUF headers, and ends of zeros."""

import json
import struct
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from afterall.model import FindingCode, Severity
from afterall.scan.checkpoints.formats import Contents, gguf, json_document, weights_index
from afterall.scan.checkpoints.formats.contents import Tensor
from afterall.scan.checkpoints.formats.tail import TAIL_BYTES, sparse_faults, tail_faults
from scan.checkpoint_making import gguf_bytes
from scan.checkpoint_memory import Memory

TOKENS = (
    "{", "}", "[", "]", ":", ",", " ", "\n", '"a"', '"weight_map"', '"metadata"', '"total_size"', '"\\ud800"', '"\\u00e9"',
    '"é"', "0", "-0", "1.5", "1e400", "-1e400", "NaN", "-Infinity", "null", "true", "9" * 30, "9" * 5000, "'", "\ufeff", "\x00",
)  # fmt: skip
NEARLY_JSON = st.lists(st.sampled_from(TOKENS), max_size=14).map("".join)
VALUES = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)
DOCUMENTS = st.one_of(
    st.binary(max_size=40),
    NEARLY_JSON.map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.builds(json.dumps, VALUES, ensure_ascii=st.booleans()).map(
        lambda text: text.encode("utf-8", "surrogatepass")
    ),
    st.builds(json.dumps, VALUES).map(lambda text: text.encode("utf-16")),
)


def read(format_: Any, data: bytes) -> Contents:
    """Return what one reader makes of these bytes."""
    found: Contents = format_.FORMAT.read(Memory(data), data)
    return found


def is_plain_json(data: bytes) -> bool:
    """Return whether Python's json, given strict UTF-8, takes these bytes, as the loaders do."""
    try:
        json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError):
        return False
    return True


@settings(max_examples=400)
@given(DOCUMENTS)
def test_json_is_what_pythons_json_takes(data: bytes) -> None:
    """A document has a fault when and only when loading it as text would fail."""
    assert (read(json_document, data).faults == ()) == is_plain_json(data)


TOTALS: st.SearchStrategy[Any] = st.one_of(
    st.integers(), st.floats(), st.sampled_from([10**400, -(10**400), 1e308, "5", None, [], {}, True])
)


@settings(max_examples=200)
@given(st.dictionaries(st.text(max_size=4), st.text(max_size=4), max_size=4), TOTALS)
def test_an_index_is_its_map_whatever_its_metadata_say(weight_map: dict[str, str], total: Any) -> None:
    """Places are read as they stand; a total that is no number of bytes is only no total."""
    document = {"metadata": {"total_size": total, "more": [1]}, "weight_map": weight_map}
    if total != total or total in (float("inf"), float("-inf")):
        total = None
        document["metadata"] = {}
    contents = read(weights_index, json.dumps(document).encode())
    assert contents.faults == ()
    assert contents.document.weight_map == weight_map
    assert contents.document.total_bytes is None or abs(contents.document.total_bytes) <= 1 << 62
    is_number = isinstance(total, int | float) and not isinstance(total, bool)
    assert (contents.document.total_bytes is not None) == is_number


@settings(max_examples=400)
@given(DOCUMENTS)
def test_any_index_is_read_or_refused(data: bytes) -> None:
    """Whatever the bytes, there is an index or a fault, never both and never an error."""
    contents = read(weights_index, data)
    assert (contents.document is None) == bool(contents.faults)


GGUF = (
    gguf_bytes(0, (4, 3), bytes(range(1, 49))),
    gguf_bytes(2, (32, 2), bytes(range(1, 37))),
    gguf_bytes(0, (3,), bytes(range(1, 13)), version=2),
)


@settings(max_examples=400)
@given(st.sampled_from(GGUF), st.data())
def test_a_damaged_gguf_is_read_or_refused(good: bytes, draw: st.DataObject) -> None:
    """Bytes changed, lost or added: what is not refused lies within the file."""
    data = bytearray(good)
    for _ in range(draw.draw(st.integers(1, 3))):
        at = draw.draw(st.integers(0, len(data)))
        other = draw.draw(st.sampled_from([b"", b"\xff", b"\xff" * 8, b"\0" * 8, struct.pack("<Q", 2**62)]))
        data[at : at + draw.draw(st.sampled_from([0, 1, 8]))] = other
    contents = read(gguf, bytes(data))
    if contents.tensors and not contents.faults:
        assert all(
            contents.data_begin + each.data_offsets[1] <= len(data) for each in contents.tensors.values()
        )


def test_no_beginning_of_a_gguf_is_one() -> None:
    """Wherever it was cut, bytes are missed."""
    for good in GGUF:
        assert not [length for length in range(5, len(good)) if read(gguf, good[:length]).faults == ()]


def test_a_gguf_of_another_version_is_not_judged() -> None:
    """The first version, one to come, and the other order of bytes: nothing is claimed, and it is no damage."""
    for version in (1, 4, 3 << 24):
        contents = read(gguf, gguf_bytes(0, (2,), bytes(8), version=version))
        assert not contents.is_judged
        assert [fault.code for fault in contents.faults] == [FindingCode.FILE_NOT_VERIFIABLE]


HOLES = st.lists(st.tuples(st.integers(0, 20_000), st.integers(0, 20_000)).map(sorted).map(tuple), max_size=4)
DATA = st.lists(st.tuples(st.integers(0, 255), st.integers(0, 9000)), max_size=4).map(
    lambda runs: b"".join(bytes([value]) * length for value, length in runs)
)


@settings(max_examples=400)
@given(DATA, HOLES, st.integers(0, 200), st.integers(1, 4))
def test_any_end_is_judged(data: bytes, holes: Any, begin: int, parts: int) -> None:
    """Whatever the bytes and whatever the file system says of holes: no more zeros than there are data."""
    size = max(len(data) - begin, 0)
    cuts = [size * part // parts for part in range(parts + 1)]
    tensors = {str(a): Tensor("U8", (b - a, 1), (a, b)) for a, b in pairwise(cuts)}
    for fault in tail_faults(Memory(data, tuple(holes)), data, begin, tensors):
        if fault.code is FindingCode.FILE_ZERO_TAIL:
            assert (
                0 < int(str(fault.evidence["zero_bytes"])) <= int(str(fault.evidence["data_bytes"])) == size
            )


@given(DATA, st.integers(1, TAIL_BYTES - 1), st.binary(min_size=1, max_size=3))
def test_an_end_that_was_written_is_no_fault(data: bytes, zeros: int, last: bytes) -> None:
    """Fewer zeros than a page, or anything else at the end, is no tail: biases and padding are often zero."""
    whole = data + last.replace(b"\0", b"\1") + bytes(zeros)
    tensors = {"w": Tensor("U8", (len(whole), 1), (0, len(whole)))}
    assert tail_faults(Memory(whole), whole, 0, tensors) == ()


@given(st.integers(1, 100), st.integers(0, 100))
def test_holes_are_an_error_where_they_are_most_of_a_file(size: int, hole: int) -> None:
    """Half of a file that was never written may be a sparse copy; more than half is no saved model."""
    holes = ((0, min(hole, size)),) if hole else ()
    found = [fault.severity for fault in sparse_faults(Memory(bytes(size), holes))]
    expected = [Severity.ERROR if 2 * min(hole, size) > size else None] if hole else []
    assert found == expected
