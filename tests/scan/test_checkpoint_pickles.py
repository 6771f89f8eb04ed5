"""Read pickles of every shape as descriptions: what others see in them, and no harm from damaged ones."""

import pickle
import pickletools
import struct
import tracemalloc
import zipfile
from collections import OrderedDict, defaultdict
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from afterall.scan.checkpoints.formats.pickled import BrokenPickle, Pickle, read_pickle
from scan.checkpoint_making import adapter_arrays, torch_bytes

SAVED = Path(__file__).parent / "fixtures" / "saved"


def pickle_of(archive: bytes) -> bytes:
    """Return the pickle of a torch archive."""
    with zipfile.ZipFile(BytesIO(archive)) as file:
        return file.read(next(name for name in file.namelist() if name.endswith("/data.pkl")))


class Point:
    """Something with a state of its own, whose class a pickle names."""

    def __init__(self) -> None:
        self.x, self.inside = 1, {"a": [1.5, None]}


SHARED = [1, 2]
VALUES = (
    {"a": SHARED, "b": SHARED, "c": (1, (2, (3,))), "d": {"e": {}}},
    OrderedDict(a=1, b=defaultdict(list, c=[2])),
    [Point(), Point, len, b"bytes", bytearray(b"more"), 2**70, -(2**300), 1 + 2j, frozenset({1}), {1, 2}],
    "text with \u2028, \\ and \udcff",
)
REAL = {path.stem: pickle_of(path.read_bytes()) for path in sorted(SAVED.rglob("state_dict.pt"))[:1]}
REAL |= {
    path.stem: pickle_of(path.read_bytes())
    for name in (
        "views",
        "optimizer",
        "quantized",
        "sparse",
        "parameters",
        "module",
        "counters",
        "numpy",
        "dtensor",
    )
    for path in SAVED.rglob(f"torch-2.14/{name}.pt")
}
REAL |= {"lightning": pickle_of((SAVED / "torch-2.14/lightning.ckpt").read_bytes())}
REAL |= {"metadata": (SAVED / "dcp/.metadata").read_bytes()}
REAL |= {"made here": pickle_of(torch_bytes(adapter_arrays()))}
REAL |= {f"protocol {p}, value {i}": pickle.dumps(v, p) for i, v in enumerate(VALUES) for p in range(6)}


def read(data: bytes) -> Pickle | None:
    """Return the description, None where there is none."""
    try:
        return read_pickle(data)
    except BrokenPickle:
        return None


def named(data: bytes) -> set[str]:
    """Return the globals that the standard library's disassembler sees, of protocols that spell them out."""
    return {
        str(argument).replace(" ", ".")
        for opcode, argument, _ in pickletools.genops(data)
        if opcode.name == "GLOBAL"
    }


@pytest.mark.parametrize("name", REAL)
def test_a_real_pickle_is_read_to_its_end(name: str) -> None:
    """Every opcode is understood, and all that it would import is named."""
    found = read_pickle(REAL[name])
    assert found.end == len(REAL[name])
    assert named(REAL[name]) <= {str(each) for each in found.globals}


@pytest.mark.parametrize("name", REAL)
def test_no_beginning_of_a_pickle_is_one(name: str) -> None:
    """Wherever it was cut, the end is missed."""
    data = REAL[name]
    assert not [length for length in range(0, len(data), 1 + len(data) // 2000) if read(data[:length])]


@settings(max_examples=400)
@given(st.sampled_from(sorted(REAL)), st.data())
def test_a_damaged_pickle_is_read_or_refused(name: str, draw: st.DataObject) -> None:
    """Bytes changed, lost, doubled or put elsewhere: a description or a refusal, never another error."""
    data = bytearray(REAL[name])
    for _ in range(draw.draw(st.integers(1, 4))):
        at, end = sorted((draw.draw(st.integers(0, len(data))), draw.draw(st.integers(0, len(data)))))
        end = min(end, at + draw.draw(st.integers(0, 6)))
        other = draw.draw(st.one_of(st.binary(max_size=4), st.sampled_from(CODES)))
        data[at:end] = draw.draw(st.sampled_from([other, bytes(data[at:end]) * 2, b""]))
    read(bytes(data))


CODES = [opcode.code.encode("latin-1") for opcode in pickletools.opcodes]
ARGUMENTS = {
    "uint1": st.integers(0, 255).map(lambda n: bytes([n])),
    "uint2": st.integers(0, 65535).map(lambda n: struct.pack("<H", n)),
    "int4": st.integers(-(2**31), 2**31 - 1).map(lambda n: struct.pack("<i", n)),
    "uint4": st.integers(0, 2**32 - 1).map(lambda n: struct.pack("<I", n)),
    "uint8": st.integers(0, 2**64 - 1).map(lambda n: struct.pack("<Q", n)),
    "float8": st.floats().map(lambda x: struct.pack(">d", x)),
    "long1": st.binary(max_size=9).map(lambda b: bytes([len(b)]) + b),
    "long4": st.binary(max_size=9).map(lambda b: struct.pack("<i", len(b)) + b),
}
LINES = st.sampled_from(
    [b"0\n", b"1\n", b"-5L\n", b"1.5\n", b"nan\n", b"'a'\n", b"os\nsystem\n", b"\\ud800\n", b"\n", b"x"]
)
LENGTHS = {"1": "<B", "4": "<I", "8": "<Q"}


def instruction(opcode: pickletools.OpcodeInfo) -> st.SearchStrategy[bytes]:
    """Return an opcode with an argument of its kind, as a writer would write it, or nearly."""
    code = opcode.code.encode("latin-1")
    if opcode.arg is None:
        return st.just(code)
    if opcode.arg.name in ARGUMENTS:
        return ARGUMENTS[opcode.arg.name].map(code.__add__)
    width = LENGTHS.get(opcode.arg.name[-1])
    if width is not None:
        return st.binary(max_size=5).map(lambda text: code + struct.pack(width, len(text)) + text)
    return LINES.map(code.__add__)


PROGRAMS = st.lists(st.one_of(*map(instruction, pickletools.opcodes)), max_size=40).map(b"".join)


@settings(max_examples=600)
@given(PROGRAMS)
def test_any_program_ends(program: bytes) -> None:
    """Opcodes in any order, each with an argument that fits: a description or a refusal."""
    read(program + b".")


@settings(max_examples=100, deadline=None)
@given(PROGRAMS)
def test_a_small_program_takes_little_memory(program: bytes) -> None:
    """Whatever sizes its opcodes claim, a program of some hundred bytes makes no more than a megabyte."""
    tracemalloc.start()
    try:
        read(program + b".")
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 1 << 20


@given(
    st.recursive(st.none() | st.integers() | st.text(max_size=4), lambda inner: st.lists(inner, max_size=3))
)
def test_a_pickle_in_a_pickle_is_only_bytes(value: object) -> None:
    """What lies in a bytes object is not read as a pickle of its own."""
    inner = b"cposix\nsystem\n(S'ls'\ntR." + pickle.dumps(value)
    assert read_pickle(pickle.dumps({"state": inner}, 4)).globals == ()
