"""Tell how many epochs a program came through that tells a loss once an epoch, and how many it planned.

Format: `Epoch 3/10 train_loss: 0.5 val_loss: 0.6`, in one line or one for each loss. Invariant: only of a
loss that every epoch tells once, one epoch after the other from the first on, 0 or 1; losses within an epoch
say nothing of its end. A plan is only read where epochs are counted from 1: `0/10` may be the first of 11.
"""

from afterall.model import Fact, Source

_LEAST = 2
"""One epoch alone may be one of which more was to come."""


class EpochEnds:
    """What the lines that name one loss tell of epochs."""

    def __init__(self) -> None:
        self._is_regular = True
        self._first = self._last = -1
        self._plans: set[int] = set()
        self._source = Source("")

    def take(self, epoch: str | None, of: str | None, source: Source) -> None:
        """See a line's epoch, and of how many it is one, in digits; None where it tells none."""
        number = int(epoch) if epoch is not None and epoch.isdecimal() else -1
        is_next = number in (0, 1) if self._first < 0 else number == self._last + 1
        self._is_regular = self._is_regular and is_next
        if not self._is_regular:
            return
        self._first = number if self._first < 0 else self._first
        self._last, self._source = number, source
        if of is not None:
            self._plans = {int(of), *self._plans} if len(self._plans) < 2 else self._plans

    @property
    def facts(self) -> dict[str, Fact]:
        """How many epochs were done and planned, as `epochs` and `planned_epochs`, as far as that is sure."""
        done = self._last - self._first + 1
        if not self._is_regular or self._first < 0:
            return {}
        plan = max(self._plans) if len(self._plans) == 1 and self._first == 1 else 0
        facts = {"planned_epochs": Fact(plan, self._source)} if plan >= done else {}
        return facts | {"epochs": Fact(done, self._source)} if facts or done >= _LEAST else {}
