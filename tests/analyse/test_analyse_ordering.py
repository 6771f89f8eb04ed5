"""Orders of names and values."""

import math
import random

from hypothesis import given
from hypothesis import strategies as st

from afterall.analyse.ordering import as_value, identity, natural_key, scalar_key
from afterall.model import Scalar

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)


def test_runs_of_digits_count_as_numbers() -> None:
    """run2 stands before run10, and 007 beside 7."""
    names = ["run10", "run2", "run1", "Run2", "run02b", "run", "10", "9"]
    assert sorted(names, key=natural_key) == ["9", "10", "Run2", "run", "run1", "run2", "run02b", "run10"]


def test_fractions_in_names_count_as_fractions() -> None:
    """Learning rates ascend however they are written; a release of three numbers is no fraction."""
    names = [
        "lr1e-05",
        "lr2e-5",
        "lr0.0001",
        "lr3e-4",
        "lr0.001",
        "lr5.5e-3",
        "lr0.01",
        "lr1",
        "v0.9.1",
        "v0.10.2",
    ]
    assert sorted([*names[4:], *names[:4]], key=natural_key) == names


def test_a_name_of_ten_thousand_digits_has_a_place() -> None:
    """Digits beyond what int() takes are compared all the same."""
    long, longer = "1" * 9_999, "1" * 10_000
    assert natural_key(long) < natural_key(longer)


def test_numbers_ascend_before_nan_words_and_nothing() -> None:
    """16 stands before 4e2 and both before NaN, truth values, text and None."""
    values: list[Scalar] = ["b", None, 400.0, True, math.nan, 16, "a", -math.inf, False]
    ordered = sorted(values, key=scalar_key)
    assert repr(ordered) == repr([-math.inf, 16, 400.0, math.nan, False, True, "a", "b", None])


def test_an_integer_beyond_every_float_has_a_place() -> None:
    """An integer that no float can hold sorts after all that one can."""
    values: list[Scalar] = [10**400, 1e300]
    assert sorted(values, key=scalar_key) == [1e300, 10**400]


def test_a_yaml_float_without_a_dot_is_a_number() -> None:
    """`lr: 3e-3` reaches us as text and is the number 0.003; a name or a padded number stays text."""
    assert as_value("3e-3") == 0.003
    assert as_value("1E5") == 1e5
    assert [as_value(text) for text in ("007", "1.5", "e5", "3e-3x", "epoch_2")] == [
        "007",
        "1.5",
        "e5",
        "3e-3x",
        "epoch_2",
    ]


def test_equal_numbers_are_one_value_and_truth_is_not_a_number() -> None:
    """1 is 1.0 but neither True nor "1"; NaN is itself."""
    assert identity(1) == identity(1.0)
    assert len({identity(v) for v in (1, True, "1", None)}) == 4
    assert identity(math.nan) == identity(-math.nan)


@given(st.lists(scalars, max_size=12), st.randoms(use_true_random=False))
def test_the_order_of_values_is_total(values: list[Scalar], shuffler: random.Random) -> None:
    """Any mixture of values sorts the same whatever order it comes in."""
    shuffled = list(values)
    shuffler.shuffle(shuffled)
    first = [identity(value) for value in sorted(values, key=scalar_key)]
    assert sorted(map(repr, first)) == sorted(repr(identity(v)) for v in shuffled)
    assert [scalar_key(v) for v in sorted(values, key=scalar_key)] == [
        scalar_key(v) for v in sorted(shuffled, key=scalar_key)
    ]


@given(st.text(), st.text())
def test_only_equal_names_share_a_place(one: str, other: str) -> None:
    """Two names have the same key only if they are the same."""
    assert (natural_key(one) == natural_key(other)) == (one == other)
