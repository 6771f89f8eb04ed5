"""Gather values of one metric in order of steps and in bounded memory."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterall.scan import curves
from afterall.scan.curves import BYTES_FROM, DECIMALS_ERROR, EPOCH_ERROR, Curve, Rounding, place_of
from afterall.scan.readings import UNPLACED, Reading, Readings


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


@pytest.mark.parametrize(("length", "every"), [(370, 10), (760, 4), (76, 1), (9_999, 100), (333, 7)])
def test_two_decimals_of_an_epoch_still_give_even_steps(length: int, every: int) -> None:
    """As releases 4.x of transformers print them: the one interval that fits all rows is theirs."""
    steps = range(every, 2 * length, every)
    epochs = [round(step / length, 2) for step in steps]
    assert [row.step for row in epochs_curve(epochs).readings(length)] == list(steps)


def test_where_two_intervals_fit_none_is_taken() -> None:
    """Two rows of two decimals may be logged at every 48th to every 52nd step: each stands for itself."""
    assert [row.step for row in epochs_curve([0.05, 0.1]).readings(1000)] == [50, 100]
    assert [row.step for row in epochs_curve([0.05, 0.11]).readings(1000)] == [50, 110]


@given(st.lists(st.integers(-1, 30), max_size=30), st.booleans())
def test_readings_ascend_and_the_later_of_a_step_counts(steps: list[int], ascends: bool) -> None:
    """Also where some have no step; where none has one, they stand as they were logged."""
    curve = Curve("line {}")
    for mark, step in enumerate(sorted(set(steps)) if ascends else steps):
        curve.add(step, 1.0, mark)
    last = {row.step: row.mark for row in curve._rows() if row.step >= 0}
    expected = sorted(last.items()) if last else [(UNPLACED, mark) for mark in range(len(curve))]
    assert [(row.step, row.mark) for row in curve.readings(None)] == expected


@given(
    st.lists(st.tuples(st.one_of(st.none(), st.integers(0, 20)), st.sampled_from([0.1, 0.2, 0.5, math.nan]))),
    st.lists(st.sampled_from([None, 10.0, 25.0]), min_size=1, max_size=4),
)
def test_readings_are_the_same_whatever_was_asked_before(
    points: list[tuple[int | None, float]], lengths: list[float | None]
) -> None:
    """Neither what an epoch's length was taken to be before nor a value that was missing then shows."""
    asked = Curve("line {}")
    for mark, (step, epoch) in enumerate(points):
        for length in lengths:
            asked.readings(length)
        asked.add(step, 1.0, mark, epoch)
    for length in lengths:
        fresh = Curve("line {}")
        for mark, (step, epoch) in enumerate(points):
            fresh.add(step, 1.0, mark, epoch)
        assert repr(asked.readings(length)) == repr(fresh.readings(length)) == repr(simply(points, length))


def simply(points: list[tuple[int | None, float]], length: float | None) -> Readings:
    """Return what a curve of steps and epochs reads, values without a step placed one by one."""
    placed = [
        Reading(UNPLACED if step is None else step, 1.0, epoch, mark)
        for mark, (step, epoch) in enumerate(points)
    ]
    loose = [row for row in placed if row.step < 0]
    if length is not None and all(row.epoch > 0 for row in loose):
        steps = [row.epoch * length for row in loose]
        is_coarse = all(round(row.epoch, 2) == row.epoch for row in loose)
        error = max(0.5, DECIMALS_ERROR * length if is_coarse else 0)
        fitting = [
            interval
            for interval in range(1, 60)
            if all(abs(interval * at - s) <= max(error, EPOCH_ERROR * s) for at, s in enumerate(steps, 1))
        ]
        if len(fitting) == 1:
            steps = [float(fitting[0] * at) for at in range(1, len(steps) + 1)]
        loose = [Reading(round(s), 1.0, row.epoch, row.mark) for s, row in zip(steps, loose, strict=True)]
    rows = [*(row for row in placed if row.step >= 0), *loose]
    last = {row.step: row for row in rows if row.step >= 0}
    return Readings.of([last[step] for step in sorted(last)] if last else rows)


def test_what_was_read_does_not_change_with_what_is_added() -> None:
    """Readings are those of the moment at which they were asked for."""
    curve = curve_of((1, 0.1), (2, 0.2))
    before = curve.readings(None)
    curve.add(3, 0.3, 3)
    assert [row.step for row in before] == [1, 2]
    assert [row.step for row in curve.readings(None)] == [1, 2, 3]


def test_a_long_curve_stays_within_its_capacity() -> None:
    """However many values come, memory does not grow, and ends and the best value survive."""
    curve = Curve("line {}")
    count = curves.CAPACITY * 2 + 17
    for step in range(1, count + 1):
        curve.add(step, 5.0 - (step == 70_000), step)
    rows = curve.readings(None)
    assert len(curve) <= curves.CAPACITY
    assert (rows[0].step, rows[-1].step) == (1, count)
    assert rows.best is not None
    assert rows.best.step == 70_000


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


def test_a_place_behind_what_was_skipped_is_a_byte() -> None:
    """Where lines were not counted, a mark says so; it stands behind every line, as the byte does."""
    curve = Curve("line {}")
    for step, mark in ((1, 7), (2, BYTES_FROM + (9 << 30))):
        curve.add(step, 1.0, mark)
    assert [curve.where(row) for row in curve.readings(None)] == ["line 7", f"byte {9 << 30}"]
    assert [row.value for row in curve.without_steps().readings(None)] == [1.0, 1.0]
    assert (place_of(3), place_of(3, "record {}"), place_of(BYTES_FROM)) == ("line 3", "record 3", "byte 0")


def test_what_a_run_trained_again_is_forgotten() -> None:
    """Of readings from an epoch or a step on none is left; without a step none can be told from those."""
    curve = Curve("line {}")
    for mark, (step, epoch) in enumerate([(1, 0.5), (-1, 0.75), (2, 1.0), (3, 1.5)]):
        curve.add(step, float(mark), mark, epoch)
    curve.forget_from(1.25)
    assert [row.value for row in curve.readings(None)] == [0.0, 2.0]
    curve.keep_below(2)
    assert [row.value for row in curve.readings(None)] == [0.0]
    assert len(curve) == 1
