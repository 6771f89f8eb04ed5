"""Read `.nemo` archives where they lie: their weights, where they were cut off, and what is not looked at."""

import gzip
import io
import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterall.model import FindingCode
from afterall.scan.checkpoints.formats import Contents, extents_of, read_contents
from afterall.scan.checkpoints.formats.archive import BrokenArchive
from scan.checkpoint_making import model_arrays, torch_bytes
from scan.checkpoint_memory import Memory

WEIGHTS = torch_bytes(model_arrays(), "model_weights")


def nemo(
    members: dict[str, bytes], kind: int = tarfile.PAX_FORMAT, pax: dict[str, str] | None = None
) -> bytes:
    """Return a tar of these members, as NeMo's connector writes one."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:", format=kind) as archive:
        for name, data in members.items():
            member = tarfile.TarInfo(f"./{name}")
            member.size = len(data)
            member.pax_headers = pax or {}
            archive.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


GOOD = nemo({"model_config.yaml": b"target: a\n", "model_weights.ckpt": WEIGHTS})
BEGIN = GOOD.index(WEIGHTS)


def read(data: bytes) -> Contents:
    """Return what is read of a `.nemo` file in memory."""
    return read_contents("model.nemo", Memory(data), data[: 1 << 16])


@pytest.mark.parametrize("kind", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT])
def test_the_weights_in_a_good_archive_are_judged(kind: int) -> None:
    """Their tensors are known, and their numbers lie where the extents say."""
    data = nemo({"a/" + "long" * 20 + ".txt": b"x", "model_weights.ckpt": WEIGHTS}, kind)
    contents = read(data)
    assert (contents.faults, contents.is_judged, contents.format) == ((), True, "nemo-archive")
    assert contents.tensors is not None
    assert contents.tensors.keys() == model_arrays().keys()
    found = {
        each.name: data[each.begin : each.end] for each in extents_of(Memory(data), contents) if each.dtype
    }
    assert found == {name: array.tobytes() for name, array in model_arrays().items()}


def test_sizes_of_eight_gib_and_more_stand_before_the_member() -> None:
    """Python's tar writes 0 into the header itself then, as is done here for a small one."""
    data = nemo({"model_weights.ckpt": WEIGHTS}, pax={"size": str(len(WEIGHTS))})
    at = data.index(b"./model_weights.ckpt", 1024)
    header = bytearray(data[at : at + 512])
    header[124:136] = b"00000000000\0"
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    assert read(data[:at] + bytes(header) + data[at + 512 :]).faults == ()


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (GOOD[: BEGIN + 1000], FindingCode.FILE_TRUNCATED),
        (GOOD[: BEGIN + len(WEIGHTS) + -len(WEIGHTS) % 512], FindingCode.FILE_TRUNCATED),
        (GOOD[:100], FindingCode.FILE_NOT_ITS_FORMAT),
        (GOOD[:1024] + b"\xff" * 512 + GOOD[1536:], FindingCode.HEADER_INVALID),
        (GOOD.replace(WEIGHTS[-22:-18], b"none"), FindingCode.FILE_TRUNCATED),
        (nemo({"model_weights.ckpt": b"no archive"}), FindingCode.HEADER_INVALID),
        (nemo({"model_config.yaml": b"a"}), FindingCode.FILE_NOT_VERIFIABLE),
        (gzip.compress(GOOD), FindingCode.FILE_NOT_VERIFIABLE),
    ],
    ids=[
        "in the weights",
        "before the end",
        "in a header",
        "a header",
        "the weights",
        "other",
        "none",
        "packed",
    ],
)
def test_what_is_wrong_is_named(data: bytes, code: FindingCode) -> None:
    """Cut off, damaged, of another kind, or packed."""
    assert [fault.code for fault in read(data).faults] == [code]


@given(st.integers(0, len(GOOD)), st.binary(max_size=20), st.integers(0, 600))
def test_any_bytes_are_judged(at: int, junk: bytes, lost: int) -> None:
    """Bytes changed, lost or added anywhere: a verdict or a finding, never another exception."""
    data = GOOD[:at] + junk + GOOD[at + lost :]
    contents = read(data)
    try:
        extents = list(extents_of(Memory(data), contents))
    except BrokenArchive:
        return
    assert all(each.end <= len(data) for each in extents)
