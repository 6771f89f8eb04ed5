"""Numbers, sizes, durations and dates are written as people write them."""

import math
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterall.model import Scalar
from afterall.render.words.measures import clock, days, duration, iso, memory, moment, size
from afterall.render.words.metrics import Digits, metric_name
from afterall.render.words.numbers import count, decimals_for, fixed, number, percent
from afterall.render.words.parameters import listed, phrase, setting, short_models, title, worded

FLOATS = st.floats(allow_nan=True, allow_infinity=True)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (1500, "1,500"),
        (0.0003, "0.0003"),
        (1e-5, "1e-5"),
        (3.2e-7, "3.2e-7"),
        (1296.28125, "1,296.3"),
        (5.840206623, "5.8402"),
        (0.0, "0"),
        (-0.25, "-0.25"),
        (math.nan, "NaN"),
        (math.inf, "∞"),
        (-math.inf, "-∞"),
        (10**400, "∞"),
    ],
)
def test_number(value: float, words: str) -> None:
    """A number has five significant digits and no idle zeros."""
    assert number(value) == words


@pytest.mark.parametrize(
    ("values", "written"),
    [
        ((0.00154, 0.00036, 0.00031, 0.00027), ["0.00154", "0.00036", "0.00031", "0.00027"]),
        ((5.840206623, 5.48749, 5.45652), ["5.8402", "5.4875", "5.4565"]),
        ((0.02345, 0.0183), ["0.02345", "0.01830"]),
        ((2.0, 3.0), ["2.0", "3.0"]),
        ((5.4000001, 5.4000002), ["5.4000001", "5.4000002"]),
        ((5.4, math.nan, math.inf), ["5.4", "NaN", "∞"]),
        ((), []),
    ],
)
def test_a_column_has_one_number_of_decimals(values: tuple[float, ...], written: list[str]) -> None:
    """Values of one metric have the same decimals, enough to tell them apart and no more."""
    decimals = decimals_for(values)
    assert [fixed(value, decimals) for value in values] == written


@given(st.lists(FLOATS | st.integers(), max_size=6))
def test_every_column_can_be_written(values: list[float]) -> None:
    """Any numbers have decimals, and different ones that are close in size look different."""
    decimals = decimals_for(values)
    assert 0 <= decimals <= 328
    for value in values:
        assert fixed(value, decimals)
        assert number(value)
        assert percent(value)
        assert duration(value)
        assert clock(value)


@pytest.mark.parametrize(
    ("share", "words"),
    [(0.0057, "0.6 %"), (0.26, "26 %"), (0.00004, "<0.01 %"), (0.0005, "0.05 %"), (0, "0.00 %")],
)
def test_percent(share: float, words: str) -> None:
    """A share is a percentage with one or two telling digits."""
    assert percent(share) == words


@pytest.mark.parametrize(
    ("size_bytes", "words"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (999, "999 bytes"),
        (82_000_000, "82 MB"),
        (5_200_000, "5.2 MB"),
        (2_400_000_000, "2.4 GB"),
        (18_300_000_000, "18.3 GB"),
        (999_600, "1.0 MB"),
        (2**70, "1,181 EB"),
    ],
)
def test_size(size_bytes: int, words: str) -> None:
    """Sizes are decimal: 1 GB is a thousand million bytes."""
    assert size(size_bytes) == words


def test_memory_is_binary() -> None:
    """Memory is counted as Slurm and torch count it."""
    assert memory(64 * 1024**3) == "64 GiB"
    assert memory(900 * 1024**2) == "900 MiB"


@pytest.mark.parametrize(
    ("seconds", "words", "face"),
    [
        (39, "39 seconds", "0:39"),
        (1, "1 second", "0:01"),
        (14.02, "14 seconds", "0:14"),
        (281, "4.7 minutes", "4:41"),
        (1354, "22.6 minutes", "22:34"),
        (60, "1 minute", "1:00"),
        (300, "5 minutes", "5:00"),
        (301, "5.0 minutes", "5:01"),
        (3599, "1.0 hours", "59:59"),
        (172800, "2 days", "48:00:00"),
        (11525, "3.2 hours", "3:12:05"),
        (200_000, "2.3 days", "55:33:20"),
    ],
)
def test_duration(seconds: float, words: str, face: str) -> None:
    """Durations are told in their largest unit, and as a clock shows them."""
    assert duration(seconds) == words
    assert clock(seconds) == face


def test_a_label_leaves_a_scores_key_as_it_is() -> None:
    """Words begin with a capital; "arc/acc" is what the program calls it."""
    labels = [metric_name(name).heading for name in ("final_val_loss", "epochs", "arc/none/acc")]
    assert labels == ["Final validation loss", "Epochs", "arc/acc"]


def test_days_say_year_and_month_once() -> None:
    """A range of days repeats neither year nor month where it need not."""

    def at(*when: int) -> datetime:
        return datetime(*when, 12, tzinfo=UTC)  # type: ignore[arg-type,misc]

    assert days(at(2025, 10, 18), at(2025, 10, 18)) == "October 18, 2025"
    assert days(at(2025, 10, 18), at(2025, 10, 20)) == "October 18–20, 2025"
    assert days(at(2025, 10, 30), at(2025, 11, 2)) == "October 30 – November 2, 2025"
    assert days(at(2025, 12, 31), at(2026, 1, 1)) == "December 31, 2025 – January 1, 2026"
    assert days(None, at(2025, 10, 18)) == "October 18, 2025"
    assert days(None, None) == ""


def test_times_are_told_in_utc() -> None:
    """A time of another zone is converted, and says so."""
    there = datetime(2025, 10, 18, 22, 30, tzinfo=timezone(timedelta(hours=-4)))
    assert moment(there) == "2025-10-19 02:30:00 UTC"
    assert iso(there) == "2025-10-19T02:30:00Z"
    assert days(there, there) == "October 19, 2025"


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("lora_rank", 64, "rank 64"),
        ("model", "tiny-1B", "tiny-1B"),
        ("learning_rate", 1e-5, "learning rate 1e-5"),
        ("packed", True, "packed on"),
        ("data.mix", "a", "data.mix a"),
        ("seed", 12345, "seed 12345"),
        ("optimizer", None, "optimizer not set"),
    ],
)
def test_setting(name: str, value: Scalar, words: str) -> None:
    """A parameter and its value are told as short as they stay clear."""
    assert setting(name, value) == words


def test_parameters_are_named_as_researchers_name_them() -> None:
    """Known parameters have words; others keep their dotted key."""
    assert (title("lora_rank"), phrase("lora_rank")) == ("LoRA Rank", "LoRA rank")
    assert (title("lr_scheduler"), phrase("lr_scheduler")) == ("LR Scheduler", "LR scheduler")
    assert title("model.num_layers") == phrase("model.num_layers") == "model.num_layers"


def test_long_lists_of_values_are_counted() -> None:
    """Beyond six values the rest is a number."""
    assert listed(range(9)) == ["0", "1", "2", "3", "4", "4 more"]
    assert listed([0.1, None, True, ""]) == ["0.1", "none", "on", '""']


def test_models_lose_their_directories_unless_two_become_one() -> None:
    """A model's short name is its last part, where that still tells it from the others."""
    assert short_models(["/m/tiny-1B", "org/tiny-3B", None]) == {
        "/m/tiny-1B": "tiny-1B",
        "org/tiny-3B": "tiny-3B",
    }
    assert short_models(["a/base", "b/base"]) == {"a/base": "a/base", "b/base": "b/base"}
    assert short_models(["/"]) == {"/": "/"}


@given(st.none() | st.booleans() | st.integers() | FLOATS | st.text())
def test_every_value_has_words(value: Scalar) -> None:
    """No value of a configuration or log is left without words."""
    assert worded(value)
    for metric in (
        "final_loss",
        "global_step",
        "tokens",
        "peak_memory_active_gib",
        "train_seconds",
        "epochs",
        "other",
    ):
        assert Digits({}).write(metric, value) or value == ""


def test_counts_have_separators() -> None:
    """Thousands are set apart."""
    assert count(3000) == "3,000"
