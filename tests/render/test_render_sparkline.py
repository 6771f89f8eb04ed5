"""A curve in a cell falls as the curve falls, and shows where it was lost."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterall.model import Point, Points
from afterall.render.words.sparkline import BLOCKS, LOST, WIDTH, sparkline


def points(*values: float) -> Points:
    """Return these values at steps from 1 on."""
    return Points.of(Point(step, value) for step, value in enumerate(values, start=1))


@pytest.mark.parametrize(
    ("values", "drawn"),
    [
        ([], ""),
        ([1.0, 2.0], ""),
        ([3.0, 2.0, 1.0], "█▅▁"),
        ([1.0, 1.0, 1.0], "▁▁▁"),
        ([3.0, math.nan, 1.0], "█×▁"),
        ([math.nan] * 3, "×××"),
        ([float(v) for v in range(80, 0, -1)], "█▇▆▆▅▄▃▃▂▁"),
    ],
)
def test_a_curve_as_blocks(values: list[float], drawn: str) -> None:
    """The highest stretch is a full block, the lowest the least one, a lost one a cross."""
    assert sparkline(points(*values)) == drawn


def test_stretches_are_of_steps_not_of_points() -> None:
    """Where a run logged more often at first, the drawing keeps the steps in proportion."""
    early = [Point(step, 3.0) for step in range(1, 11)]
    assert sparkline(Points.of([*early, Point(100, 1.0)])) == "█████████▁"


@given(st.lists(st.floats(), max_size=50))
def test_any_curve_is_drawn(values: list[float]) -> None:
    """Whatever was logged, the drawing is at most as wide as its cell and of known characters."""
    drawn = sparkline(points(*values))
    assert len(drawn) <= WIDTH
    assert set(drawn) <= {*BLOCKS, LOST}
