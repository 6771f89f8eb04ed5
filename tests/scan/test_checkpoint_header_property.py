# ruff: noqa: E501 - corners read as lines
"""Judge safetensors headers beside the safetensors library: the two never disagree."""

import json
import struct
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from safetensors import SafetensorError

from afterall.scan.checkpoints.formats.header import MAX_HEADER_BYTES
from afterall.scan.checkpoints.formats.serde import DTYPE_BITS
from scan.checkpoint_library import LIBRARY, library_accepts, tensor, we_accept
from scan.checkpoint_making import raw_safetensors

DTYPES = sorted(DTYPE_BITS)


@st.composite
def tables(draw: st.DrawFn) -> tuple[dict[str, Any], int]:
    """A right header as a table, and the bytes of its data."""
    end = 0
    table: dict[str, Any] = {}
    if draw(st.booleans()):
        table["__metadata__"] = draw(st.dictionaries(st.text(max_size=3), st.text(max_size=3), max_size=2))
    for name in draw(st.lists(st.text(max_size=4), max_size=4, unique=True)):
        dtype = draw(st.sampled_from(DTYPES))
        shape = draw(st.lists(st.sampled_from([0, 1, 2, 4, 8]), max_size=3))
        bits = DTYPE_BITS[dtype]
        for length in shape:
            bits *= length
        begin, end = end, end + bits // 8
        table[name] = {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}
    return table, end


@st.composite
def files(draw: st.DrawFn) -> bytes:
    """A right file: its header with or without escapes, blanks within and behind it, and zeros as data."""
    table, size = draw(tables())
    text = json.dumps(
        table, ensure_ascii=draw(st.booleans()), separators=draw(st.sampled_from([(",", ":"), (", ", ": ")]))
    )
    return raw_safetensors(text.encode() + b" " * draw(st.integers(0, 8)), bytes(size))


ODD_VALUES: st.SearchStrategy[Any] = st.sampled_from(
    [
        None,
        True,
        -1,
        0,
        1,
        1.0,
        -0.0,
        2**63,
        2**64 - 1,
        2**64,
        "F32",
        "",
        [],
        [0],
        [0, 4],
        {},
        {"F32": None},
        {"F32": {}},
    ]
)


@st.composite
def odd_texts(draw: st.DrawFn) -> tuple[str, int]:
    """A header whose fields were replaced, repeated, dropped, reordered or written as an array."""
    table, size = draw(tables())
    parts = []
    for name, value in table.items():
        text = json.dumps(value)
        if name != "__metadata__":
            pairs = list(value.items())
            for _ in range(draw(st.integers(0, 2))):
                place = draw(st.integers(0, len(pairs)))
                pairs.insert(
                    place,
                    (draw(st.sampled_from(["dtype", "shape", "data_offsets", "other"])), draw(ODD_VALUES)),
                )
            if draw(st.booleans()) and pairs:
                pairs.pop(draw(st.integers(0, len(pairs) - 1)))
            text = "{" + ",".join(f"{json.dumps(k)}:{json.dumps(v)}" for k, v in pairs) + "}"
            text = draw(st.sampled_from([text, json.dumps(value), json.dumps(list(value.values()))]))
        parts.append(f"{json.dumps(name)}:{text}")
    if draw(st.booleans()) and parts:
        parts.append(draw(st.sampled_from(parts)))
    if draw(st.booleans()):
        key = draw(st.sampled_from(["__metadata__", "x"]))
        parts.insert(draw(st.integers(0, len(parts))), f"{json.dumps(key)}:{json.dumps(draw(ODD_VALUES))}")
    return "{" + ",".join(parts) + "}", size + draw(st.sampled_from([0, 0, 0, 1]))


@given(st.binary(max_size=64))
def test_arbitrary_bytes_get_the_librarys_verdict(data: bytes) -> None:
    """Whatever the bytes, both accept or both refuse."""
    assert we_accept(data) == library_accepts(data)


@given(st.binary(max_size=48), st.binary(max_size=8))
def test_arbitrary_headers_get_the_librarys_verdict(header: bytes, payload: bytes) -> None:
    """Whatever stands where the header is said to be, both accept or both refuse."""
    data = raw_safetensors(header, payload)
    assert we_accept(data) == library_accepts(data)


@given(files())
def test_right_files_are_accepted(data: bytes) -> None:
    """A header that covers its data is accepted by both, sub-byte tensors of odd length apart."""
    assert we_accept(data) == library_accepts(data)


@settings(max_examples=400)
@given(files(), st.data())
def test_mutated_files_get_the_librarys_verdict(data: bytes, draw: st.DataObject) -> None:
    """Bytes changed, cut out, doubled or cut off: both accept or both refuse."""
    for _ in range(draw.draw(st.integers(1, 3))):
        at = draw.draw(st.integers(0, len(data)))
        cut = draw.draw(st.integers(0, 3))
        data = data[:at] + draw.draw(st.binary(max_size=3)) + data[at + cut :]
    assert we_accept(data) == library_accepts(data)


@settings(max_examples=600)
@given(odd_texts())
def test_odd_headers_get_the_librarys_verdict(odd: tuple[str, int]) -> None:
    """Fields repeated, missing, of another type or written as arrays: both accept or both refuse."""
    data = raw_safetensors(odd[0].encode(), bytes(odd[1]))
    assert we_accept(data) == library_accepts(data)


BESIDE = tensor()[:-1] + ',"b":{"dtype":"F32","shape":[0,SIZE],"data_offsets":[4,4]}}'
CORNERS = {
    "an array for the tensor": '{"a":["F32",[1],[0,4]]}',
    "an array of four": '{"a":["F32",[1],[0,4],5]}',
    "a dtype as a one-key object": tensor(dtype='{"F32":null}'),
    "minus zero in the shape": tensor(shape="[-0]"),
    "a float in the shape": tensor(shape="[1.0]"),
    "an unknown field out of range": tensor(x="1e999"),
    "an unknown field of 400 digits": tensor(x="1" * 400),
    "an unknown field of 30 digits": tensor(x="1" * 30),
    "an unknown field 125 deep": tensor(x="[" * 125 + "]" * 125),
    "an unknown field 126 deep": tensor(x="[" * 126 + "]" * 126),
    "brackets 300 deep in a string": tensor(x='"' + "[" * 300 + '"'),
    "a lone surrogate": tensor(x='"\\ud800"'),
    "a surrogate pair": tensor(x='"\\ud83d\\ude00"'),
    "an unknown dtype": tensor(dtype='"F31"'),
    "an escaped dtype": tensor(dtype='"F\\u00332"'),
    "a repeated unknown field": '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":1,"x":2}}',
    "a repeated tensor": (
        '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},'
        '"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'
    ),
    "a repeated tensor, the first none": '{"a":1,"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}',
    "null metadata": '{"__metadata__":null,"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}',
    "metadata twice": (
        '{"__metadata__":{},"__metadata__":{},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'
    ),
    "metadata of a number": '{"__metadata__":{"a":1},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}',
    "metadata keys twice": (
        '{"__metadata__":{"a":"b","a":"c"},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'
    ),
    "metadata as a list": '{"__metadata__":[],"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}',
    "spaces before": "  " + tensor(),
    "newlines after": tensor() + "\n\t",
    "a NUL after": tensor() + "\0",
    "a byte order mark": "\ufeff" + tensor(),
    "a field in place of another": '{"a":{"dtype":"F32","shape":[1],"foo":[0,4]}}',
    "nothing": "",
    "null": "null",
    "an array": "[]",
    "no tensors, data left": "{}",
    "a size of 2^64 that a zero saves": BESIDE.replace("SIZE", "18446744073709551616"),
    "a size of 2^64 - 1 that a zero saves": BESIDE.replace("SIZE", "18446744073709551615"),
    "an offset of 2^64": tensor(data_offsets="[0,18446744073709551616]"),
    "an offset of 10^40": tensor(data_offsets=f"[0,{10**40}]"),
    "metadata with a brace": '{"__metadata__":{"a":"}"},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}',
    "metadata with a brace and a lone surrogate": '{"__metadata__":{"a":"}\\ud800"}}',
    "metadata null and braces": '{"__metadata__":null,"}":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}',
    "metadata last": '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"__metadata__":{"a":"b"}}',
    "metadata like a tensor": '{"__metadata__":{"dtype":"F32"},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}',
    "the name of metadata with an escape": '{"\\u005f_metadata__":{"a":"b"}}',
    "129 brackets in a string that never ends": '{"' + '\\"' * 200 + "[" * 129,
    "a shape that overflows": tensor(shape="[18446744073709551615,2,0]"),
    "a shape that a zero saves": tensor(shape="[0,18446744073709551615,2]", data_offsets="[0,0]"),
    "half a byte": tensor(dtype='"F4"', shape="[1]"),
    "eight nibbles": tensor(dtype='"F4"', shape="[8]"),
}


@pytest.mark.parametrize("header", CORNERS.values(), ids=CORNERS.keys())
def test_corner_headers_get_the_librarys_verdict(header: str) -> None:
    """Where serde_json and Python's json part, the library's way is taken."""
    data = raw_safetensors(header.encode(), bytes(4))
    assert we_accept(data) == library_accepts(data)


@example(MAX_HEADER_BYTES)
@example(MAX_HEADER_BYTES + 1)
@example(2**62)
@given(st.integers(0, 2**64 - 1))
def test_any_promised_length_gets_the_librarys_verdict(length: int) -> None:
    """A header length beyond the file or beyond the format's limit is refused by both."""
    data = struct.pack("<Q", length) + b"{}"
    assert we_accept(data) == library_accepts(data)


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_dtype_has_the_librarys_size(dtype: str) -> None:
    """Eight elements of each dtype take the bytes the library says."""
    for size in range(65):
        data = raw_safetensors(
            tensor(dtype=f'"{dtype}"', shape="[8]", data_offsets=f"[0,{size}]").encode(), bytes(size)
        )
        assert we_accept(data) == library_accepts(data) == (size == DTYPE_BITS[dtype])


def test_no_dtype_of_the_library_is_unknown() -> None:
    """The library names its dtypes when it meets an unknown one; ours are the same."""
    with pytest.raises(SafetensorError) as refused:
        LIBRARY(raw_safetensors(tensor(dtype='"X"').encode(), bytes(4)))
    named = str(refused.value).partition("expected one of ")[2].partition(" at line")[0]
    assert sorted(name.strip("` ") for name in named.split(",")) == DTYPES


def test_a_header_that_was_judged_before_is_judged_for_each_length_of_data() -> None:
    """What was judged last is kept, and a file may be cut off behind the same header."""
    data = raw_safetensors(tensor().encode(), bytes(4))
    for end in (len(data), len(data) - 1, len(data) + 1, len(data)):
        assert we_accept((data + b"\0")[:end]) == library_accepts((data + b"\0")[:end]) == (end == len(data))
