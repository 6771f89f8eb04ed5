# ruff: noqa: E501 - cases read as tables
"""Read every format of the registry from bytes in memory: total over any bytes, and frugal with reads."""

import json
import pickletools
import struct
import zipfile
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from afterall.model import FindingCode
from afterall.scan.checkpoints.formats import FORMATS, Contents, claimed, extents_of, read_contents
from afterall.scan.checkpoints.formats.archive import BrokenArchive, data_offset, read_directory
from afterall.scan.checkpoints.formats.pickle_opcodes import ACTIONS, STOP
from afterall.scan.checkpoints.formats.pickled import BrokenPickle, read_pickle
from scan.checkpoint_making import (
    Named,
    Object,
    Persistent,
    adapter_arrays,
    numbers,
    pickled,
    raw_safetensors,
    safetensors_bytes,
    torch_bytes,
    zip_bytes,
)
from scan.checkpoint_memory import Memory

NAMES = ("model.safetensors", "adapter_model.pt", "pytorch_model.bin", "a.ckpt", "a.pkl", "config.json",
         "model.safetensors.index.json", "m.gguf", "m.npz", ".metadata", "anything")  # fmt: skip
HEAD = 1 << 16


def gguf(tensors: list[tuple[str, tuple[int, ...], int, int]], payload: bytes) -> bytes:
    """Return a GGUF v3 file with one string and one array of metadata, 32-byte alignment."""

    def text(value: str) -> bytes:
        return struct.pack("<Q", len(value)) + value.encode()

    values = text("general.name") + struct.pack("<I", 8) + text("tiny")
    values += text("tokens") + struct.pack("<IIQ", 9, 8, 2) + text("a") + text("b")
    infos = b"".join(
        text(name)
        + struct.pack("<I", len(shape))
        + struct.pack(f"<{len(shape)}Q", *shape)
        + struct.pack("<IQ", kind, at)
        for name, shape, kind, at in tensors
    )
    header = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), 2) + values + infos
    return header + bytes(-len(header) % 32) + payload


def dcp_metadata(files: dict[str, int]) -> bytes:
    """Return `.metadata` as torch.distributed.checkpoint pickles it, each file holding one blob of that length."""
    module = "torch.distributed.checkpoint"
    storage = {
        name: Object(
            f"{module}.filesystem", "_StorageInfo", (), {"relative_path": name, "offset": 16, "length": size}
        )
        for name, size in files.items()
    }
    tensor = Object(f"{module}.metadata", "TensorStorageMetadata", (), {"size": 1})
    state = {"state_dict_metadata": {"w": tensor}, "storage_data": storage, "planner_data": None}
    return pickled(Object(f"{module}.metadata", "Metadata", (), state))


def npz(arrays: dict[str, NDArray[Any]]) -> bytes:
    """Return an archive as numpy writes it."""
    file = BytesIO()
    np.savez(file, **arrays)  # type: ignore[arg-type]
    return file.getvalue()


GOOD = {
    "model.safetensors": safetensors_bytes(adapter_arrays()),
    "adapter_model.pt": torch_bytes(adapter_arrays()),
    "config.json": b'{"a": [1, 2, {"b": null}]}',
    "trainer_state.json": b'{"loss": NaN}',
    "model.safetensors.index.json": b'{"metadata": {"total_size": 4}, "weight_map": {"a": "b.safetensors"}}',
    "m.gguf": gguf([("w", (2, 2), 0, 0)], bytes(range(16))),
    "m.npz": npz({"w": numbers(4, 4), "s": numbers(2)}),
    ".metadata": dcp_metadata({"__0_0.distcp": 100}),
}


def read(name: str, data: bytes) -> Contents:
    """Return what is read of a file in memory, its format told by its name and first bytes."""
    return read_contents(name, Memory(data), data[:HEAD])


@pytest.mark.parametrize("name", GOOD)
def test_a_good_file_of_every_format_has_no_faults(name: str) -> None:
    """What each writer writes is judged, and nothing is wrong with it."""
    contents = read(name, GOOD[name])
    assert (contents.faults, contents.is_judged) == ((), True)


@pytest.mark.parametrize("name", GOOD)
@given(data=st.data())
@settings(max_examples=60)
def test_a_mutated_file_of_every_format_is_judged(name: str, data: st.DataObject) -> None:
    """Bytes changed, lost or added anywhere: a verdict or a finding, never an exception."""
    good = GOOD[name]
    at = data.draw(st.integers(0, len(good)))
    end = data.draw(st.one_of(st.just(at), st.integers(at, min(len(good), at + 40)), st.just(len(good))))
    broken = good[:at] + data.draw(st.binary(max_size=8)) + good[end:]
    contents = read(name, broken)
    file = Memory(broken)
    try:
        list(extents_of(file, contents))
    except BrokenArchive:
        assert contents.format in ("torch-zip", "npz")


@given(st.sampled_from(NAMES), st.binary(max_size=200))
def test_any_bytes_under_any_name_are_judged(name: str, data: bytes) -> None:
    """No bytes make a reader fail."""
    assert isinstance(read(name, data), Contents)


@given(st.sampled_from(FORMATS), st.binary(max_size=200))
def test_every_reader_is_total_over_any_bytes(format_: object, data: bytes) -> None:
    """Each reader by itself takes whatever it is handed."""
    for each in FORMATS:
        if each is format_ and data:
            assert isinstance(each.read(Memory(data), data), Contents)


@pytest.mark.parametrize(
    "name", ["model.safetensors", "config.json", "model.safetensors.index.json", ".metadata", "m.gguf"]
)
def test_a_small_file_is_read_once(name: str) -> None:
    """What the first 64 KiB hold is not asked for again."""
    file = Memory(GOOD[name])
    read_contents(name, file, GOOD[name])
    assert file.reads == []


def test_a_large_safetensors_file_costs_one_more_read() -> None:
    """Beyond the head, only the last 4 KiB are read, to see whether they were ever written."""
    data = safetensors_bytes({"w": numbers(512, 512)})
    file = Memory(data)
    assert read_contents("model.safetensors", file, data[:HEAD]).faults == ()
    assert file.reads == [(len(data) - 4096, 4096)]


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("m.gguf", GOOD["m.gguf"][:-1], FindingCode.FILE_TRUNCATED),
        ("m.gguf", GOOD["m.gguf"][:60], FindingCode.HEADER_INVALID),
        ("pytorch_model.bin", GOOD["model.safetensors"], FindingCode.FILE_NOT_ITS_FORMAT),
        ("model.safetensors", GOOD["m.gguf"], FindingCode.FILE_NOT_ITS_FORMAT),
        ("adapter_model.pt", zip_bytes({"hello.txt": b"x"}), FindingCode.FILE_NOT_ITS_FORMAT),
        (
            "a.pt",
            b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19." + pickled(1001) * 4,
            FindingCode.FILE_NOT_VERIFIABLE,
        ),
        ("a.pkl", pickled({"state": (1, 2)})[:-3], FindingCode.FILE_TRUNCATED),
        ("config.json", b'{"a": 1', FindingCode.CONFIG_INVALID),
        ("config.json", b"\xff\xfe{}", FindingCode.CONFIG_INVALID),
        (".metadata", GOOD[".metadata"][:-40], FindingCode.HEADER_INVALID),
        ("adapter_model.pt", GOOD["adapter_model.pt"] + b"more", FindingCode.FILE_TRAILING_BYTES),
    ],
)
def test_what_is_wrong_is_named(name: str, data: bytes, code: FindingCode) -> None:
    """Each of these is called what it is."""
    assert [fault.code for fault in read(name, data).faults] == [code]


def test_every_opcode_of_cpython_is_known() -> None:
    """The table of pickle's opcodes is CPython's own, STOP apart."""
    known = {code for code, action in enumerate(ACTIONS) if action is not None}
    assert known | {STOP} == {ord(opcode.code) for opcode in pickletools.opcodes}


@given(st.binary(max_size=200))
def test_any_program_of_opcodes_ends(data: bytes) -> None:
    """Whatever the opcodes, reading ends with a description or BrokenPickle."""
    try:
        read_pickle(b"\x80\x02" + data)
    except BrokenPickle:
        return


OPCODES = st.sampled_from([bytes([code]) for code, action in enumerate(ACTIONS) if action is not None])


@settings(max_examples=300)
@given(
    st.lists(
        st.tuples(OPCODES, st.sampled_from([b"", b"\0", b"\1\0\0\0", b"a\nb\n", b"1\n", b"\2\0ab"])),
        max_size=30,
    )
)
def test_any_row_of_known_opcodes_ends(program: list[tuple[bytes, bytes]]) -> None:
    """Rows of real opcodes, with arguments that fit or do not, never raise anything else."""
    try:
        read_pickle(b"".join(code + argument for code, argument in program) + b".")
    except BrokenPickle:
        return


PLAIN = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**63), 2**63),
        st.floats(allow_nan=False),
        st.text(max_size=5),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.tuples(inner, inner),
        st.dictionaries(st.text(max_size=3), inner, max_size=3),
    ),
    max_leaves=10,
)


@given(PLAIN, st.integers(0, 5))
def test_plain_values_are_described_as_they_are(value: object, protocol: int) -> None:
    """What the standard pickler writes of plain values, in every protocol, is read back equal."""
    import pickle

    assert read_pickle(pickle.dumps(value, protocol)).value == value


def test_a_call_stays_a_description() -> None:
    """Objects, globals and references are described, none is made."""
    pickle = read_pickle(
        pickled(Object("os", "system", ("ls", Named("a.b", "c")), {"x": Persistent(("storage",))}))
    )
    assert [str(each) for each in pickle.globals] == ["os.system", "a.b.c"]
    assert pickle.value.state["x"].identity == ("storage",)


@given(
    st.dictionaries(st.text("abc/", min_size=1, max_size=6), st.binary(max_size=30), max_size=5),
    st.booleans(),
)
def test_a_zips_directory_is_read_as_zipfile_reads_it(records: dict[str, bytes], packed: bool) -> None:
    """Names, places, sizes and checksums are those that the standard library finds."""
    from io import BytesIO

    data = zip_bytes(records, zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED)
    mine = read_directory(Memory(data)).records
    theirs = zipfile.ZipFile(BytesIO(data)).infolist()
    assert [(r.name, r.offset, r.size, r.crc32) for r in mine] == [
        (i.filename, i.header_offset, i.file_size, i.CRC) for i in theirs
    ]
    for record in mine if not packed else ():
        begin = data_offset(Memory(data), record)
        assert data[begin : begin + record.size] == records[record.name]


def test_every_name_claims_a_format_of_the_registry() -> None:
    """No file name points to a reader that is not there."""
    assert all(set(claimed(name)) <= {*FORMATS, *claimed("a.index.json")} for name in NAMES)


def test_a_torch_file_may_be_called_tar() -> None:
    """`checkpoint.pth.tar` is torch's, whatever it is called; any other tar is none of the formats here."""
    assert claimed("model_best.pth.tar") == claimed("model_best.pth")
    assert claimed("model.safetensors.tar") == claimed("data.tar") == ()


def test_a_header_says_where_its_fault_is() -> None:
    """The tensor and the number of bytes stand in the evidence."""
    table = {
        "a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]},
        "b": {"dtype": "F32", "shape": [1], "data_offsets": [12, 16]},
    }
    (fault,) = read("m.safetensors", raw_safetensors(json.dumps(table), bytes(16))).faults
    assert fault.evidence == {"problem": "hole", "tensor": "b", "bytes": 4}
