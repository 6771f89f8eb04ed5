"""Points held by columns are what a list of them would be."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterall.model import Point, Points
from afterall.model.thinning import kept

VALUES = st.floats() | st.sampled_from([0.0, -0.0, 1e308, -1e308, math.nan, math.inf])
POINTS = st.lists(
    st.builds(Point, st.integers(-(2**63), 2**63 - 1), VALUES, st.none() | st.floats(allow_nan=False))
)


def same(found: Points, expected: list[Point]) -> bool:
    """Tell whether points are those of a list, in NaN too."""
    return repr([*found]) == repr(expected)


@given(POINTS, st.integers(-9, 9), st.integers(-9, 9))
def test_columns_hold_what_a_list_does(held: list[Point], begin: int, end: int) -> None:
    """Length, each point, slices, and what another process reads of them."""
    points = Points.of(held)
    assert same(points, held)
    assert same(points[begin:end], held[begin:end])
    assert [repr(points[at]) for at in range(len(points))] == [repr(point) for point in held]
    assert points.epochs == [point.epoch for point in held]
    assert Points.of_columns(points.columns) == points
    assert points.are_finite is all(math.isfinite(point.value) for point in held)


@given(POINTS, st.sampled_from([1.0, 1e30, 1e308, math.inf]))
def test_within_leaves_what_can_be_computed_with(held: list[Point], limit: float) -> None:
    """No NaN, wherever it stands, and nothing at the limit or beyond."""
    assert same(Points.of(held).within(limit), [point for point in held if -limit < point.value < limit])


@given(POINTS, POINTS)
def test_points_are_equal_where_their_columns_are(one: list[Point], other: list[Point]) -> None:
    """Equal ones have equal hashes; NaN is equal to itself, as a report that is written twice needs it."""
    first, second = Points.of(one), Points.of(other)
    assert first == Points.of(one)
    assert hash(first) == hash(Points.of(one))
    assert (first == second) is (first.columns == second.columns)
    assert first != one


@pytest.mark.parametrize(
    "columns",
    [
        (),
        (b"", b""),
        (b"", b"", b"", b""),
        (b"1", b"", b""),
        (b"12345678", b"", b""),
        (b"", b"12345678", b""),
    ],
)
def test_what_are_no_columns_is_refused(columns: tuple[bytes, ...]) -> None:
    """Too few, too many, cut numbers, and columns of different lengths."""
    with pytest.raises(ValueError, match=r"."):
        Points.of_columns(columns)


@given(st.lists(VALUES, max_size=200), st.integers(1, 60), st.integers(1, 8))
def test_thinning_keeps_what_matters(values: list[float], most: int, kept_ends: int) -> None:
    """Both ends, the extremes of all, the first and the last value that is not finite; and few others."""
    places = [*kept(values, most, kept_ends)]
    assert places == sorted(set(places))
    assert set(range(min(kept_ends, len(values)))) <= set(places)
    assert {len(values) - 1 - at for at in range(min(kept_ends, len(values)))} <= set(places)
    shown = [values[at] for at in places]
    finite, odd = (
        [v for v in values if math.isfinite(v)],
        [at for at, v in enumerate(values) if not math.isfinite(v)],
    )
    if finite:
        assert min(finite) in shown
        assert max(finite) in shown
    assert {*odd[:1], *odd[-1:]} <= set(places)
    assert len(places) <= max(most, 2 * kept_ends) + 4
