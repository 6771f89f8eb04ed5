"""Read numbers out of words of eight bytes each, many at once.

Invariant: a number that is said to be known is exactly what `int` or `float` make of its text.
Source of the arithmetic: eight digits in a word, D. Lemire, "Number parsing at a gigabyte per second" (2021);
a quotient's rest, by which it is rounded as `float` rounds, T. J. Dekker, "A floating-point technique for
extending the available precision" (1971).
"""

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

Words = NDArray[np.uint64]
Integers = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

_ZEROS, _TOP, _LOW7, _CARRY = (np.uint64(byte * 0x0101010101010101) for byte in (0x30, 0x80, 0x7F, 0x76))
_ZERO, _ONE, _SEVEN, _EIGHT, _63, _64, _BYTE = map(np.uint64, (0, 1, 7, 8, 63, 64, 0xFF))
_POINT, _COLON = np.uint64(ord(".")), np.uint64(ord(":"))
_NAMED = tuple(
    (np.uint64(int.from_bytes(name.encode() + b":", "little")), float(name)) for name in ("nan", "inf")
)
_FOUR_BYTES = np.uint64((1 << 32) - 1)
_ALL = np.uint64((1 << 64) - 1)
_10_8, _10_16 = np.uint64(10**8), np.uint64(10**16)
_MOST_UNITS = np.uint64(900)
"""With 16 decimals they stay below 2**63."""
_MOST = np.uint64(9 * 10**18)
_PAIRS, _FOURS, _EIGHTS = (np.uint64(number) for number in (2561, 6553601, 42949672960001))
_PAIR_BYTES, _FOUR_DIGITS = np.uint64(0x00FF00FF00FF00FF), np.uint64(0x0000FFFF0000FFFF)
_SPLITTER = 134217729.0
_DOUBT = 2.0**-40
"""Far more than the relative error of a quotient's rest."""


class Losses(Struct, frozen=True):
    """The losses of all rows; `texts` together with the decimals tell one text from any other."""

    values: Floats
    decimals: Integers
    texts: tuple[Words, Words]
    known: Flags


def last_numbers(word: Words) -> tuple[Integers, Integers]:
    """Return the numbers that words end with, and how many digits they have."""
    last = ((_not_digits(word) >> _SEVEN).astype(np.float64).view(np.int64) >> 52) - 1023
    digits = np.minimum(7 - (last >> 3), 8)  # of nothing but digits `last` is the exponent of 0.0, -1023
    unused = ((8 - np.maximum(digits, 1)) << 3).astype(np.uint64)
    return _eight(((word ^ _ZEROS) >> unused) << unused).astype(np.int64), digits


def leading_losses(first: Words, second: Words, third: Words) -> Losses:
    """Return the losses that these words begin with, and that colons end."""
    point = _end(_not_digits(first))
    known = (((first >> point) & _BYTE) == _POINT) & (point >= _EIGHT) & (point < np.uint64(56))
    shift = (point + _EIGHT) & _63
    back = (_64 - shift) & _63
    units = _eight(((first ^ _ZEROS) << _EIGHT) << back)
    fraction: list[Words] = [
        (first >> shift) + (second << back),
        (second >> shift) + (third << back),
        third >> shift,
    ]
    groups, decimals, ended = _fraction(fraction)
    mantissas, exponents, exact = _joined(units, groups, decimals)
    values, sure = _quotients(mantissas, exponents)
    known &= ended & exact & sure
    for name, value in _NAMED:
        named = (first & _FOUR_BYTES) == name
        if named.any():
            values[named], mantissas[named], decimals[named], point[named] = value, name, 0, _ZERO
            known |= named
    return Losses(values, decimals, (point, mantissas), known)


def _fraction(words: list[Words]) -> tuple[list[Words], Integers, Flags]:
    """Return the digits to the first other byte in groups of eight, how many, and if a colon ends them."""
    others = [_not_digits(word) for word in words]
    in_first, in_second = others[0] != 0, others[1] != 0
    ended = np.where(in_second, words[1], words[2])
    end = np.where(in_second, others[1], others[2])
    before = np.where(in_second, 8, 16)
    if in_first.any():
        in_second &= ~in_first
        ended, end = np.where(in_first, words[0], ended), np.where(in_first, others[0], end)
        before[in_first] = 0
    bits = _end(end)
    kept = (_ONE << bits) - _ONE
    masks: list[Words | np.uint64] = [_ALL, np.where(in_second, kept, _ALL), np.where(in_second, _ZERO, kept)]
    if in_first.any():
        masks = [np.where(in_first, kept, _ALL), *(np.where(in_first, _ZERO, mask) for mask in masks[1:])]
    groups = [_eight((word ^ _ZEROS) & mask) for word, mask in zip(words, masks, strict=True)]
    decimals = (bits >> np.uint64(3)).astype(np.int64) + before
    return groups, decimals, ((ended >> bits) & _BYTE) == _COLON


def _joined(units: Words, groups: list[Words], decimals: Integers) -> tuple[Words, Integers, Flags]:
    """Return whole numbers, the powers of ten to divide them by, and if both are what the digits say."""
    a, b, c = groups
    few = decimals <= 8
    sixteen = a * _10_8 + b
    mantissas, exponents = units * _10_16 + sixteen, np.full(len(a), 16)
    if few.any():
        mantissas, exponents = np.where(few, units * _10_8 + a, mantissas), np.where(few, 8, exponents)
    exact = few | ((decimals <= 16) & (units < _MOST_UNITS))
    many = np.flatnonzero(decimals > 16)
    if len(many):
        more = np.minimum(decimals[many] - 16, 6)
        tens = _TENS[more].astype(np.uint64)
        mantissas[many] = sixteen[many] * tens + (c[many] / _TENS[8 - more]).astype(np.uint64)
        exponents[many] = 16 + more
        exact[many] = (units[many] == 0) & (sixteen[many] < _MOST // tens) & (decimals[many] <= 22)
    return mantissas, exponents, exact


def _quotients(mantissas: Words, exponents: Integers) -> tuple[Floats, Flags]:
    """Return mantissas / 10**exponents, and if they are certainly the nearest doubles."""
    whole = mantissas.view(np.int64)
    high = whole.astype(np.float64)
    with np.errstate(invalid="ignore"):  # what is no number at all may be as large as 2**63
        low = (whole - high.astype(np.int64)).astype(np.float64)
    power, power_high, power_low = (column[exponents] for column in _POWERS)
    quotient = high / power
    quotient_high, quotient_low = _split(quotient)
    product = quotient * power
    error = quotient_high * power_high - product
    error = error + quotient_high * power_low + quotient_low * power_high + quotient_low * power_low
    rest = ((high - product) - error + low) / power
    nearest = quotient + rest
    return nearest, (quotient + rest * (1 + _DOUBT) == nearest) & (quotient + rest * (1 - _DOUBT) == nearest)


def _not_digits(word: Words) -> Words:
    """Return the words with the top bit of each byte set that is no digit, and no other bit."""
    digits = word ^ _ZEROS
    return (((digits & _LOW7) + _CARRY) | digits) & _TOP


def _end(flags: Words) -> Words:
    """Return the place, in bits, of the first byte whose top bit is set; anything below 64 where none is."""
    lowest = (flags & (~flags + _ONE)) >> _SEVEN
    return ((lowest.astype(np.float64).view(np.int64) >> 52) - 1023).view(np.uint64) & _63


def _eight(digits: Words) -> Words:
    """Return the numbers whose eight digits, 0 to 9, are the bytes of a word, the first the lowest."""
    pairs = ((digits * _PAIRS) >> _EIGHT) & _PAIR_BYTES
    fours = ((pairs * _FOURS) >> np.uint64(16)) & _FOUR_DIGITS
    return (fours * _EIGHTS) >> np.uint64(32)


def _split(numbers: Floats) -> tuple[Floats, Floats]:
    """Return two halves of each number that are multiplied without an error."""
    large = _SPLITTER * numbers
    high = large - (large - numbers)
    return high, numbers - high


_TENS = np.array([float(10**exponent) for exponent in range(23)])
"""The powers of ten that a double holds exactly."""
_POWERS = (_TENS, *_split(_TENS))
