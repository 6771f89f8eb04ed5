"""Read JSON files fast where they are strict, and else as Python's json reads them."""

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterall.errors import BadInput
from afterall.scan.trainers.line_files import json_row, read_json

VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)
STAINS = (
    *(b"NaN", b"-Infinity", b"1e400", b"-0", b"-0.0", b"01", b"1.", b".5", b"1E+5", b"1" * 25, b"1" * 5000),
    *(b"18446744073709551616", b"0.1234567890123456789", b"4.9e-324", b'"\\ud800"', b'"\t"', b'"\\u0000"'),
    *(
        b"\xff",
        b"\xed\xa0\x80",
        b"\xef\xbb\xbf",
        b"\0",
        b"{",
        b"}",
        b"[",
        b"]",
        b",",
        b":",
        b'"',
        b" ",
        b"[" * 2000,
    ),
    *(b'{"a": 1, "b": 2, "a": 3}', b"nul", b"tru", b"'", b"/", b"\\", b"-", b"e"),
)


def found_in(data: bytes) -> str:
    """Return what is read of a file, or why not."""
    try:
        return repr(read_json(io.BytesIO(data), "state.json"))
    except BadInput as error:
        return str(error)


def expected_of(data: bytes) -> str:
    """Return the same by Python's json alone."""
    row = json_row(data.decode("utf-8", "replace"))
    if row is None:
        return str(BadInput("state.json", "is cut short or no JSON object" if data else "is empty"))
    return repr(row)


@given(
    st.dictionaries(st.text(max_size=4), VALUES, max_size=5),
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 5), st.sampled_from(STAINS)), max_size=3),
    st.booleans(),
)
def test_both_ways_of_reading_agree(
    value: dict[str, object], stains: list[tuple[float, int, bytes]], is_ascii: bool
) -> None:
    """Whatever is lost of an object, or put into it, is read or refused as Python's json does."""
    data = json.dumps(value, ensure_ascii=is_ascii).encode("utf-8", "surrogatepass")
    for place, lost, put in stains:
        at = int(place * len(data))
        data = data[:at] + put + data[at + lost :]
    assert found_in(data) == expected_of(data)


@pytest.mark.parametrize("stain", STAINS)
def test_any_value_is_read_as_pythons_json_reads_it(stain: bytes) -> None:
    """Numbers at the edge of doubles and integers, names told twice, and what is no JSON at all."""
    data = b'{"log_history": [{"loss": %b}]}' % stain
    assert found_in(data) == expected_of(data)


@given(
    st.one_of(
        st.floats().map(repr),
        st.from_regex(r"-?[0-9]{1,25}(\.[0-9]{1,25})?([eE][+-]?[0-9]{1,3})?", fullmatch=True),
    )
)
def test_any_number_is_read_to_its_last_bit(text: str) -> None:
    """Both ways round a text to the same double."""
    data = b'{"loss": %b}' % text.encode()
    assert found_in(data) == expected_of(data)
