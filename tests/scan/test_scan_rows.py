"""Put rows of names and numbers into curves, many at once or one by one."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterall.scan.trainers import rows as module
from afterall.scan.trainers.rows import Rows, number_in

NAMES = ("loss", "train/loss", "eval_loss", "learning_rate", "epoch", "train/epoch", "step", "global_step")
VALUES = st.one_of(
    st.floats(),
    st.integers(-2, 1 << 62),
    st.sampled_from([True, None, "1.5", "nan", "1_0", "", "word", 10**400, [1.0], 3, 1 << 62]),
)
STRETCHES = st.lists(
    st.tuples(
        st.lists(st.sampled_from(NAMES), min_size=1, max_size=5, unique=True),
        st.booleans(),
        st.lists(
            st.tuples(st.lists(VALUES, min_size=5, max_size=5), st.one_of(st.none(), st.integers(0, 9)))
        ),
    ),
    max_size=4,
)
"""Names, whether the values are all floats, and for each row the values and what the history counts."""
Stretches = Sequence[tuple[list[str], bool, list[tuple[list[object], int | None]]]]


def told(stretches: Stretches, few: int, most: int) -> object:
    """Return all that is known of the curves, NaN comparable."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_FEW", few)
        patch.setattr(module, "_MOST_HELD", most)
        rows = Rows("record {}")
        for names, are_floats, stretch in stretches:
            for mark, (values, step) in enumerate(stretch):
                kept = [float(mark) if are_floats else value for value in values]
                row = dict(zip(names, kept, strict=False))
                rows.add(row, mark, step)
                row.clear()
    return curves_of(rows)


@given(STRETCHES, st.sampled_from([2, 3, 1024]))
def test_rows_taken_together_are_those_taken_one_by_one(stretches: Stretches, most: int) -> None:
    """Values that are no numbers, two names of one curve, and steps of every kind make no difference."""
    assert told(stretches, 1, most) == told(stretches, 1 << 40, most)


@given(
    st.lists(st.sampled_from(NAMES), min_size=1, max_size=6, unique=True),
    st.lists(
        st.tuples(st.integers(-1, 1 << 52), st.lists(st.one_of(st.floats(), VALUES), min_size=6, max_size=6)),
        min_size=1,
        max_size=6,
    ),
    st.booleans(),
)
def test_rows_of_a_file_taken_as_columns_are_those_taken_one_by_one(
    names: list[str], drawn: list[tuple[int, list[object]]], are_usual: bool
) -> None:
    """Usual are floats at whole steps; whatever else stands there makes no difference either."""
    alike: list[dict[str, object]] = []
    for step, values in drawn:
        row = dict(zip(names, values, strict=False))
        if are_usual:
            row = {**dict.fromkeys(names, float(step % 7)), "step": abs(step)}
        alike.append(row)
    together, one_by_one = Rows("key [{}]"), Rows("key [{}]")
    together.add_alike(alike, range(len(alike)))
    for mark, row in enumerate(alike):
        one_by_one.add(row, mark)
    assert curves_of(together) == curves_of(one_by_one)


def curves_of(rows: Rows) -> str:
    """Return all that is known of the curves, NaN comparable."""
    return repr([(key, curve.counts_rows, curve._rows()) for key, curve in rows.curves.items()])


def test_a_summary_between_rows_has_no_step() -> None:
    """Last values stand behind the rows that were added before, in their order."""
    rows = Rows("record {}")
    for step in range(1, 6):
        rows.add({"loss": 1.0 / step, "step": step}, step)
    rows.add_last({"loss": 0.1, "step": 9}, 6)
    assert [row.step for row in rows.curves["loss"]._rows()] == [1, 2, 3, 4, 5, -1]


def test_curves_tell_what_was_added_whenever_they_are_asked() -> None:
    """Asking between two rows changes nothing."""
    rows = Rows("record {}")
    for step in range(1, 10):
        rows.add({"loss": 1.0, "step": step}, step)
        assert len(rows) == len(rows.curves["loss"]) == step


@pytest.mark.parametrize(
    ("value", "number"), [(1.5, 1.5), (2, 2.0), ("1e3", 1000.0), (True, None), ("1_0", None), (10**400, None)]
)
def test_a_number_is_a_number_or_the_text_of_one(value: object, number: float | None) -> None:
    """Truth values, numbers beyond doubles and what only Python's source may write are none."""
    assert number_in(value) == number


def test_what_rows_of_many_names_tell_is_not_kept() -> None:
    """A file with other thousands of names in each row leaves nothing in memory."""
    known = module._names_known.cache_info().currsize
    names = [f"name_{number}" for number in range(100)]
    rows = Rows("key [{}]")
    rows.add_alike([dict.fromkeys(names, 1.0)], [0])
    rows.add(dict.fromkeys(names, 1.0), 1)
    assert module._names_known.cache_info().currsize == known


@pytest.mark.parametrize(
    ("row", "key"),
    [
        ({"training/global_step": 5, "critic/rewards/mean": 0.5}, "reward"),
        ({"training/global_step": 5, "actor/pg_loss": 0.5}, "policy_loss"),
        ({"train/global_step": 5, "train/gpt_loss": 0.5}, "loss"),
        ({"step": 5, "train/CE loss": 0.5}, "loss"),
    ],
)
def test_trackers_hold_what_learning_from_rewards_is_watched_by(row: dict[str, float], key: str) -> None:
    """The names under which verl, OpenRLHF and OLMo log to any tracker are known, and so are their steps."""
    rows = Rows("record {}")
    rows.add(row, 1)
    (point,) = rows.curves[key].readings(None)
    assert (point.step, point.value) == (5, 0.5)
