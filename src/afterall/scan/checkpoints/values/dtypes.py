"""Say for every dtype how not-a-number and infinity look as plain integers, so that no framework is needed.

Invariant: a dtype that is not here is not looked at, and never called finite.
Sources: IEEE 754; OCP 8-bit floating point 1.0 (E4M3, E5M2), OCP MX 1.0 (E8M0, and that FP6 and FP4 have
neither not-a-number nor infinity); the FNUZ variants of https://arxiv.org/abs/2206.02915.
"""

from functools import cached_property
from typing import Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

Integers = NDArray[Any]


class Kind(Struct, frozen=True, dict=True):
    """How one dtype's numbers are read: as unsigned integers of `unsigned`, `per_element` of them each.

    Of dtypes below eight bits several numbers share an integer, which is counted as one.
    """

    unsigned: str
    signed: str = ""
    """Set where the top bit is a sign, so that 0x8000 is a zero too."""
    infinity: int | None = None
    """The bits of +infinity; everything above them is not a number."""
    first_nan: int | None = None
    """The smallest positive bits that are not a number."""
    only_nan: int | None = None
    """The one pattern that is not a number, where there is one alone."""
    per_element: int = 1
    zero_is_zero: bool = True
    """False where all bits zero is a number other than zero."""

    @cached_property
    def first_bad(self) -> int | None:
        """The smallest positive bits that are no finite number, None where there are none."""
        return self.first_nan if self.infinity is None else self.infinity

    @cached_property
    def sign(self) -> int:
        """The sign bit, 0 where there is none."""
        return 1 << (np.dtype(self.unsigned).itemsize * 8 - 1) if self.signed else 0


_F64 = Kind("<u8", "<i8", infinity=0x7FF0_0000_0000_0000, first_nan=0x7FF0_0000_0000_0001)
_F32 = Kind("<u4", "<i4", infinity=0x7F80_0000, first_nan=0x7F80_0001)

KINDS: dict[str, Kind] = {
    "F64": _F64,
    "F32": _F32,
    "F16": Kind("<u2", "<i2", infinity=0x7C00, first_nan=0x7C01),
    "BF16": Kind("<u2", "<i2", infinity=0x7F80, first_nan=0x7F81),
    "F8_E5M2": Kind("u1", "i1", infinity=0x7C, first_nan=0x7D),
    "F8_E4M3": Kind("u1", "i1", first_nan=0x7F),
    "F8_E4M3FNUZ": Kind("u1", only_nan=0x80),
    "F8_E5M2FNUZ": Kind("u1", only_nan=0x80),
    "F8_E8M0": Kind("u1", only_nan=0xFF, zero_is_zero=False),
    "C64": Kind("<u4", "<i4", infinity=0x7F80_0000, first_nan=0x7F80_0001, per_element=2),
    "C128": Kind(
        "<u8", "<i8", infinity=0x7FF0_0000_0000_0000, first_nan=0x7FF0_0000_0000_0001, per_element=2
    ),
    "I64": Kind("<u8"),
    "U64": Kind("<u8"),
    "I32": Kind("<u4"),
    "U32": Kind("<u4"),
    "I16": Kind("<u2"),
    "U16": Kind("<u2"),
    "I8": Kind("u1"),
    "U8": Kind("u1"),
    "BOOL": Kind("u1"),
    "F6_E2M3": Kind("u1"),
    "F6_E3M2": Kind("u1"),
    "F4": Kind("u1"),
}


def count_bad(numbers: Integers, kind: Kind) -> tuple[int, int]:
    """Return how many of `numbers` are not a number and how many are infinite."""
    if kind.only_nan is not None:
        return int(np.count_nonzero(numbers == kind.only_nan)), 0
    first = kind.first_bad
    if first is None or not _has_bad(numbers, kind, first):
        return 0, 0
    magnitudes = numbers & ~np.array(kind.sign, numbers.dtype)
    infinite = int(np.count_nonzero(magnitudes == kind.infinity)) if kind.infinity is not None else 0
    return int(np.count_nonzero(magnitudes >= first)) - infinite, infinite


def is_zero(numbers: Integers, kind: Kind) -> bool:
    """Return True where every number is zero, of either sign."""
    if not kind.zero_is_zero:
        return False
    most = int(numbers.max())
    if most == 0:
        return True
    return bool(kind.sign) and most == kind.sign and not np.any(numbers & ~np.array(kind.sign, numbers.dtype))


def _has_bad(numbers: Integers, kind: Kind, first: int) -> bool:
    """Look at all bits together, and only where that does not tell at two maxima.

    Weights mostly are below 2, where no exponent has its top bit, which all that is not finite has. Positive
    numbers are compared as signed integers, negative ones as unsigned.
    """
    top = kind.sign >> 1
    if not int(numbers[0]) & top and not int(np.bitwise_or.reduce(numbers)) & top:
        return False
    most = np.maximum.reduce
    return int(most(numbers.view(kind.signed))) >= first or int(most(numbers)) >= kind.sign | first
