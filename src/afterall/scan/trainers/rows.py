"""Turn rows of names and numbers, as every logger's history holds them, into curves.

Invariant: a value without a step in its own row gets none from a neighbour's.
"""

from collections.abc import Mapping
from functools import lru_cache

from afterall.scan.curves import EXACT, Curve, Rounding
from afterall.scan.trainers.metric_names import STEP_FROM_ZERO, STEP_NAMES, curve_of

_EPOCHS = frozenset({"epoch", "train/epoch"})
_MOST_COUNTED = 1e15
_USUAL_NAMES = 64
"""What is known of a row of more names is not kept for the next one."""


class Rows:
    """The curves of one history; `place` and `rounding` are those of `Curve`."""

    def __init__(self, place: str, rounding: Rounding = EXACT) -> None:
        self.curves: dict[str, Curve] = {}
        self._place = place
        self._rounding = rounding

    def add(self, row: Mapping[str, object], mark: int, step: int | None = None) -> None:
        """Take one row; `step` is what the history itself counts where the row names no step."""
        named = step_in(row)
        added = self._add(row, mark, step if named is None else named)
        if named is None and step is not None:
            for curve in added:
                curve.counts_rows = True

    def add_last(self, row: Mapping[str, object], mark: int) -> None:
        """Take a summary of last values: each may be of another step, so none gets one."""
        self._add(row, mark, None)

    def __len__(self) -> int:
        return sum(len(curve) for curve in self.curves.values())

    def _add(self, row: Mapping[str, object], mark: int, step: int | None) -> list[Curve]:
        """Put a row's numbers into their curves, and return those."""
        added = []
        epoch = number_in(row["epoch" if "epoch" in row else "train/epoch"]) if _EPOCHS & row.keys() else None
        curves_of = _curves_of if len(row) <= _USUAL_NAMES else _curves_of.__wrapped__
        for name, key in curves_of(tuple(row)):
            value = row[name]
            number = value if type(value) is float else number_in(value)
            if number is not None:
                curve = self.curves.get(key)
                if curve is None:
                    curve = self.curves[key] = Curve(self._place, self._rounding)
                curve.add(step, number, mark, epoch)
                added.append(curve)
        return added


@lru_cache(256)
def _curves_of(names: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Return the names of a row that belong to curves, each with its curve; most rows name the same."""
    row = frozenset(names)
    keys = {name: curve_of(name, row) for name in names}
    return tuple(
        (name, key) for name, key in keys.items() if key and (key != "train_seconds" or _is_total(row))
    )


def step_in(row: Mapping[str, object]) -> int | None:
    """Return the optimizer step a row tells of itself, counted from 1."""
    if STEP_FROM_ZERO in row:
        count = count_in(row[STEP_FROM_ZERO])
        return None if count is None else count + 1
    for name in STEP_NAMES:
        count = count_in(row[name]) if name in row else None
        if count is not None:
            return count
    return None


def count_in(value: object) -> int | None:
    """Return how many a value says, as of steps, rounded down; None where it is none, or beyond any count."""
    number = number_in(value)
    return int(number) if number is not None and 0 <= number < _MOST_COUNTED else None


def number_in(value: object) -> float | None:
    """Return a number, NaN and infinity included, that is one or is the text of one (transformers 5)."""
    if type(value) is float:
        return value
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
