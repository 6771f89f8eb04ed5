"""Turn rows of names and numbers, as every logger's history holds them, into curves.

Invariant: a value without a step in its own row gets none from a neighbour's.
"""

from array import array
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import repeat

from msgspec import Struct

from afterall.scan.curves import EXACT, Curve, Rounding, as_epochs, as_steps
from afterall.scan.trainers.metric_names import STEP_FROM_ZERO, STEP_NAMES, curve_of

_EPOCHS = ("epoch", "train/epoch")
_STEP = "step"
_MOST_COUNTED = 1e15
_USUAL_NAMES = 64
"""What is known of a row of more names is not kept for the next one."""
_FEW, _MOST_HELD = 4, 1024
"""Fewer rows are put into curves one by one; more are not held."""
LONGEST_NUMBER = 40
"""Characters of a number's text."""


class Rows:
    """The curves of one history; `place` and `rounding` are those of `Curve`."""

    def __init__(self, place: str, rounding: Rounding = EXACT) -> None:
        self._curves: dict[str, Curve] = {}
        self._place = place
        self._rounding = rounding
        self._names = _Names()
        self._held: list[_Held] = []

    @property
    def curves(self) -> dict[str, Curve]:
        """All curves by their keys, in the order in which they began."""
        self._settle()
        return self._curves

    def add(self, row: Mapping[str, object], mark: int, step: int | None = None) -> None:
        """Take one row; `step` is what the history itself counts where the row names no step."""
        self._expect(row)
        named = step_in(row) if self._names.steps else None
        self._hold(
            row, mark, step if named is None else named, counts_rows=named is None and step is not None
        )

    def add_alike(self, rows: Sequence[Mapping[str, object]], marks: Sequence[int]) -> None:
        """Take rows of the same names in the same order, as if one after the other were added."""
        names = _read_names(tuple(rows[0]))
        columns = dict(zip(names.all, zip(*(row.values() for row in rows), strict=True), strict=True))
        steps = columns.get(_STEP, ())
        are_steps = set(map(type, steps)) == {int} and min(steps) >= 0 and max(steps) < _MOST_COUNTED
        needed = {*names.numbers, *filter(None, [names.epoch])}
        are_numbers = all(set(map(type, columns[name])) == {float} for name in needed)
        if names.steps == (_STEP,) and are_steps and are_numbers and len(set(names.keys)) == len(names.keys):
            self._add_table(names, {name: array("d", columns[name]) for name in needed}, marks, steps)
        else:
            for row, mark in zip(rows, marks, strict=True):
                self.add(row, mark)

    def add_table(
        self, columns: Mapping[str, "array[float]"], marks: Sequence[int], steps: Sequence[int]
    ) -> None:
        """Take rows of the same names, which tell no step, as if each were added with its step."""
        self._add_table(_read_names((*columns, _STEP)), columns, marks, steps)

    def _add_table(
        self,
        names: "_Names",
        columns: Mapping[str, "array[float]"],
        marks: Sequence[int],
        steps: Sequence[int],
    ) -> None:
        self._settle()
        epochs = repeat(None, len(steps)) if names.epoch is None else columns[names.epoch]
        self._extend(names.keys, [columns[name] for name in names.numbers], marks, steps, epochs)

    def add_last(self, row: Mapping[str, object], mark: int) -> None:
        """Take a summary of last values: each may be of another step, so none gets one."""
        self._expect(row)
        self._hold(row, mark, None, counts_rows=False)

    def __len__(self) -> int:
        return sum(len(curve) for curve in self.curves.values())

    def _expect(self, row: Mapping[str, object]) -> None:
        """Get ready for a row: those that are held together have the same names."""
        names = tuple(row)
        if names != self._names.all or len(self._held) >= _MOST_HELD:
            self._settle()
            self._names = _read_names(names)

    def _hold(self, row: Mapping[str, object], mark: int, step: int | None, *, counts_rows: bool) -> None:
        names = self._names
        numbers = [v if type(v := row[name]) is float else number_in(v) for name in names.numbers]
        epoch = None if names.epoch is None else number_in(row[names.epoch])
        self._held.append((numbers, mark, step, epoch, counts_rows))

    def _settle(self) -> None:
        """Put the numbers that are held into their curves."""
        held, self._held = self._held, []
        if len(held) < _FEW or not self._add_columns(held):
            for numbers, mark, step, epoch, counts_rows in held:
                for key, number in zip(self._names.keys, numbers, strict=True):
                    if number is not None:
                        curve = self._curve(key)
                        curve.add(step, number, mark, epoch)
                        curve.counts_rows = curve.counts_rows or counts_rows

    def _add_columns(self, held: Sequence["_Held"]) -> bool:
        """Add the rows column by column; False where a value is no number, or two are of one curve."""
        keys = self._names.keys
        rows, marks, steps, epochs, counts_rows = zip(*held, strict=True)
        columns = tuple(zip(*rows, strict=True))
        if len(set(keys)) < len(keys) or any(None in column for column in columns):
            return False
        self._extend(keys, [array("d", column) for column in columns], marks, steps, epochs)
        if any(counts_rows):
            for key in keys:
                self._curves[key].counts_rows = True
        return True

    def _extend(
        self,
        keys: Sequence[str],
        columns: Sequence["array[float]"],
        marks: Sequence[int],
        steps: Iterable[int | None],
        epochs: Iterable[float | None],
    ) -> None:
        places = [memoryview(place) for place in (as_steps(steps), array("q", marks), as_epochs(epochs))]
        for key, column in zip(keys, columns, strict=True):
            self._curve(key).extend(memoryview(column), *places)

    def _curve(self, key: str) -> Curve:
        if key not in self._curves:
            self._curves[key] = Curve(self._place, self._rounding)
        return self._curves[key]


_Held = tuple[list[float | None], int, int | None, float | None, bool]
"""A row's numbers, its mark, step and epoch, and whether the step only counts rows."""


class _Names(Struct, frozen=True):
    """What the names of a row tell: which are of curves, those curves' keys, and which tell its place."""

    all: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    epoch: str | None = None
    steps: tuple[str, ...] = ()


def _read_names(names: tuple[str, ...]) -> _Names:
    """Read the names of a row; most rows name the same."""
    return (_names_known if len(names) <= _USUAL_NAMES else _names_known.__wrapped__)(names)


@lru_cache(256)
def _names_known(names: tuple[str, ...]) -> _Names:
    row = frozenset(names)
    told = {name: curve_of(name, row) for name in names}
    keys = {name: key for name, key in told.items() if key and (key != "train_seconds" or _is_total(row))}
    return _Names(
        all=names,
        numbers=tuple(keys),
        keys=tuple(keys.values()),
        epoch=next((name for name in _EPOCHS if name in row), None),
        steps=tuple(name for name in (STEP_FROM_ZERO, *STEP_NAMES) if name in row),
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
    if type(value) is int:
        return value if 0 <= value < _MOST_COUNTED else None
    number = number_in(value)
    return int(number) if number is not None and 0 <= number < _MOST_COUNTED else None


def number_in(value: object) -> float | None:
    """Return a number, NaN and infinity included, that is one or is the text of one (transformers 5)."""
    if type(value) is float:
        return value
    if isinstance(value, str):
        return _number_of(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value)
    except OverflowError:
        return None


def _number_of(text: str) -> float | None:
    if len(text) > LONGEST_NUMBER or "_" in text:
        return None
    try:
        return float(text)
    except ValueError:
        return None


def _is_total(names: frozenset[str]) -> bool:
    """Tell a run's totals from a logged row: transformers 5 writes the runtime so far into every row."""
    return not names.isdisjoint({"train_loss", "train/train_loss", "train_samples_per_second"})
