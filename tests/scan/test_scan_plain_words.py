"""What a line of an unknown program tells is told by its words, whatever its numbers are."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterall.scan.trainers import plain_words
from afterall.scan.trainers.plain_words import told_in

_PATTERNS = [
    pattern
    for value in vars(plain_words).values()
    for pattern in (value if isinstance(value, tuple) else (value,))
    if isinstance(pattern, re.Pattern)
]


@pytest.mark.parametrize("pattern", _PATTERNS, ids=lambda pattern: pattern.pattern[:30])
def test_no_pattern_has_a_digit_of_its_own(pattern: re.Pattern[str]) -> None:
    """Lines that differ in their digits alone are read alike; a pattern's only digits say how many."""
    assert re.search(r"\d", re.sub(r"\{\d*,?\d*\}", "", pattern.pattern)) is None


@given(st.integers(0, 10**12 - 1), st.floats(0.01, 99), st.integers(0, 10**5 - 1))
def test_the_numbers_are_those_of_the_line(step: int, loss: float, rank: int) -> None:
    """A line like one before it, of other numbers, tells its own."""
    told = told_in(f"rank {rank}: epoch 2 step {step}/{step} | loss {loss:.5f} | val_loss: {loss + 1:.5f}")
    assert told.losses == {"loss": f"{loss:.5f}", "val_loss": f"{loss + 1:.5f}"}
    assert (told.place.step, told.place.last, told.place.epoch) == (str(step), str(step), "2")
    assert told.rank == rank
