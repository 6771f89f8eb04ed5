"""Gather values of one metric in order of steps and in bounded memory."""

import math

from hypothesis import given
from hypothesis import strategies as st

from afterall.scan import curves
from afterall.scan.curves import (
    BYTES_FROM,
    KEPT_ENDS,
    UNPLACED,
    Curve,
    Reading,
    Rounding,
    best,
    place_of,
    thin,
)

VALUES = st.one_of(st.floats(-10, 10), st.sampled_from([math.nan, math.inf, -math.inf, 1e9]))


def curve_of(*points: tuple[int | None, float]) -> Curve:
    """Return a curve of steps and values."""
    curve = Curve("line {}")
    for mark, (step, value) in enumerate(points, start=1):
        curve.add(step, value, mark)
    return curve


def test_steps_are_put_in_order_and_the_later_counts() -> None:
    """Of a step logged twice the later value stands, wherever it was printed."""
    rows = curve_of((2, 0.2), (1, 0.1), (3, 0.3), (2, 0.25)).readings(None)
    assert [(row.step, row.value) for row in rows] == [(1, 0.1), (2, 0.25), (3, 0.3)]


def test_a_value_without_step_among_placed_ones_is_left_out() -> None:
    """A stray value nobody can place does not become a point."""
    assert [row.step for row in curve_of((1, 0.1), (None, 9.0)).readings(None)] == [1]


def test_values_without_steps_keep_their_order() -> None:
    """Where no step is known at all, the values stand as they were logged."""
    rows = curve_of((None, 3.0), (None, 1.0), (None, 1.0)).readings(None)
    assert [(row.step, row.value) for row in rows] == [(UNPLACED, 3.0), (UNPLACED, 1.0), (UNPLACED, 1.0)]


def epochs_curve(epochs: list[float]) -> Curve:
    """Return a curve of values that are placed by their epoch alone."""
    curve = Curve("line {}")
    for mark, epoch in enumerate(epochs):
        curve.add(None, 1.0, mark, epoch)
    return curve


def test_epochs_become_steps_where_their_length_is_known() -> None:
    """An epoch's fraction times its length is the step."""
    assert [row.step for row in epochs_curve([0.2, 0.4, 1.0]).readings(25)] == [5, 10, 25]


def test_four_digits_of_an_epoch_still_give_even_steps() -> None:
    """Rows at equal intervals keep them although a printed epoch is too coarse to tell one step."""
    epochs = [float(f"{step / 9999:.4g}") for step in range(10, 30_000, 10)]
    assert [row.step for row in epochs_curve(epochs).readings(9999)] == list(range(10, 30_000, 10))


@given(st.lists(VALUES, min_size=1, max_size=3000), st.integers(700, 1200))
def test_thinning_keeps_ends_and_extremes(values: list[float], most: int) -> None:
    """A thinned curve has both ends whole, its greatest and least value, and non-finite ones if any were."""
    rows = [Reading(step, value, math.nan, step) for step, value in enumerate(values, start=1)]
    kept = thin(rows, most)
    assert kept[:KEPT_ENDS] == rows[:KEPT_ENDS]
    assert kept[-KEPT_ENDS:] == rows[-KEPT_ENDS:]
    assert [row.step for row in kept] == sorted({row.step for row in kept})
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
    if len(rows) <= most:
        assert thin(rows, most) == rows
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
    assert list(map(id, thin(rows, most))) == list(map(id, [*rows[:KEPT_ENDS], *kept, *rows[-KEPT_ENDS:]]))


def value_of(row: Reading) -> float:
    """Return a reading's value."""
    return row.value


@given(st.lists(st.integers(-1, 30), max_size=30), st.booleans())
def test_readings_ascend_and_the_later_of_a_step_counts(steps: list[int], ascends: bool) -> None:
    """Also where some have no step; where none has one, they stand as they were logged."""
    curve = Curve("line {}")
    for mark, step in enumerate(sorted(set(steps)) if ascends else steps):
        curve.add(step, 1.0, mark)
    last = {row.step: row.mark for row in curve._rows() if row.step >= 0}
    expected = sorted(last.items()) if last else [(UNPLACED, mark) for mark in range(len(curve))]
    assert [(row.step, row.mark) for row in curve.readings(None)] == expected


def test_a_long_curve_stays_within_its_capacity() -> None:
    """However many values come, memory does not grow, and ends and the best value survive."""
    curve = Curve("line {}")
    count = curves.CAPACITY * 2 + 17
    for step in range(1, count + 1):
        curve.add(step, 5.0 - (step == 70_000), step)
    rows = curve.readings(None)
    assert len(curve) <= curves.CAPACITY
    assert (rows[0].step, rows[-1].step) == (1, count)
    found = best(rows)
    assert found is not None
    assert found.step == 70_000


def test_a_run_that_went_on_is_joined_to_what_it_went_on_from() -> None:
    """A resumed run's curve begins with the steps before the one it resumed at."""
    later = curve_of((6, 0.6), (8, 0.8))
    later.continue_from(curve_of((2, 0.2), (4, 0.4), (6, 9.9), (8, 9.9)))
    assert [(row.step, row.value) for row in later.readings(None)] == [(2, 0.2), (4, 0.4), (6, 0.6), (8, 0.8)]


def test_a_run_that_began_anew_is_not_joined() -> None:
    """A run from its first step on has nothing to go on from."""
    later = curve_of((1, 0.6), (2, 0.8))
    later.continue_from(curve_of((1, 9.0), (2, 9.0), (3, 9.0)))
    assert [row.value for row in later.readings(None)] == [0.6, 0.8]


def test_rounding_allows_what_it_explains_and_no_more() -> None:
    """A printed value agrees with the exact one within its own digits."""
    assert Rounding(decimals=5).allows(5.840206623, 5.84021)
    assert not Rounding(decimals=5).allows(5.840206623, 5.84031)
    assert Rounding(significant=4).allows(0.00047826, 0.0004783)
    assert not Rounding(significant=4).allows(0.00047826, 0.000479)
    assert not Rounding().allows(1.0, 1.0001)


def test_the_best_value_is_finite() -> None:
    """NaN and minus infinity are never the best; nothing is where nothing is finite."""
    assert best([Reading(1, math.nan, 0, 1), Reading(2, -math.inf, 0, 2), Reading(3, 2.0, 0, 3)]) == Reading(
        3, 2.0, 0, 3
    )
    assert best([Reading(1, math.nan, 0, 1)]) is None


def test_a_place_behind_what_was_skipped_is_a_byte() -> None:
    """Where lines were not counted, a mark says so; it stands behind every line, as the byte does."""
    curve = Curve("line {}")
    for step, mark in ((1, 7), (2, BYTES_FROM + (9 << 30))):
        curve.add(step, 1.0, mark)
    assert [curve.where(row) for row in curve.readings(None)] == ["line 7", f"byte {9 << 30}"]
    assert [row.value for row in curve.without_steps().readings(None)] == [1.0, 1.0]
    assert (place_of(3), place_of(3, "record {}"), place_of(BYTES_FROM)) == ("line 3", "record 3", "byte 0")
