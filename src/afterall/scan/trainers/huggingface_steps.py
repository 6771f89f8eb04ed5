"""Tell at which optimizer step HF Trainer printed a row of numbers: by its bar, drawn again below the row.

Format: `ProgressCallback` moves its bar with every step and prints rows by `tqdm.write`, which draws the bar
anew after the row: `{'loss': …}`, then `11%|█▏  | 4/36 [00:00<00:00, 221.24it/s]`.
Source: transformers 4.20 to 5.24, trainer_callback.py; tqdm 4.66, std.py (external_write_mode).

Invariant: where output and errors were written into one file out of order, bars stand below other rows than
their own; steps therefore count only where nearly every row has one, and all of them and the rows' epochs
agree on how long an epoch is.
"""

import math
import re
from collections.abc import Mapping, Sequence

from msgspec import Struct

from afterall.scan.logs.lines import Line
from afterall.scan.trainers.huggingface_totals import is_totals

_BAR = re.compile(r"\s{0,8}\d{1,3}%\|[^|]{0,400}\|\s{1,12}(\d{1,12})/(\d{1,12}) \[\d")
_PLAIN_BAR = (
    rb" {0,8}\d{1,3}%\|[^|{\r\n\0\x1b]{0,400}\| {1,12}(\d{1,12})/(\d{1,12}) \[\d[^\]{\r\n\0\x1b]{0,400}\]"
)
_RECORD_OF_BAR = re.compile(_PLAIN_BAR + rb"$")
"""A record that is nothing but a bar: its text is itself."""
ROW_AND_BAR = re.compile(
    rb"(\{'[^{}\[\]\r\n\0\x1b]{1,8000}\})[\r\n](?: {0,400}[\r\n]){0,3}" + _PLAIN_BAR + rb"[\r\n]"
)
"""What may be a row, what ends it, blanks, and the bar: records whose texts are themselves."""
_MOST_RECORDS = 4
"""How many records below a row may hold its bar; blanks among them."""
_EPOCH_ERROR, _EPOCH_DIGITS = 0.0051, 6e-4
"""4.x prints epochs with two decimals, 5.x with four significant digits."""


class Told(Struct, frozen=True):
    """A row, its mark, and the step of the bar below it; None where there was none."""

    row: Mapping[str, float]
    mark: int
    step: int | None = None


class RowSteps:
    """Holds one row back until the bar below it is read."""

    def __init__(self) -> None:
        self._total: int | None = None
        self.held: Told | None = None
        """The row whose bar was not read yet."""
        self._records = 0
        self._loose = self._placed = 0
        self._ends_loose = False
        self._least, self._most = 0.0, math.inf
        self._last = (0, 0)

    @property
    def are_sure(self) -> bool:
        """True where the steps are those of their rows; the last row may lack one, where the log was cut."""
        is_whole = self._loose == 0 or (self._loose == 1 and self._ends_loose)
        return is_whole and self._placed > 1 and self._least <= self._most

    @property
    def sure_total(self) -> int | None:
        """What the rows' bar counts to."""
        return self._total if self.are_sure else None

    def begin_again(self) -> None:
        """Expect another bar: the same training goes on with another plan."""
        self._total = None

    def wait(self, row: Mapping[str, float], mark: int) -> None:
        """Hold a row back."""
        self.held, self._records = Told(row, mark), 0

    def read(self, line: Line) -> Told | None:
        """Take a record below the row; return the row once its step is known or not to be expected."""
        if self.held is None:
            return None
        self._records += 1
        found = _RECORD_OF_BAR.match(line.raw) or (_BAR.match(line.text) if line.raw else None)
        if found is not None:
            return self.place(int(found[1]), int(found[2]))
        return self.pass_on() if self._records >= _MOST_RECORDS else None

    def pass_on(self) -> Told | None:
        """Return the row that is held back, if any, without a step."""
        told, self.held = self.held, None
        if told is not None and not is_totals(told.row):
            self._loose, self._ends_loose = self._loose + 1, True
        return told

    def close(self) -> Told | None:
        """Return the row held back at the log's end: one interval after the last if its epoch agrees."""
        told = self.pass_on()
        if told is None or "loss" not in told.row or not self.are_sure:
            return told
        before, last = self._last
        epoch = told.row.get("epoch", math.nan)
        least, most = self._least * (epoch - _error(epoch)), self._most * (epoch + _error(epoch))
        is_next = before > 0 and least <= 2 * last - before <= most
        return Told(told.row, told.mark, 2 * last - before) if is_next else told

    def place(self, done: int, total: int) -> Told | None:
        """Return the row that is held back, with the step of the bar below it if that is the training's."""
        told = self.held
        if told is None:
            return None
        if self._total is None and "loss" in told.row:
            self._total = total
        if total != self._total or not done:
            return self.pass_on()
        self.held, self._ends_loose = None, False
        self._placed += not is_totals(told.row)
        self._last = (self._last[1], done) if "loss" in told.row else self._last
        self._compare([done], [told.row.get("epoch", math.nan)])
        return Told(told.row, told.mark, done)

    def fit(self, steps: Sequence[int], total: int) -> bool:
        """Tell whether bars that show these steps of this total are the training's."""
        return self._total in (None, total) and all(steps)

    def place_all(self, epochs: Sequence[float], steps: Sequence[int], total: int) -> None:
        """Take two or more logged rows with bars that `fit` below them, when no row is held back."""
        self._total, self._ends_loose = total, False
        self._placed += len(steps)
        self._last = (steps[-2], steps[-1])
        self._compare(steps, epochs)

    def _compare(self, steps: Sequence[int], epochs: Sequence[float]) -> None:
        """Narrow the steps of an epoch down to what these rows allow, too; an epoch of NaN allows any."""
        rows = [(step, epoch, _error(epoch)) for step, epoch in zip(steps, epochs, strict=True)]
        begins = [(step - 0.5) / (epoch + error) for step, epoch, error in rows if epoch + error > 0]
        ends = [(step + 0.5) / (epoch - error) for step, epoch, error in rows if epoch > error]
        self._least, self._most = max([self._least, *begins]), min([self._most, *ends])


def _error(epoch: float) -> float:
    return max(_EPOCH_ERROR, _EPOCH_DIGITS * epoch)
