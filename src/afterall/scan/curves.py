"""Gather the values of one metric as they are read, in bounded memory, and put them in order of steps.

Invariant: thinning never drops the first or last points, a bucket's least and greatest value, or the
edges of a run of values that are not finite; so no spike and no divergence is smoothed away.
"""

import math
from array import array
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from operator import lt
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from afterall.scan.curve_arrays import Columns

CAPACITY = 1 << 17
"""Most points held while reading; about 4 MiB."""
KEPT_ENDS = 256
"""Points at either end that thinning leaves alone, more than any mean over the last values needs."""
EPOCH_ERROR = 6e-4
"""Relative error of an epoch printed with four digits."""
_NO_STEP = 1 << 62
UNPLACED = -1
"""The step of a value whose source tells no step."""
BYTES_FROM = 1 << 62
"""A mark from here on counts bytes of a log from its start, where its lines were not: behind every line."""


class Reading(Struct, frozen=True, array_like=True, gc=False):
    """One logged value and its mark, the number its source places it by; `epoch` is NaN where not said."""

    step: int
    value: float
    epoch: float
    mark: int


class Rounding(Struct, frozen=True):
    """How a source rounds: to decimals after the point, or to significant digits; None: not at all."""

    decimals: int | None = None
    significant: int | None = None

    def allows(self, exact: float, printed: float) -> bool:
        """Tell whether `printed` can be `exact` rounded so, half a unit more for double rounding."""
        if self.decimals is not None:
            return abs(exact - printed) <= 10.0**-self.decimals
        if self.significant is not None:
            return abs(exact - printed) <= abs(exact) * 10.0 ** (1 - self.significant)
        return abs(exact - printed) <= abs(exact) * 1e-9


EXACT = Rounding()


class Curve:
    """One metric of one source. `place` says what a mark counts: "line {}", "record {}", "key loss[{}]"."""

    def __init__(self, place: str, rounding: Rounding = EXACT) -> None:
        self.place = place
        self.rounding = rounding
        self.counts_rows = False
        """True where steps are only the number of the logged row, so that no other source counts alike."""
        self._steps = array("q")
        self._values = array("d")
        self._epochs = array("d")
        self._marks = array("q")
        self._known: tuple[float | None, list[Reading]] | None = None

    def __len__(self) -> int:
        return len(self._values)

    def add(self, step: int | None, value: float, mark: int, epoch: float | None = None) -> None:
        """Take one value; `step` None where the source tells no step, or one that cannot be a step."""
        if len(self._values) >= CAPACITY:
            self._thin()
        self._known = None
        self._steps.append(step if step is not None and 0 <= step < _NO_STEP else UNPLACED)
        self._values.append(value)
        self._epochs.append(math.nan if epoch is None else epoch)
        self._marks.append(mark)

    def extend(self, values: memoryview, steps: memoryview, marks: memoryview, epochs: memoryview) -> None:
        """Take columns of 64-bit numbers as if row after row were added; see `as_steps` and `as_epochs`."""
        taken = 0
        while taken < len(values):
            if len(self._values) >= CAPACITY:
                self._thin()
            end = taken + CAPACITY - len(self._values)
            self._values.frombytes(values[taken:end].cast("B"))
            self._steps.frombytes(steps[taken:end].cast("B"))
            self._marks.frombytes(marks[taken:end].cast("B"))
            self._epochs.frombytes(epochs[taken:end].cast("B"))
            taken = end
        self._known = None

    def clear(self) -> None:
        """Forget everything: another run began."""
        self._replace([])

    def forget_from(self, epoch: float) -> None:
        """Forget every reading of this epoch or a later one: a run went back to before it."""
        self._replace([row for row in self._rows() if row.epoch < epoch])

    def keep_below(self, step: int) -> None:
        """Forget every reading of this step or a later one, and those without a step."""
        self._replace([row for row in self._rows() if 0 <= row.step < step])

    def continue_from(self, earlier: "Curve") -> None:
        """Put the readings of an earlier run before these, where these went on from one of its steps."""
        rows, before = _ordered(self._rows()), _ordered(earlier._rows())
        if len(rows) < 2 or not before or rows[0].step <= 1 or before[-1].step < 0:
            return
        stride = rows[1].step - rows[0].step
        if before[-1].step >= rows[0].step - stride:
            self._replace([*(row for row in before if row.step < rows[0].step), *rows])

    def without_steps(self) -> "Curve":
        """Return the same readings in the order in which they were logged, none of them with a step."""
        loose = Curve(self.place, self.rounding)
        rows = sorted(self._rows(), key=lambda row: row.mark)
        loose._replace([Reading(UNPLACED, row.value, row.epoch, row.mark) for row in rows])
        return loose

    def with_steps(self, step_of: Callable[[Reading], int | None]) -> "Curve":
        """Return the same readings, those with a step with the one that `step_of` gives them, if any."""
        placed = Curve(self.place, self.rounding)
        for row in self._rows():
            placed.add(None if row.step < 0 else step_of(row), row.value, row.mark, row.epoch)
        return placed

    def where(self, reading: Reading) -> str:
        """Say where in its file a reading stands."""
        return place_of(reading.mark, self.place)

    def readings(self, steps_per_epoch: float | None) -> list[Reading]:
        """Return one reading a step, ascending; of a step logged twice the later.

        Values without a step get theirs from `steps_per_epoch` (optimizer steps). Where that does not help
        either and no value has a step, they stand as they were logged, each with step UNPLACED.
        """
        if self._known is None or self._known[0] != steps_per_epoch:
            rows = self._rows()
            if steps_per_epoch is not None and UNPLACED in self._steps:
                loose = [row for row in rows if row.step < 0]
                rows = [row for row in rows if row.step >= 0] + _placed(loose, steps_per_epoch)
            self._known = (steps_per_epoch, _ordered(rows))
        return self._known[1]

    def _rows(self) -> list[Reading]:
        return list(map(Reading, self._steps, self._values, self._epochs, self._marks))

    def _replace(self, rows: list[Reading]) -> None:
        self._steps = array("q", (row.step for row in rows))
        self._values = array("d", (row.value for row in rows))
        self._epochs = array("d", (row.epoch for row in rows))
        self._marks = array("q", (row.mark for row in rows))
        self._known = None

    def _thin(self) -> None:
        from afterall.scan.curve_arrays import thinned  # noqa: PLC0415 (most curves never fill, so need no numpy)

        columns: Columns = (self._steps, self._values, self._epochs, self._marks)
        self._steps, self._values, self._epochs, self._marks = thinned(columns, CAPACITY // 2, KEPT_ENDS)


def mark_of(offset: int, line: int | None) -> int:
    """Return the mark of a place in a log: its line, or its byte where lines were not counted."""
    return BYTES_FROM + offset if line is None else line


def place_of(mark: int, place: str = "line {}") -> str:
    """Say where in its file a mark stands: `place` says what it counts, unless it is a byte."""
    return place.format(mark) if mark < BYTES_FROM else f"byte {mark - BYTES_FROM}"


def as_steps(steps: Iterable[int | None]) -> "array[int]":
    """Return steps as a curve has them: UNPLACED for None, and for what cannot be a step."""
    return array("q", [UNPLACED if step is None or not 0 <= step < _NO_STEP else step for step in steps])


def as_epochs(epochs: Iterable[float | None]) -> "array[float]":
    """Return epochs as a curve has them: NaN for None."""
    return array("d", [math.nan if epoch is None else epoch for epoch in epochs])


def thin(rows: list[Reading], most: int) -> list[Reading]:
    """Return at most about `most` of `rows`: both ends whole, and the extremes of every stretch between."""
    if len(rows) <= most:
        return rows
    from afterall.scan.curve_arrays import kept_rows  # noqa: PLC0415 (most curves are shorter, so need no numpy)

    return [rows[at] for at in kept_rows(array("d", [row.value for row in rows]), most, KEPT_ENDS)]


def best(rows: Iterable[Reading]) -> Reading | None:
    """Return the first reading with the least finite value, None if no value is finite."""
    found, least = None, math.inf
    for row in rows:
        if row.value < least and row.value != -math.inf:
            found, least = row, row.value
    return found


def _ordered(rows: list[Reading]) -> list[Reading]:
    steps = [row.step for row in rows]
    if _ascend(steps):
        return rows
    latest = {row.step: row for row in rows if row.step >= 0}
    return [latest[step] for step in sorted(latest)] if latest else rows


def _ascend(steps: Sequence[int]) -> bool:
    """Tell whether every row has a step, and a later one than the row before."""
    return bool(steps) and steps[0] >= 0 and all(map(lt, steps, islice(steps, 1, None)))


def _placed(rows: list[Reading], steps_per_epoch: float) -> list[Reading]:
    """Give rows without a step theirs from their epoch.

    Four digits of an epoch do not tell one step of a long run from the next, so rows that fit equal intervals
    from the start on are taken to be logged at these.
    """
    if not rows or any(not 0 < row.epoch * steps_per_epoch < 1e15 for row in rows):
        return rows
    steps = [row.epoch * steps_per_epoch for row in rows]
    interval = round(steps[0])
    even = [interval * index for index in range(1, len(rows) + 1)]
    if all(abs(a - b) <= max(0.5, EPOCH_ERROR * b) for a, b in zip(even, steps, strict=True)):
        steps = [float(step) for step in even]
    return [Reading(round(s), r.value, r.epoch, r.mark) for s, r in zip(steps, rows, strict=True)]
