# ruff: noqa: E501 - tokens and cases read as tables
"""Take real safetensors headers apart into tokens, put others in, and reach every refusal of the library."""

import re
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors import SafetensorError

from afterall.scan.checkpoints.formats.header import MAX_HEADER_BYTES, Problem
from scan.checkpoint_library import LIBRARY, library_accepts, refusal, tensor, we_accept
from scan.checkpoint_making import adapter_arrays, numbers, raw_safetensors, safetensors_bytes

TOKENS = re.compile(rb'"(?:[^"\\]|\\.)*"|-?\d+|[][{},:]|\s+')
ATOMS = tuple(
    text.encode("utf-8", "surrogatepass")
    for text in (
        "0", "1", "4", "-0", "-1", "1.0", "1e0", "1E2", "0.5", "-0.0", "01", "+1", "1.", ".5", "1e", "-", "0x1",
        "18446744073709551615", "18446744073709551616", "9223372036854775808", "1e308", "1e309", "1" * 310,
        "null", "true", "nul", "NaN", "-Infinity", '"F32"', '"F\\u00332"', '"F4"', '"F7"', '"\\ud83d\\ude00"',
        '"\\ud800"', '"\\udc00\\ud800"', '"\\u0000"', '"\u2028"', '"\\x"', '"\t"', '""', '"\ud800"', "é", "\ufeff",
        '"dtype"', '"shape"', '"data_offsets"', '"__metadata__"', '"d\\u0074ype"', "[]", "{}", "[0]", "[0,4]",
        '{"F32":null}', '["F32",[1],[0,4]]', "[,]", "[1,]", "\x00", "\x0b", "\xa0", "\\", "{", "}", "[", "]", ",", ":",
    )
)  # fmt: skip
REAL = (
    safetensors_bytes(adapter_arrays()),
    safetensors_bytes(
        {"w": numbers(3, 5), 'é"\\': numbers(1), "scalar": numbers(1).reshape(()), "empty": numbers(0, 2)}
    ),
    raw_safetensors(b'{"a":{"dtype":"F4","shape":[3,2],"data_offsets":[0,3]}}  ', bytes(3)),
    raw_safetensors(
        b'{"a":{"dtype":"I64","shape":[1],"data_offsets":[0,8]},"b":["U8",[0,9],[8,8]]}', bytes(8)
    ),
)
"""As the library writes them, and as others may."""


@st.composite
def retold(draw: st.DrawFn) -> bytes:
    """A real file in whose header some tokens were replaced, lost, doubled or put elsewhere."""
    data = draw(st.sampled_from(REAL))
    end = 8 + int.from_bytes(data[:8], "little")
    tokens = TOKENS.findall(data[8:end])
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(tokens) - 1))
        until = at + draw(st.integers(0, 2))
        other = draw(st.one_of(st.sampled_from(ATOMS), st.sampled_from(tokens)))
        tokens[at:until] = draw(st.sampled_from([[other], [], tokens[at:until] * 2, tokens[at:until][::-1]]))
        tokens = tokens or [b"{"]
    return raw_safetensors(b"".join(tokens), data[end:] + bytes(draw(st.sampled_from([0, 0, 0, 1]))))


@settings(max_examples=1000)
@given(retold())
def test_headers_with_other_tokens_get_the_librarys_verdict(data: bytes) -> None:
    """Whatever stands in a token's place, or is missing there: both accept or both refuse."""
    assert we_accept(data) == library_accepts(data)


HUGE = 2**63
REFUSALS: dict[Problem, tuple[str, bytes]] = {
    Problem.HEADER_TOO_SMALL: ("header too small", b"\0" * 7),
    Problem.HEADER_TOO_LARGE: ("header too large", struct.pack("<Q", MAX_HEADER_BYTES + 1)),
    Problem.INVALID_HEADER_LENGTH: ("invalid header length", struct.pack("<Q", 3) + b"{}"),
    Problem.INVALID_HEADER: ("JSON in header", raw_safetensors(b"{", b"")),
    Problem.HOLE: (
        "invalid offset for tensor `a`",
        raw_safetensors(tensor(data_offsets="[4,8]").encode(), bytes(8)),
    ),
    Problem.OVERLAP: (
        "invalid offset for tensor `b`",
        raw_safetensors(b'{"a":["F32",[1],[0,4]],"b":["F32",[1],[3,7]]}', bytes(7)),
    ),
    Problem.REVERSED_OFFSETS: (
        "invalid offset for tensor `b`",
        raw_safetensors(b'{"a":["F32",[1],[0,4]],"b":["F32",[1],[4,3]]}', bytes(4)),
    ),
    Problem.VALIDATION_OVERFLOW: (
        "overflow",
        raw_safetensors(tensor(shape=f"[{HUGE},{HUGE}]").encode(), bytes(4)),
    ),
    Problem.MISALIGNED: (
        "byte boundary",
        raw_safetensors(tensor(dtype='"F4"', shape="[7]").encode(), bytes(4)),
    ),
    Problem.SIZE_MISMATCH: (
        "invalid shape, data type, or offset",
        raw_safetensors(tensor(shape="[2]").encode(), bytes(4)),
    ),
    Problem.TRUNCATED: ("incomplete metadata", raw_safetensors(tensor().encode(), bytes(3))),
    Problem.TRAILING: ("incomplete metadata", raw_safetensors(tensor().encode(), bytes(5))),
}
"""Each reason for a refusal: a part of the library's own words, and a file that has no other fault."""


@pytest.mark.parametrize("problem", REFUSALS)
def test_every_refusal_is_the_librarys_own(problem: Problem) -> None:
    """Each way to be refused can be reached, and is refused by the library for the same reason."""
    words, data = REFUSALS[problem]
    with pytest.raises(SafetensorError, match=re.escape(words)):
        LIBRARY(data)
    refused = refusal(data)
    assert refused is not None
    assert refused.problem is problem


def test_no_refusal_is_left_out() -> None:
    """Only a header that is too long to be read here is none of the library's refusals."""
    assert {*REFUSALS, Problem.NOT_READ} == set(Problem)
