"""Hold a curve's points column by column: a set has millions of them.

Invariant: no point is made before it is asked for, and what is told of all is told from the columns.
"""

import math
from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import overload

from msgspec import Struct

from afterall.model.thinning import kept


class Point(Struct, frozen=True, array_like=True, gc=False):
    """One logged value: `step` counts optimizer steps from 1, `epoch` is None where the log has none."""

    step: int
    value: float
    epoch: float | None = None


class Points(Sequence[Point]):
    """Points in their order, immutable; equal where their columns are, also in NaN."""

    __slots__ = ("_epochs", "steps", "values")

    def __init__(self, steps: "array[int]", values: "array[float]", epochs: "array[float]") -> None:
        """Take 64-bit columns of one length, which nobody changes any more; an epoch of NaN is none."""
        self.steps, self.values, self._epochs = steps, values, epochs

    @classmethod
    def of(cls, points: Iterable[Point]) -> "Points":
        """Return such points."""
        held = list(points)
        epochs = array("d", [math.nan if point.epoch is None else point.epoch for point in held])
        steps, values = array("q", [point.step for point in held]), array("d", [p.value for p in held])
        return cls(steps, values, epochs)

    @classmethod
    def of_columns(cls, columns: Sequence[bytes]) -> "Points":
        """Return points from what `columns` gave; raises ValueError for anything else."""
        of_steps, of_values, of_epochs = columns
        steps, values, epochs = array("q", of_steps), array("d", of_values), array("d", of_epochs)
        if not len(steps) == len(values) == len(epochs):
            raise ValueError("columns of different lengths")
        return cls(steps, values, epochs)

    @property
    def columns(self) -> tuple[bytes, bytes, bytes]:
        """The columns' bytes in this machine's order, for another process of it."""
        return self.steps.tobytes(), self.values.tobytes(), self._epochs.tobytes()

    @property
    def epochs(self) -> list[float | None]:
        """The epoch of each, None where the log has none."""
        return [None if epoch != epoch else epoch for epoch in self._epochs]

    @property
    def are_finite(self) -> bool:
        """True where no value is NaN or infinite."""
        return math.isfinite(sum(self.values)) or all(map(math.isfinite, self.values))

    def __len__(self) -> int:
        return len(self.values)

    @overload
    def __getitem__(self, at: int) -> Point: ...
    @overload
    def __getitem__(self, at: slice) -> "Points": ...
    def __getitem__(self, at: int | slice) -> "Point | Points":
        if isinstance(at, slice):
            return Points(self.steps[at], self.values[at], self._epochs[at])
        epoch = self._epochs[at]
        return Point(self.steps[at], self.values[at], None if math.isnan(epoch) else epoch)

    def __iter__(self) -> Iterator[Point]:
        return map(Point, self.steps, self.values, self.epochs)

    def __eq__(self, other: object) -> bool:
        return self.columns == other.columns if isinstance(other, Points) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.columns)

    def __repr__(self) -> str:
        return f"Points.of({[*self]!r})"

    def within(self, limit: float) -> "Points":
        """Return those with a value above -`limit` and below `limit`: no NaN, and nothing infinite."""
        values = self.values
        # NaN compares as neither: min and max pass over it unless it comes first, the sum never does.
        if values and not math.isnan(sum(values)) and -limit < min(values) and max(values) < limit:
            return self
        return self._at([at for at, value in enumerate(values) if -limit < value < limit])

    def thinned(self, most: int, kept_ends: int) -> "Points":
        """Return about `most` of them: `kept_ends` at either end, and the extremes of stretches between."""
        places = kept(self.values, most, kept_ends)
        return self if len(places) == len(self) else self._at(places)

    def _at(self, places: Sequence[int]) -> "Points":
        steps, values, epochs = self.steps, self.values, self._epochs
        return Points(
            array("q", [steps[at] for at in places]),
            array("d", [values[at] for at in places]),
            array("d", [epochs[at] for at in places]),
        )
