"""Tell steps that a program counts anew in each epoch from those of the whole run, and place them in it.

Format: `Epoch [2/3], Step [10/100], Loss: 0.5`. Invariant: steps that begin anew count over the run only
where the program told how many an epoch has; else their values have no step at all.
"""

import math

from afterall.scan.curves import Curve


class EpochSteps:
    """What the lines of one log tell of how their steps are counted."""

    def __init__(self) -> None:
        self.begin_anew = False
        self._length: int | None = None
        self._has_one_length = True
        self._first_epoch = math.inf
        self._last: tuple[float, float] | None = None

    def take(self, epoch: float | None, step: float | None, of: str | None) -> None:
        """See a row's epoch and step, and the digits of how many steps it is one of: "10/100"."""
        if epoch is None or step is None:
            return
        length = None if of is None else int(of)
        self.begin_anew = self.begin_anew or (
            self._last is not None and epoch > self._last[0] and step <= self._last[1]
        )
        self._has_one_length = self._has_one_length and length is not None and self._length in (None, length)
        self._length = length
        self._first_epoch = min(self._first_epoch, epoch)
        self._last = epoch, step

    def placed(self, curve: Curve) -> Curve:
        """Return a curve by the steps of the run; as it is where its steps are those already."""
        if not self.begin_anew:
            return curve
        loose = curve.without_steps()
        length = self._length
        if length is None or not self._has_one_length:
            return loose
        base = min(self._first_epoch, 1)
        return curve.with_steps(
            lambda row: None if math.isnan(row.epoch) else int(row.epoch - base) * length + row.step
        )
