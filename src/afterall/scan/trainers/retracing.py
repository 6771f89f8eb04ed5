"""Notice where training goes back in a file to which runs append: a new run began, or one resumed.

Invariant: bounded in time. Of what is trained anew only the later rows are kept; a file that goes back again
and again is no run's, but what several programs wrote at once.
"""

from afterall.errors import BadInput
from afterall.scan.trainers.rows import Rows

_MOST = 100
"""How often a file may go back: each time costs as much as what it holds."""


class Retracing:
    """Follows the steps, or epochs, of the rows of training in one file."""

    def __init__(self) -> None:
        self._first = self._last = -1.0
        self._times = 0
        self._ends: set[float] = set()
        self.is_resumed = False
        """True where the last run of the file did not begin from nothing."""

    @property
    def is_endless(self) -> bool:
        """True where the rows go back more often than any run is begun anew."""
        return self._times > _MOST

    @property
    def may_be_epochs(self) -> bool:
        """True where steps may count anew in each epoch: none but the last time did they end otherwise."""
        return len(self._ends) == 1 and self._last <= min(self._ends)

    def refuse_endless(self, name: str) -> None:
        """Raise BadInput for a file of this name where `is_endless`."""
        if self.is_endless:
            raise BadInput(name, f"goes back to earlier steps more than {_MOST} times")

    def start_at(self, place: float) -> None:
        """Go on from this place, wherever it lies."""
        self._last = place

    def at_step(self, step: int, rows: Rows) -> bool:
        """Take the step of a row, forget of the rows what it trains again, and tell whether it goes back."""
        goes_back = self._goes_back(step)
        for curve in rows.curves.values() if goes_back else ():
            curve.keep_below(step)
        return goes_back

    def at_epoch(self, epoch: float, rows: Rows) -> bool:
        """Take the epoch of a row without a step, as `at_step` does."""
        goes_back = self._goes_back(epoch)
        for curve in rows.curves.values() if goes_back else ():
            curve.forget_from(epoch)
        return goes_back

    def _goes_back(self, place: float) -> bool:
        goes_back = place < self._last
        if goes_back:
            self._times += 1
            self._ends.add(self._last)
            self.is_resumed = place > self._first
        self._first = place if self._first < 0 else min(self._first, place)
        self._last = place
        return goes_back and not self.is_endless
