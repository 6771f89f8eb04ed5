"""Gather the values of one metric as they are read, in bounded memory, and put them in order of steps.

Invariant: thinning never drops the first or last points, a bucket's least and greatest value, or the
edges of a run of values that are not finite; so no spike and no divergence is smoothed away.
"""

import math
from array import array
from collections.abc import Callable, Iterable

from msgspec import Struct

from afterall.scan.readings import UNPLACED, Reading, Readings

CAPACITY = 1 << 17
"""Most points held while reading; about 4 MiB."""
EPOCH_ERROR = 6e-4
"""Relative error of an epoch printed with four digits."""
DECIMALS_ERROR = 0.0051
"""Error of an epoch printed with two decimals."""
_NO_STEP = 1 << 62
BYTES_FROM = 1 << 62
"""A mark from here on counts bytes of a log from its start, where its lines were not: behind every line."""


class Rounding(Struct, frozen=True):
    """How a source rounds: to decimals after the point, or to significant digits; None: not at all."""

    decimals: int | None = None
    significant: int | None = None

    def allows(self, exact: float, printed: float) -> bool:
        """Tell whether `printed` can be `exact` rounded so, half a unit more for double rounding."""
        fixed, scaled = self.slack
        return abs(exact - printed) <= fixed + scaled * abs(exact)

    @property
    def slack(self) -> tuple[float, float]:
        """How far apart the two may be: a difference, and a share of the exact one; one of them is 0."""
        if self.decimals is not None:
            return 10.0**-self.decimals, 0.0
        return 0.0, 1e-9 if self.significant is None else 10.0 ** (1 - self.significant)


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
        self._known: Readings | None = None
        self._placed_by: float | None = None
        self._lacks_steps = False

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
        self._replace(())

    def forget_from(self, epoch: float) -> None:
        """Forget the last readings, those of this epoch or a later one: a run went back to before it.

        However often a run goes back, each reading is looked at once.
        """
        kept = len(self)
        while kept and not self._epochs[kept - 1] < epoch:
            kept -= 1
        for column in (self._steps, self._values, self._epochs, self._marks):
            del column[kept:]
        self._known = None

    def keep_below(self, step: int) -> None:
        """Forget every reading of this step or a later one, and those without a step."""
        kept = self._rows().among([0 <= each < step for each in self._steps])
        self._steps, self._values, self._epochs, self._marks = kept.columns
        self._known = None

    def continue_from(self, earlier: "Curve") -> None:
        """Put the readings of an earlier run before these, where these went on from one of its steps."""
        rows, before = self._rows().ordered(), earlier._rows().ordered()
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

    def readings(self, steps_per_epoch: float | None) -> Readings:
        """Return one reading a step, ascending; of a step logged twice the later.

        Values without a step get theirs from `steps_per_epoch` (optimizer steps). Where that does not help
        either and no value has a step, they stand as they were logged, each with step UNPLACED.
        """
        if self._known is None or (self._lacks_steps and self._placed_by != steps_per_epoch):
            rows = self._rows()
            self._lacks_steps = not rows.ascend and UNPLACED in rows.steps
            if self._lacks_steps and steps_per_epoch is not None:
                rows = _all_placed(rows, steps_per_epoch)
            self._placed_by, self._known = steps_per_epoch, rows.ordered()
        return self._known

    def _rows(self) -> Readings:
        return Readings((self._steps[:], self._values[:], self._epochs[:], self._marks[:]))

    def _replace(self, rows: Iterable[Reading]) -> None:
        self._steps, self._values, self._epochs, self._marks = Readings.of(rows).columns
        self._known = None

    def _thin(self) -> None:
        rows = self._rows().ordered().thinned(CAPACITY // 2)
        self._steps, self._values, self._epochs, self._marks = rows.columns


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


def _all_placed(rows: Readings, steps_per_epoch: float) -> Readings:
    """Return the rows with a step, and behind them the others with the one that their epoch tells."""
    told = rows.among([step >= 0 for step in rows.steps])
    if not told:
        return _placed(rows, steps_per_epoch)
    loose = rows.among([step < 0 for step in rows.steps])
    return Readings.of([*told, *_placed(loose, steps_per_epoch)])


def _placed(rows: Readings, steps_per_epoch: float) -> Readings:
    """Give rows without a step theirs from their epoch.

    An epoch's few digits do not tell one step of a long run from the next, so rows that fit one interval, and
    no other, from the start on are taken to be logged at it.
    """
    steps = [epoch * steps_per_epoch for epoch in rows.epochs]
    if not steps or any(not 0 < step < 1e15 for step in steps):
        return rows
    has_two_decimals = all(round(epoch, 2) == epoch for epoch in rows.epochs)
    error = max(0.5, DECIMALS_ERROR * steps_per_epoch if has_two_decimals else 0.0)
    errors = [max(error, EPOCH_ERROR * step) for step in steps]
    told = list(zip(steps, errors, range(1, len(steps) + 1), strict=True))
    least = max(math.ceil((step - error) / index) for step, error, index in told)
    most = min(math.floor((step + error) / index) for step, error, index in told)
    if least == most > 0:
        even = array("q", range(most, most * len(steps) + 1, most))
        return Readings((even, rows.values, rows.epochs, rows.marks))
    return Readings((array("q", map(round, steps)), rows.values, rows.epochs, rows.marks))
