"""Read the loss curve that torchtune's progress bars carry, a whole block at once.

Format: the recipes set tqdm's description to `{epoch}|{step}|Loss: {loss}` (epoch from 1), so a record reads
`2|120|Loss: 0.53:  40%|████      | 20/50 [00:01<00:02, 17.2it/s]`. tqdm prints a step as often as it
refreshes, and the last bar of an epoch once more after the next epoch began. In torchtune 0.1 the second
number counts within the epoch, later over the whole run. The total is one epoch's steps. Full recipes on main
print four decimals, all others the whole number.
"""

import math
import re
from array import array
from bisect import bisect_right
from itertools import pairwise
from typing import TYPE_CHECKING

from afterall.scan.curves import EXACT, Curve, Rounding, mark_of
from afterall.scan.logs.blocks import MANY_BYTES, Block

if TYPE_CHECKING:
    from afterall.scan.logs.bar_arrays import BarRows

_MARK = b"|Loss: "
_PLACE = re.compile(rb"(\d{1,12})\|(\d{1,12})$")
_TOTAL = re.compile(rb"\s\d{1,12}/(\d{1,12}) \[")
_MOST_BEFORE = 1 << 60
"""Steps behind more than these are taken one by one: they might not fit into 64 bits."""
_NO_STEP = 1 << 62
"""What stands for any step that is too large to be one."""


class LossBars:
    """What the loss bars of one run say: `epoch` and `step` reached, and `total`, the steps of an epoch."""

    def __init__(self) -> None:
        self.curve = Curve("line {}")
        self.restarts = 0
        self.epoch = 0
        self.step = 0
        self.total: int | None = None
        self._before_epoch = 0
        self._decimals = 0
        self._last = (b"", b"")
        self._steps = array("q")
        self._offsets = array("q")

    @property
    def counts_in_epochs(self) -> bool:
        """True where the numbers began anew with an epoch, as torchtune 0.1's do."""
        return self._before_epoch > 0

    def read_block(self, block: Block) -> None:
        """Take every bar of a block; one whose loss was cut before its colon does not count."""
        self._steps, self._offsets = array("q", [min(self.step, _NO_STEP)]), array("q", [-1])
        if not block.may_hold(_MARK) or _MARK not in block.data:
            return
        is_long = len(block.data) >= MANY_BYTES and self._before_epoch < _MOST_BEFORE
        first, last = self._read_at_once(block) if is_long else self._read_each(block)
        self.curve.rounding = EXACT if self._decimals > 4 else Rounding(decimals=4)
        total = _TOTAL.search(last) or _TOTAL.search(first)
        self.total = int(total[1]) if total is not None else self.total

    def step_before(self, offset: int) -> int | None:
        """Return the step of the last bar before a byte of the block read last."""
        return self._steps[bisect_right(self._offsets, offset) - 1] or None if self._steps else None

    def _read_each(self, block: Block) -> tuple[bytes, bytes]:
        """Take one bar after the other; return what follows the first mark and the last."""
        parts = block.data.split(_MARK)
        end, line = 0, block.first_line
        for before, after in pairwise(parts):
            end += len(before) + len(_MARK)
            line = None if line is None else line + before.count(b"\n")
            self._read(before[-26:], after[:40], (block.offset + end, line))
        return parts[1][:1000], parts[-1][:1000]

    def _read_at_once(self, block: Block) -> tuple[bytes, bytes]:
        """Take the bars between two changes together; return what follows the first mark and the last."""
        from afterall.scan.logs.bar_arrays import parse_bars  # noqa: PLC0415 (see MANY_BYTES)

        rows = parse_bars(block)
        for start, end in pairwise([*rows.changes(), len(rows.ends)]):
            at = start
            while at == start or (at < end and self.epoch < rows.epochs[at]):
                before, after = rows.texts(at)
                self._read(before, after, rows.place(at))
                at += 1
            if at < end:
                self._take_alike(rows, at, end)
        return rows.texts(0, 1000)[1], rows.texts(len(rows.ends) - 1, 1000)[1]

    def _read(self, before: bytes, after: bytes, place: tuple[int, int | None]) -> None:
        """Take one bar unless it says what the bar before said, its mark between `before` and `after`."""
        step = before[before.rfind(b"|") + 1 :]
        value = after[: after.find(b":") + 1]
        if (step, value) != self._last:
            self._last = (step, value)
            self._take(before, value[:-1], place)

    def _take(self, before: bytes, value: bytes, place: tuple[int, int | None]) -> None:
        found = _PLACE.search(before)
        loss = parse_loss(value)
        if found is None or loss is None:
            return
        epoch, number = int(found[1]), int(found[2])
        if not self._belongs(epoch, number):
            return
        offset, line = place
        self._decimals = max(self._decimals, len(value.partition(b".")[2]))
        self.step = self._before_epoch + number
        self.curve.add(self.step, loss, mark_of(offset, line))
        self._steps.append(min(self.step, _NO_STEP))
        self._offsets.append(offset)

    def _take_alike(self, rows: "BarRows", start: int, end: int) -> None:
        """Take bars of one epoch none of which is step 0 or 1, after one of that epoch or a later one."""
        before, after = rows.texts(end - 1)
        self._last = (before[before.rfind(b"|") + 1 :], after[: after.find(b":") + 1])
        if rows.epochs[start] < self.epoch:
            return
        news = rows.news(start, end, self._before_epoch)
        if news is None:
            return
        self._decimals = max(self._decimals, news.decimals)
        self.step = int(news.steps[-1])
        epochs = memoryview(array("d", [math.nan]) * len(news.steps))
        self.curve.extend(news.losses.data, news.steps.data, news.marks.data, epochs)
        self._steps.frombytes(news.steps.data.cast("B"))
        self._offsets.frombytes(news.offsets.data.cast("B"))

    def _belongs(self, epoch: int, number: int) -> bool:
        """Tell news from the reprint of an old bar, and notice where numbers or the whole run start anew."""
        if epoch < self.epoch and number > 1:
            return False
        if epoch <= self.epoch and number == 1 < self.step:
            self._restart()
        if epoch > self.epoch and number <= self.step - self._before_epoch:
            self._before_epoch = self.step
        self.epoch = epoch
        return True

    def _restart(self) -> None:
        self.restarts += 1
        self.curve.clear()
        self._before_epoch = self.step = 0


def parse_loss(text: bytes) -> float | None:
    """Return a printed number, "nan" and "inf" included; None for anything else."""
    if not text or len(text) > 40 or b"_" in text:
        return None
    try:
        return float(text)
    except ValueError:
        return None
