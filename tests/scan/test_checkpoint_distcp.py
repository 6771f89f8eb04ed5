"""Read the data files of distributed checkpoints blob by blob: numbers, damage, and what is not looked at."""

import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterall.model import FindingCode
from afterall.scan.checkpoints.formats import read_contents
from afterall.scan.checkpoints.formats.dcp_metadata import Blob, Plan
from afterall.scan.checkpoints.formats.distcp import Numbers, distcp_numbers
from scan.checkpoint_distributed import data_file, metadata, tensor_blob
from scan.checkpoint_making import numbers, pickled, torch_bytes, zip_bytes
from scan.checkpoint_memory import Memory

WEIGHTS = {"model.a": numbers(16, 8, seed=1), "model.b": numbers(4, seed=2, dtype="float16")}
PARTS = [("extra", pickled({"lr": 0.1}))] + [(name, tensor_blob(each)) for name, each in WEIGHTS.items()]
DATA, PLACES = data_file(PARTS)


def plan(data: bytes) -> Plan:
    """Return the plan that is read of a `.metadata` file."""
    document = read_contents(".metadata", Memory(data), data[: 1 << 16]).document
    assert isinstance(document, Plan)
    return document


def read(data: bytes, **kinds: frozenset[str]) -> Numbers:
    """Read a data file with the places of PARTS."""
    return distcp_numbers(Memory(data), plan(metadata(PLACES, **kinds)).blobs["__0_0.distcp"])


EXTRA = frozenset({"extra"})


def test_metadata_says_what_each_data_file_holds() -> None:
    """Name, place and length of every blob, and whether it is a tensor and was written as it is."""
    read_plan = plan(metadata(PLACES, EXTRA, frozenset({"model.b"})))
    lengths = [len(blob) for _, blob in PARTS]
    assert read_plan.blobs == {
        "__0_0.distcp": (
            Blob("extra", 0, lengths[0], is_tensor=False),
            Blob("model.a", lengths[0], lengths[1]),
            Blob("model.b", sum(lengths[:2]), lengths[2], is_plain=False),
        )
    }
    assert (read_plan.needed_bytes, read_plan.tensors) == ({"__0_0.distcp": len(DATA)}, 2)


def test_every_tensor_is_found_where_its_numbers_are() -> None:
    """Extents are places in the data file, with type and checksum, and the shapes are known."""
    found = read(DATA, plain_bytes=EXTRA)
    assert [(e.name, e.dtype, DATA[e.begin : e.end], e.crc32) for e in found.extents] == [
        (name, dtype, array.tobytes(), zlib.crc32(array.tobytes()))
        for (name, array), dtype in zip(WEIGHTS.items(), ("F32", "F16"), strict=True)
    ]
    assert {name: tensor.shape for name, tensor in found.tensors.items()} == {
        "model.a": (16, 8),
        "model.b": (4,),
    }
    assert (found.faults, found.is_whole) == ((), True)


def test_tensors_inside_of_plain_bytes_are_found_too() -> None:
    """An optimizer that was pickled as a whole is an archive with names of its own."""
    blob = torch_bytes({"exp_avg": numbers(3, seed=3)})
    data, places = data_file([("optimizer", blob)])
    found = distcp_numbers(
        Memory(data), plan(metadata(places, frozenset({"optimizer"}))).blobs["__0_0.distcp"]
    )
    assert [(e.name, e.end - e.begin) for e in found.extents] == [("optimizer.exp_avg", 12)]


def test_a_tensor_without_elements_is_whole() -> None:
    """Some ranks hold an empty shard."""
    data, places = data_file([("w", tensor_blob(np.zeros((0, 4), np.float32)))])
    found = distcp_numbers(Memory(data), plan(metadata(places)).blobs["__0_0.distcp"])
    assert found == Numbers(tensors=found.tensors)


def at(name: str) -> int:
    """Return where the blob of this name begins."""
    return next(offset for key, _, offset, _ in PLACES if key == name)


def overwritten(begin: int, new: bytes) -> bytes:
    """Return the data file with these bytes from `begin` on."""
    return DATA[:begin] + new + DATA[begin + len(new) :]


PICKLE_AT = DATA.index(b"c", at("model.a") + 60)
ZEROS = bytes(len(DATA) - at("model.a"))


@pytest.mark.parametrize(
    ("data", "code", "evidence"),
    [
        (
            overwritten(at("model.b"), b"nonsense"),
            FindingCode.HEADER_INVALID,
            {"problem": "no_archive", "tensor": "model.b", "blobs": 1, "of_blobs": 3},
        ),
        (
            overwritten(at("model.a"), ZEROS),
            FindingCode.FILE_ZERO_TAIL,
            {"tensor": "model.a", "blobs": 2, "of_blobs": 3},
        ),
        (
            overwritten(at("model.b") - 22, bytes(22)),
            FindingCode.HEADER_INVALID,
            {"problem": "no_central_directory", "tensor": "model.a", "blobs": 1, "of_blobs": 3},
        ),
        (
            overwritten(PICKLE_AT, b"\xff"),
            FindingCode.HEADER_INVALID,
            {"problem": "unknown_opcode", "record": "archive/data.pkl", "tensor": "model.a", "blobs": 1}
            | {"of_blobs": 3},
        ),
    ],
    ids=["no archive", "zeros to the end", "no directory", "damaged pickle"],
)
def test_damage_is_told_once_a_kind(data: bytes, code: FindingCode, evidence: dict[str, object]) -> None:
    """The first blob of each kind of damage is named, with how many share it."""
    found = read(data, plain_bytes=EXTRA)
    assert [(fault.code, fault.evidence) for fault in found.faults] == [(code, evidence)]
    assert not found.is_whole


def test_a_damaged_blob_does_not_hide_the_others() -> None:
    """What is good is still read."""
    found = read(overwritten(at("model.b"), b"nonsense"), plain_bytes=EXTRA)
    assert [each.name for each in found.extents] == ["model.a"]


@pytest.mark.parametrize(
    "blobs",
    [
        [Blob("a", 0, len(DATA) + 1)],
        [Blob("a", at("model.a"), 60), Blob("b", at("model.a") + 8, 60)],
        [Blob("a", at("model.b"), len(PARTS[2][1]), is_plain=False)],
    ],
    ids=["beyond the end", "overlapping", "compressed"],
)
def test_what_cannot_be_looked_at_is_not_whole(blobs: list[Blob]) -> None:
    """Nothing is claimed of it, and no byte is read twice."""
    assert not distcp_numbers(Memory(DATA), blobs).is_whole


def test_a_format_that_is_no_archive_at_all_is_not_damaged() -> None:
    """Writers other than torch.save exist: a file without any archive is unread, not wrong."""
    data, places = data_file([("w", b"\x10\0\0\0\0\0\0\0other"), ("legacy", pickled(1))])
    found = distcp_numbers(Memory(data), plan(metadata(places)).blobs["__0_0.distcp"])
    assert found == Numbers(is_whole=False)


def test_a_zip_of_the_owners_own_is_no_damaged_tensor() -> None:
    """Plain bytes may be any archive."""
    data, places = data_file([("state", zip_bytes({"a.npy": b"x"}))])
    found = distcp_numbers(Memory(data), plan(metadata(places, frozenset({"state"}))).blobs["__0_0.distcp"])
    assert found == Numbers()


def test_a_large_blob_costs_few_reads() -> None:
    """Both ends once, and what lies between only for the records' headers."""
    data, places = data_file([("w", tensor_blob(numbers(512, 512)))])
    file = Memory(data)
    distcp_numbers(file, plan(metadata(places)).blobs["__0_0.distcp"])
    assert len(file.reads) <= 3
    assert sum(length for _, length in file.reads) < 1 << 17


@given(st.binary(max_size=40), st.integers(0, len(DATA)), st.integers(0, 400))
def test_any_bytes_in_a_data_file_are_judged(junk: bytes, begin: int, lost: int) -> None:
    """Bytes changed, lost or added anywhere: extents inside of the file, or faults, never an exception."""
    data = DATA[:begin] + junk + DATA[begin + lost :]
    found = read(data, plain_bytes=EXTRA)
    ends = [0, *(each.end for each in found.extents)]
    assert all(end <= each.begin <= each.end for end, each in zip(ends, found.extents, strict=False))
    assert ends[-1] <= len(data)


@given(st.lists(st.builds(Blob, st.sampled_from(["", "a"]), st.integers(0, 900), st.integers(1, 900))))
def test_any_blobs_are_looked_at_within_the_file(blobs: list[Blob]) -> None:
    """Whatever `.metadata` promises, no byte is read for two of them."""
    file = Memory(DATA)
    distcp_numbers(file, blobs)
    assert sum(min(length, len(DATA) - offset) for offset, length in file.reads) <= len(DATA)
