"""Count what is no number in every dtype, bit pattern by bit pattern, beside what the standards say of it."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from afterall.model import FindingCode, Tier
from afterall.scan.checkpoints.formats.serde import DTYPE_BITS
from afterall.scan.checkpoints.values.dtypes import KINDS, count_bad
from afterall.scan.checkpoints.values.tally import Tally, tally
from scan.checkpoint_making import codes, of_dtype, only, write

NAN, INFINITE, FINITE = (1, 0), (0, 1), (0, 0)
"""What `count_bad` says of one number."""


def by_exponent(exponent: int, mantissa: int) -> Callable[[int], tuple[int, int]]:
    """Return IEEE 754's reading of bits: an exponent of ones is infinity, with a mantissa not-a-number."""

    def read(bits: int) -> tuple[int, int]:
        ones = (1 << exponent) - 1
        if bits >> mantissa & ones != ones:
            return FINITE
        return NAN if bits & ((1 << mantissa) - 1) else INFINITE

    return read


def only_at(*patterns: int) -> Callable[[int], tuple[int, int]]:
    """Return the reading of a dtype that has these not-a-numbers and no infinity."""
    return lambda bits: NAN if bits in patterns else FINITE


SMALL: dict[str, Callable[[int], tuple[int, int]]] = {
    "F8_E5M2": by_exponent(5, 2),
    "F8_E4M3": only_at(0x7F, 0xFF),
    "F8_E4M3FNUZ": only_at(0x80),
    "F8_E5M2FNUZ": only_at(0x80),
    "F8_E8M0": only_at(0xFF),
    "F6_E2M3": only_at(),
    "F6_E3M2": only_at(),
    "F4": only_at(),
    "BOOL": only_at(),
    "U8": only_at(),
    "I8": only_at(),
}
"""All dtypes that are read byte by byte, and what a byte is in each."""


def one(dtype: str, bits: int) -> tuple[int, int]:
    """Return how many not-a-numbers and infinities a lone number of these bits holds."""
    return count_bad(np.array([bits], KINDS[dtype].unsigned), KINDS[dtype])


@pytest.mark.parametrize("dtype", SMALL)
def test_every_byte_is_what_its_standard_says(dtype: str) -> None:
    """Of all 256 patterns none is miscounted, alone or among the others."""
    assert [one(dtype, bits) for bits in range(256)] == [SMALL[dtype](bits) for bits in range(256)]
    whole = count_bad(np.arange(256, dtype="u1"), KINDS[dtype])
    told = [SMALL[dtype](bits) for bits in range(256)]
    assert whole == (sum(nan for nan, _ in told), sum(infinite for _, infinite in told))


@pytest.mark.parametrize(("dtype", "exponent", "mantissa"), [("F16", 5, 10), ("BF16", 8, 7)])
def test_every_16_bit_pattern_is_what_its_standard_says(dtype: str, exponent: int, mantissa: int) -> None:
    """Of all 65 536 patterns none is miscounted, in rows of 256 and one by one around every border."""
    read = by_exponent(exponent, mantissa)
    for row in np.arange(1 << 16, dtype="<u2").reshape(256, 256):
        told = [read(int(bits)) for bits in row]
        counts = (sum(nan for nan, _ in told), sum(infinite for _, infinite in told))
        assert count_bad(row, KINDS[dtype]) == counts
    infinity = ((1 << exponent) - 1) << mantissa
    for border in (0, infinity, 0x8000, 0x8000 | infinity):
        for bits in range(border - 3, border + 4):
            assert one(dtype, bits & 0xFFFF) == read(bits & 0xFFFF)


def floats(dtype: str, patterns: list[int]) -> NDArray[np.floating]:
    """Return these bits as numpy's own floats."""
    unsigned = np.array(patterns, KINDS[dtype].unsigned)
    return unsigned.view({"F32": "<f4", "F64": "<f8"}[dtype])


@pytest.mark.parametrize(("dtype", "exponent", "mantissa"), [("F32", 8, 23), ("F64", 11, 52)])
def test_wide_patterns_are_what_numpy_says(dtype: str, exponent: int, mantissa: int) -> None:
    """Zeros, subnormals, ones, the largest, infinities, both kinds of not-a-number: each of both signs."""
    ones = ((1 << exponent) - 1) << mantissa
    bare = [0, 1, (1 << mantissa) - 1, 1 << mantissa, ones >> 1, ones - 1, ones, ones + 1]
    bare += [ones | 1 << (mantissa - 1), ones | ((1 << mantissa) - 1)]
    sign = 1 << (exponent + mantissa)
    patterns = [*bare, *(bits | sign for bits in bare)]
    numbers = floats(dtype, patterns)
    told = [(int(np.isnan(each)), int(np.isinf(each))) for each in numbers]
    assert [one(dtype, bits) for bits in patterns] == told


@pytest.mark.parametrize(("dtype", "part"), [("C64", "<f4"), ("C128", "<f8")])
@pytest.mark.parametrize("place", [0, 1], ids=["real", "imaginary"])
@pytest.mark.parametrize(("bad", "counts"), [(np.nan, NAN), (np.inf, INFINITE), (-np.inf, INFINITE)])
def test_either_part_of_a_complex_number_counts(
    dtype: str, part: str, place: int, bad: float, counts: tuple[int, int]
) -> None:
    """A bad part spoils its number, and the numbers are counted in pairs of parts."""
    parts = np.ones(20, part)
    parts[6 + place] = bad
    found = tally(parts.view(KINDS[dtype].unsigned), KINDS[dtype])
    assert (found.numbers, (found.nan, found.infinite)) == (10, counts)


ZERO_BITS = sorted(KINDS.keys() - {"F8_E8M0"})
SIGNED = sorted(dtype for dtype, kind in KINDS.items() if kind.signed)


def uniform(dtype: str, bits: int, count: int = 40) -> Tally:
    """Return the tally of `count` integers of these bits."""
    return tally(np.full(count, bits, KINDS[dtype].unsigned), KINDS[dtype])


@pytest.mark.parametrize("dtype", ZERO_BITS)
def test_zeros_are_zero_in_every_dtype(dtype: str) -> None:
    """No bit set is a zero, and zeros are constant and finite."""
    found = uniform(dtype, 0)
    assert (found.all_zero, found.constant, found.nan, found.infinite) == (True, True, 0, 0)


@pytest.mark.parametrize("dtype", SIGNED)
def test_minus_zeros_are_zero_in_every_dtype_that_has_them(dtype: str) -> None:
    """The sign bit alone is a zero too, and one of the other sign among them changes nothing."""
    kind = KINDS[dtype]
    assert uniform(dtype, kind.sign).all_zero
    mixed = np.array([0, kind.sign] * 20, kind.unsigned)
    found = tally(mixed, kind)
    assert (found.all_zero, found.nan, found.infinite) == (True, 0, 0)


def test_no_bit_set_is_a_number_in_the_dtype_of_scales() -> None:
    """E8M0 has no zero: its smallest pattern is 2^-127."""
    found = uniform("F8_E8M0", 0)
    assert (found.all_zero, found.constant) == (False, True)


@pytest.mark.parametrize("dtype", sorted(KINDS))
def test_one_other_number_breaks_a_constant(dtype: str) -> None:
    """A single differing element, wherever it stands, makes a tensor neither constant nor zero."""
    kind = KINDS[dtype]
    for place in (0, 1, 19, 20, 21, 38, 39):
        numbers = np.zeros(40, kind.unsigned)
        numbers[place] = 1
        found = tally(numbers, kind)
        assert (found.constant, found.all_zero) == (False, False)


def test_every_dtype_of_the_format_is_read() -> None:
    """There is no dtype of safetensors whose numbers are passed over."""
    assert DTYPE_BITS.keys() <= KINDS.keys()


@pytest.mark.parametrize("dtype", ["F4", "F6_E2M3", "F6_E3M2"])
def test_dtypes_below_a_byte_are_finite_and_can_be_zero(tmp_path: Path, dtype: str) -> None:
    """Bytes of any pattern are no finding; nothing but zeros is one."""
    for name, item, expected in (("any", b"\xff", set()), ("zero", b"\0", {FindingCode.FILE_ZERO_TAIL})):
        path = write(tmp_path / f"{name}.safetensors", of_dtype(dtype, item, 96))
        checkpoint = only(path, Tier.VALUES)
        assert codes(checkpoint.findings) - {FindingCode.VALUES_CONSTANT} == expected
        assert expected or checkpoint.tier is Tier.VALUES
