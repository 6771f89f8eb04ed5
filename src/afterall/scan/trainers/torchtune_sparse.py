"""Place the bars of torchtune 0.1, which change their words only every `log_every_n_steps` steps.

Format: `2|7|Loss: 0.53:  90%|█████████ | 9/10 [00:01<00:00, 8.1it/s]`: epoch, batch within it, and that
batch's loss, set where the optimizer steps taken before, over all epochs, are a multiple of
`log_every_n_steps`; the bar itself counts batches on, without words until the first such step of its epoch.
`gradient_accumulation_steps` batches make a step; batches of an epoch that are too few for one make none.
Since 0.2 the words change with every step. Source: torchtune 0.1.0 and 0.1.1,
recipes/lora_finetune_single_device.py.

Invariant: steps are only told where every bar that was seen is one that such a recipe draws, and where the
last one tells its epoch.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import count, islice

from msgspec import Struct

from afterall.model import Fact
from afterall.scan.curves import Curve, mark_of, place_of
from afterall.scan.logs.bars import Bar
from afterall.scan.logs.blocks import Block
from afterall.scan.logs.loss_bars import LossBars

_BAR = re.compile(
    rb"(\d{1,9})\|(\d{1,12})\|Loss: [^:|\r\n]{1,40}:[^\[\r\n]{0,300}?\s(\d{1,12})/(\d{1,12}) \["
)
_FEW_CHANGES, _CHANGES_A_BAR = 1_000, 16
"""Every change is drawn anew, so in a log its changes are about as many as its bars."""


class LastBar(Struct, frozen=True):
    """The last bar with a loss: its epoch, from 1, the batch that the loss is of, batches done and in all."""

    epoch: int
    number: int
    done: int
    total: int
    block: Block
    start: int
    """Where it starts in the block's data."""

    @property
    def mark(self) -> int:
        """Where it stands in its log."""
        return mark_of(self.block.offset + self.start, self.block.line_at(self.start))

    @property
    def is_ahead(self) -> bool:
        """True where it counts on while its words stay: from 0.2 on it is at most one ahead of them."""
        return self.done >= self.number + 2

    @property
    def is_full(self) -> bool:
        """True where it is full while its words are one behind, as those of every second step may be."""
        return self.done == self.total == self.number + 1


class Schedule(Struct, frozen=True):
    """When bars change: batches of an epoch and of a step, steps of an epoch, steps between two changes."""

    batches: int
    batches_a_step: int
    steps: int
    every: int

    def steps_of(self, counted: Collection[int]) -> dict[int, int] | None:
        """Return the optimizer step of each number that a curve counted; None where one does not fit.

        A curve adds to a batch within its epoch the last batch that it saw of the epochs before.
        """
        if min(self.batches_a_step, self.steps) < 1 or self.every < 2 or not counted:
            return None
        last, before, reached, epoch = max(counted), 0, 0, 1
        found: dict[int, int] = {}
        for of, batch, step in islice(self._changes(), _FEW_CHANGES + _CHANGES_A_BAR * len(counted)):
            before = reached if of > epoch and batch <= reached - before else before
            reached, epoch = before + batch, of
            if reached > last:
                break
            found[reached] = step
        return found if found.keys() >= set(counted) else None

    def taken(self, epoch: int, batches_done: int) -> int:
        """Return the optimizer steps taken after so many batches of an epoch, from 1."""
        return (epoch - 1) * self.steps + min(batches_done // self.batches_a_step, self.steps)

    def _changes(self) -> Iterator[tuple[int, int, int]]:
        """Yield for each change the epoch and batch, both from 1, and the optimizer step it belongs to."""
        is_cut = self.steps < self.batches // self.batches_a_step
        for taken in count(0, self.every):
            epoch, within = divmod(taken, self.steps)
            if within == 0 and epoch and not is_cut:
                for batch in range(self.steps * self.batches_a_step, self.batches):
                    yield epoch, batch + 1, taken
            for batch in range(within * self.batches_a_step, (within + 1) * self.batches_a_step):
                yield epoch + 1, batch + 1, taken + 1


def last_bar(block: Block) -> LastBar | None:
    """Return the last bar with a loss of a block; None where it has none, or one that was cut."""
    mark = block.data.rfind(b"|Loss: ")
    if mark < 0:
        return None
    start, _ = block.record_at(mark, max(mark - 29, 0))
    found = _BAR.search(block.data, start, mark + 500)
    if found is None:
        return None
    epoch, number, done, total = map(int, found.groups())
    return LastBar(epoch, number, done, total, block, start)


class Placed(Struct, frozen=True):
    """A curve with optimizer steps, or without any; the steps of an epoch, those reached, and where."""

    curve: Curve
    steps: int | None = None
    reached: int | None = None
    where: str = ""


def place_sparse(
    bars: LossBars, last: LastBar | None, wordless: Bar | None, parameters: Mapping[str, Fact]
) -> Placed | None:
    """Return the curve of bars that change every few steps; None for bars that change with each.

    `wordless` is the last bar of the training that had no loss. Where it is such a curve, but nothing tells
    when they changed, or which epoch the last bar is of, its values have no step. Gaps alone tell nothing: a
    copy of what a terminal showed in the end has few of the bars.
    """
    if last is None or not bars.total or last.number > bars.total:
        return None
    if not (last.is_ahead or last.is_full or bars.counts_in_epochs):
        return None
    counted = bars.curve.readings(None).steps
    if not counted:
        return None
    has_gaps = counted[-1] - counted[0] >= len(counted)
    schedule = _schedule(bars.total, counted, parameters)
    may_be = last.is_ahead or (has_gaps and bars.counts_in_epochs)
    if not may_be and not (last.is_full and schedule.batches_a_step == 1):
        return None
    step_of = schedule.steps_of(counted)
    if step_of is None:
        return Placed(bars.curve.without_steps()) if last.is_ahead and schedule.every != 1 else None
    is_later = wordless is not None and wordless.total == bars.total and wordless.mark > last.mark
    if is_later and schedule.every > schedule.steps:
        return Placed(bars.curve.without_steps(), schedule.steps)
    placed = bars.curve.with_steps(lambda row: step_of[row.step])
    if wordless is not None and is_later:
        reached = schedule.taken(last.epoch + 1, wordless.done)
        return Placed(placed, schedule.steps, reached, place_of(wordless.mark))
    return Placed(placed, schedule.steps, schedule.taken(last.epoch, last.done), place_of(last.mark))


def _schedule(batches: int, counted: Sequence[int], parameters: Mapping[str, Fact]) -> Schedule:
    """Return when bars change by the settings, and by the first two of them where no setting tells."""
    seen = counted[1] - counted[0] if len(counted) > 1 else 0
    batches_a_step = _count(parameters, "gradient_accumulation_steps") or 1
    steps = batches // batches_a_step
    steps = min(steps, _count(parameters, "max_steps_per_epoch") or steps)
    return Schedule(batches, batches_a_step, steps, _count(parameters, "log_every_n_steps") or seen)


def _count(parameters: Mapping[str, Fact], name: str) -> int:
    """Return a setting that counts something, 0 where it is not told."""
    told = parameters.get(name)
    return told.value if told is not None and type(told.value) is int and told.value > 0 else 0
