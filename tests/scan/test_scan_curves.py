"""Gather values of one metric in order of steps and in bounded memory."""

import math

from hypothesis import given
from hypothesis import strategies as st

from afterall.scan import curves
from afterall.scan.curves import KEPT_ENDS, UNPLACED, Curve, Reading, Rounding, best, thin

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
