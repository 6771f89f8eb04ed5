"""Join the CRC-32 of neighbouring pieces, so that a record can be read by several threads.

Invariant: `joined_crc(crc(a), crc(b), len(b)) == crc(a + b)`.
Source: zlib's crc32_combine: appending n bytes multiplies a CRC by x^(8n) modulo the CRC's polynomial.
"""

from functools import lru_cache

_POLYNOMIAL = 0xEDB88320
_ONE = 1 << 31
_X_TO_8 = 1 << 23
"""Bits are reflected: x^0 is the highest one."""


def joined_crc(before: int, after: int, after_bytes: int) -> int:
    """Return the CRC-32 of two pieces, given each one's own and the second one's length in bytes."""
    return _times(_shift(after_bytes), before) ^ after


@lru_cache(maxsize=64)
def _shift(length: int) -> int:
    """Return x^(8 × length) modulo the polynomial, by squaring."""
    power, result = _X_TO_8, _ONE
    while length:
        if length & 1:
            result = _times(power, result)
        power = _times(power, power)
        length >>= 1
    return result


def _times(one: int, other: int) -> int:
    """Return the product of two polynomials modulo the CRC's own."""
    product = 0
    for bit in range(31, -1, -1):
        if one >> bit & 1:
            product ^= other
        other = other >> 1 ^ (_POLYNOMIAL if other & 1 else 0)
    return product
