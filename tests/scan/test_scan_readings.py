"""Hold readings column by column, and find among many what is found among few."""

import math
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterall.scan import readings
from afterall.scan.readings import KEPT_ENDS, UNPLACED, Reading, Readings

VALUES = st.one_of(st.floats(-10, 10), st.sampled_from([math.nan, math.inf, -math.inf, 1e9]))
ROWS = st.lists(st.tuples(st.integers(-1, 30), VALUES), max_size=40).map(
    lambda points: [Reading(step, value, 0.5, mark) for mark, (step, value) in enumerate(points)]
)


def readings_of(*values: float) -> Readings:
    """Return such values at steps from 1."""
    return Readings.of(Reading(step, value, 0, step) for step, value in enumerate(values, start=1))


@contextmanager
def seen_as_many() -> Iterator[None]:
    """Have any number of readings count as many."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(readings, "MANY", 1)
        yield


@given(ROWS, st.integers(-40, 40), st.integers(-40, 40))
def test_columns_are_read_as_rows(rows: list[Reading], start: int, end: int) -> None:
    """Length, order, places from either end and slices are those of a list."""
    held = Readings.of(rows)
    assert len(held) == len(rows)
    assert repr(list(held)) == repr(rows)
    assert repr(list(held[start:end])) == repr(rows[start:end])
    assert [repr(held[at]) for at in range(-len(rows), len(rows))] == list(map(repr, [*rows, *rows]))


@given(ROWS)
def test_not_finite_are_those_that_are_not(rows: list[Reading]) -> None:
    """Each NaN and each infinity, also one that another infinity would cancel in a sum."""
    expected = [at for at, row in enumerate(rows) if not math.isfinite(row.value)]
    assert Readings.of(rows).not_finite == expected


def test_large_values_are_finite_though_their_sum_is_not() -> None:
    """A sum that overflows shows nothing."""
    assert readings_of(1e308, 1e308, -5.0).not_finite == []
    assert readings_of(1e308, 1e308, -5.0).best == Reading(3, -5.0, 0, 3)


@given(ROWS)
def test_the_best_is_the_first_with_the_least_finite_value(rows: list[Reading]) -> None:
    """Of equal values the earlier one, whatever stands between."""
    finite = [row for row in rows if math.isfinite(row.value)]
    expected = min(finite, key=lambda row: row.value, default=None)
    assert Readings.of(rows).best == expected
    with seen_as_many():
        assert Readings.of(rows).best == expected


def test_the_best_value_is_finite() -> None:
    """NaN and minus infinity are never the best; nothing is where nothing is finite."""
    assert readings_of(math.nan, -math.inf, 2.0).best == Reading(3, 2.0, 0, 3)
    assert readings_of(math.nan).best is None


@given(ROWS, st.lists(st.booleans(), min_size=40, max_size=40))
def test_those_that_are_wanted_keep_their_order(rows: list[Reading], wanted: list[bool]) -> None:
    """Nothing else is left."""
    expected = [row for row, is_wanted in zip(rows, wanted, strict=False) if is_wanted]
    assert repr(list(Readings.of(rows).among(wanted[: len(rows)]))) == repr(expected)


@given(ROWS, st.booleans())
def test_the_order_of_many_is_that_of_few(rows: list[Reading], are_sorted: bool) -> None:
    """One reading a step, ascending, the later of equal ones; unchanged where none has a step."""
    held = Readings.of(sorted(rows, key=lambda row: row.step) if are_sorted else rows)
    last = {row.step: row for row in held if row.step >= 0}
    expected = [last[step] for step in sorted(last)] if last else list(held)
    assert repr(list(held.ordered())) == repr(expected)
    with seen_as_many():
        assert repr(list(Readings(held.columns).ordered())) == repr(expected)


@given(st.lists(st.integers(-1, 9), max_size=9))
def test_steps_ascend_where_each_is_later(steps: list[int]) -> None:
    """A step that is missing or comes again is none that ascends."""
    rows = Readings.of(Reading(step, 1.0, 0.5, 0) for step in steps)
    expected = bool(steps) and UNPLACED not in steps and steps == sorted(set(steps))
    assert rows.ascend == expected
    with seen_as_many():
        assert Readings(rows.columns).ascend == expected


@given(st.lists(VALUES, min_size=1, max_size=3000), st.integers(700, 1200))
def test_thinning_keeps_ends_and_extremes(values: list[float], most: int) -> None:
    """A thinned curve has both ends whole, its greatest and least value, and non-finite ones if any were."""
    rows = [Reading(step, value, math.nan, step) for step, value in enumerate(values, start=1)]
    kept = list(Readings.of(rows).thinned(most))
    marks = [row.mark for row in kept]
    assert marks[:KEPT_ENDS] == [row.mark for row in rows[:KEPT_ENDS]]
    assert marks[-KEPT_ENDS:] == [row.mark for row in rows[-KEPT_ENDS:]]
    assert marks == sorted(set(marks))
    assert len(kept) <= max(most + 4, 2 * KEPT_ENDS + 4)
    finite = [value for value in values if math.isfinite(value)]
    kept_finite = [row.value for row in kept if math.isfinite(row.value)]
    assert (min(finite, default=0), max(finite, default=0)) == (
        min(kept_finite, default=0),
        max(kept_finite, default=0),
    )
    assert any(map(math.isnan, values)) <= any(not math.isfinite(row.value) for row in kept)


@given(st.lists(VALUES, max_size=2000), st.integers(600, 1200))
def test_of_every_stretch_the_extremes_are_kept(values: list[float], most: int) -> None:
    """Least and greatest, the first of equal ones, the first and last that are not finite; nothing else."""
    rows = [Reading(step, value, math.nan, step) for step, value in enumerate(values, start=1)]
    thinned = [row.mark for row in Readings.of(rows).thinned(most)]
    if len(rows) <= most:
        assert thinned == [row.mark for row in rows]
        return
    middle = rows[KEPT_ENDS:-KEPT_ENDS]
    width = math.ceil(len(middle) / max(1, (most - 2 * KEPT_ENDS) // 4))
    kept = []
    for start in range(0, len(middle), width):
        stretch = middle[start : start + width]
        odd = [row for row in stretch if not math.isfinite(row.value)]
        finite = [row for row in stretch if math.isfinite(row.value)]
        told = [*odd[:1], *odd[-1:], *(find(finite, key=value_of) for find in (min, max) if finite)]
        kept += [row for row in stretch if any(row is one for one in told)]
    assert thinned == [row.mark for row in [*rows[:KEPT_ENDS], *kept, *rows[-KEPT_ENDS:]]]


def value_of(row: Reading) -> float:
    """Return a reading's value."""
    return row.value
