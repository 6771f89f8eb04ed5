"""Add up what the numbers of one tensor are, piece by piece and in order.

Invariant: tallies of two neighbouring pieces joined equal the tally of both read at once.
"""

import numpy as np
from msgspec import Struct

from afterall.scan.checkpoints.values.dtypes import Integers, Kind, count_bad, is_zero


class Tally(Struct, frozen=True):
    """What one tensor's numbers are; `first` is the first one's bits, None where nothing was read."""

    numbers: int = 0
    nan: int = 0
    infinite: int = 0
    all_zero: bool = True
    first: int | None = None
    constant: bool = True

    def joined(self, after: "Tally") -> "Tally":
        """Return the tally of these numbers and those that follow them."""
        if self.first is None or after.first is None:
            return after if self.first is None else self
        return Tally(
            self.numbers + after.numbers,
            self.nan + after.nan,
            self.infinite + after.infinite,
            self.all_zero and after.all_zero,
            self.first,
            self.constant and after.constant and self.first == after.first,
        )


def tally(numbers: Integers, kind: Kind) -> Tally:
    """Return what `numbers`, read as `kind`'s unsigned integers, are."""
    if not numbers.size:
        return Tally()
    nan, infinite = count_bad(numbers, kind)
    first = int(numbers[0])
    constant = first == int(numbers[-1]) and first == int(numbers[numbers.size // 2])
    return Tally(
        numbers.size // kind.per_element,
        nan,
        infinite,
        first & ~kind.sign == 0 and is_zero(numbers, kind),
        first,
        constant and not np.any(numbers != first),
    )
