"""Turn rows of names and numbers, as every logger's history holds them, into curves.

Invariant: a value without a step in its own row gets none from a neighbour's.
"""

from collections.abc import Mapping

from afterall.scan.curves import EXACT, Curve, Rounding
from afterall.scan.trainers.metric_names import CURVES, STEP_FROM_ZERO, STEP_NAMES, is_mean_loss


class Rows:
    """The curves of one history; `place` and `rounding` are those of `Curve`."""

    def __init__(self, place: str, rounding: Rounding = EXACT) -> None:
        self.curves: dict[str, Curve] = {}
        self._place = place
        self._rounding = rounding

    def add(self, row: Mapping[str, object], mark: int, step: int | None = None) -> None:
        """Take one row; `step` is what the history itself counts where the row names no step."""
        named = step_in(row)
        for curve in self._add(row, mark, step if named is None else named):
            curve.counts_rows = curve.counts_rows or (named is None and step is not None)

    def add_last(self, row: Mapping[str, object], mark: int) -> None:
        """Take a summary of last values: each may be of another step, so none gets one."""
        self._add(row, mark, None)

    def __len__(self) -> int:
        return sum(len(curve) for curve in self.curves.values())

    def _add(self, row: Mapping[str, object], mark: int, step: int | None) -> list[Curve]:
        """Put a row's numbers into their curves, and return those."""
        added = []
        names = frozenset(row)
        epoch = next((number_in(row[name]) for name in ("epoch", "train/epoch") if name in row), None)
        for name, value in row.items():
            key = "mean_loss" if is_mean_loss(name, names) else CURVES.get(name)
            number = number_in(value)
            if key is not None and number is not None and (key != "train_seconds" or _is_total(names)):
                curve = self.curves.setdefault(key, Curve(self._place, self._rounding))
                curve.add(step, number, mark, epoch)
                added.append(curve)
        return added


def step_in(row: Mapping[str, object]) -> int | None:
    """Return the optimizer step a row tells of itself, counted from 1."""
    if STEP_FROM_ZERO in row:
        number = number_in(row[STEP_FROM_ZERO])
        return None if number is None or not 0 <= number < 1e15 else int(number) + 1
    for name in STEP_NAMES:
        number = number_in(row.get(name))
        if number is not None and 0 <= number < 1e15:
            return int(number)
    return None


def number_in(value: object) -> float | None:
    """Return a number, NaN and infinity included, that is one or is the text of one (transformers 5)."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        try:
            return float(value)
        except OverflowError:
            return None
    if isinstance(value, str) and len(value) <= 40 and "_" not in value:
        try:
            return float(value)
        except ValueError:
            return None
    return None


def _is_total(names: frozenset[str]) -> bool:
    """Tell a run's totals from a logged row: transformers 5 writes the runtime so far into every row."""
    return not names.isdisjoint({"train_loss", "train/train_loss", "train_samples_per_second"})
