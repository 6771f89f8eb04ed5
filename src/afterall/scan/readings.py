"""Hold the readings of one metric column by column, and find among them what metrics are made of.

Invariant: what is found among many, with numpy, is what is found among few without it.
"""

import math
from array import array
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import compress, islice
from operator import le, lt, ne
from typing import TYPE_CHECKING, overload

from msgspec import Struct

if TYPE_CHECKING:
    from afterall.scan.curve_arrays import Columns

MANY = 5_000
"""From so many on readings are looked at with numpy, which keeping them as a series needs then anyway."""
KEPT_ENDS = 256
"""Points at either end that thinning leaves alone, more than any mean over the last values needs."""
UNPLACED = -1
"""The step of a value whose source tells no step."""


class Reading(Struct, frozen=True, array_like=True, gc=False):
    """One logged value and its mark, the number its source places it by; `epoch` is NaN where not said."""

    step: int
    value: float
    epoch: float
    mark: int


class Readings(Sequence[Reading]):
    """Readings in their order, none of which is made before it is asked for; the columns are not copied."""

    def __init__(self, columns: "Columns") -> None:
        self.columns = columns
        self.steps, self.values, self.epochs, self.marks = columns

    @classmethod
    def of(cls, rows: Iterable[Reading]) -> "Readings":
        """Return such rows."""
        held = list(rows)
        steps, marks = array("q", [row.step for row in held]), array("q", [row.mark for row in held])
        values, epochs = array("d", [row.value for row in held]), array("d", [row.epoch for row in held])
        return cls((steps, values, epochs, marks))

    def __len__(self) -> int:
        return len(self.values)

    @overload
    def __getitem__(self, at: int) -> Reading: ...
    @overload
    def __getitem__(self, at: slice) -> "Readings": ...
    def __getitem__(self, at: int | slice) -> "Reading | Readings":
        if isinstance(at, slice):
            return Readings((self.steps[at], self.values[at], self.epochs[at], self.marks[at]))
        return Reading(self.steps[at], self.values[at], self.epochs[at], self.marks[at])

    def __iter__(self) -> Iterator[Reading]:
        return map(Reading, *self.columns)

    def __repr__(self) -> str:
        return f"Readings.of({[*self]!r})"

    @cached_property
    def not_finite(self) -> list[int]:
        """Which of them are NaN or infinite, ascending."""
        if math.isfinite(sum(self.values)):
            return []
        return [at for at, value in enumerate(self.values) if not math.isfinite(value)]

    @cached_property
    def best(self) -> Reading | None:
        """The first one with the least finite value, None if no value is finite."""
        if len(self.not_finite) == len(self):
            return None
        if len(self) >= MANY:
            from afterall.scan.curve_arrays import least  # noqa: PLC0415 (see MANY)

            return self[least(self.values)]
        return self[self.values.index(min(filter(math.isfinite, self.values)))]

    def among(self, wanted: Iterable[bool]) -> "Readings":
        """Return those which are wanted: as many answers as there are readings."""
        flags = list(wanted)
        steps, marks = (array("q", compress(column, flags)) for column in (self.steps, self.marks))
        values, epochs = (array("d", compress(column, flags)) for column in (self.values, self.epochs))
        return Readings((steps, values, epochs, marks))

    @cached_property
    def ascend(self) -> bool:
        """True where every one of them, of at least one, has a step, and a later one than the one before."""
        if len(self) >= MANY:
            from afterall.scan.curve_arrays import ascend  # noqa: PLC0415 (see MANY)

            return ascend(self.steps)
        steps = self.steps
        return bool(steps) and steps[0] >= 0 and all(map(lt, steps, islice(steps, 1, None)))

    def ordered(self) -> "Readings":
        """Return one reading a step, ascending, the later of equal ones; as they are if none has a step."""
        if self.ascend:
            return self
        if len(self) >= MANY:
            from afterall.scan.curve_arrays import in_order  # noqa: PLC0415 (see MANY)

            return Readings(in_order(self.columns))
        if self.steps and self.steps[0] >= 0 and all(map(le, self.steps, islice(self.steps, 1, None))):
            return self.among([*map(ne, self.steps, islice(self.steps, 1, None)), True])
        latest = {row.step: row for row in self if row.step >= 0}
        return Readings.of(latest[step] for step in sorted(latest)) if latest else self

    def thinned(self, most: int) -> "Readings":
        """Return at most about `most` of them: both ends whole, and the extremes of stretches between."""
        if len(self) <= most:
            return self
        from afterall.scan.curve_arrays import kept  # noqa: PLC0415 (most curves are shorter)

        return Readings(kept(self.columns, most, KEPT_ENDS))
