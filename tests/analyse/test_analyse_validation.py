"""The note on validation says how often it was done, who asked for it, and which way its loss went."""

import pytest

from afterall.analyse.findings.validation import tell_validation
from afterall.model import Experiment, FindingCode, Point, Points, Scalar, Series
from analyse.analyse_made import experiment, source


def validated(*points: tuple[int, float], **parameters: Scalar) -> Experiment:
    """Return an experiment with a validation series and settings."""
    series = Series("val_loss", Points.of(Point(step, value) for step, value in points), source("run/log"))
    return experiment(series={"val_loss": series}, parameters=parameters)


def test_the_interval_stands_with_the_setting_that_asked_for_it() -> None:
    """Equal gaps are an interval; a setting of the same value is named."""
    run = validated((50, 3.0), (100, 2.0), (150, 1.0), run_val_every_n_steps=50)
    (note,) = tell_validation(run)
    assert note.code is FindingCode.VALIDATION_TRACKED
    assert note.evidence == {
        "points": 3,
        "every": 50,
        "setting": "run_val_every_n_steps",
        "first": 3.0,
        "last": 1.0,
        "fell": "lower",
    }


def test_a_setting_of_another_value_is_not_named() -> None:
    """What was not done as configured is not said to have been configured."""
    (note,) = tell_validation(validated((25, 3.0), (50, 2.0), run_val_every_n_steps=50))
    assert "setting" not in note.evidence
    assert note.evidence["every"] == 25


def test_unequal_gaps_are_no_interval() -> None:
    """Validations at steps 10, 20 and 50 have no common interval."""
    (note,) = tell_validation(validated((10, 3.0), (20, 2.0), (50, 1.0)))
    assert "every" not in note.evidence


def test_a_lowest_loss_before_the_last_is_told_with_its_step() -> None:
    """A loss that rose again is not said to have fallen."""
    (note,) = tell_validation(validated((10, 3.0), (20, 1.0), (30, 2.0)))
    told = tuple(note.evidence[key] for key in ("lowest_step", "lowest", "last_step"))
    assert told == (20, 1.0, 30)
    assert "fell" not in note.evidence


def test_a_lowest_loss_is_told_with_its_epoch_where_no_steps_are_known() -> None:
    """What its place in the log is is no step, and no interval."""
    told = Points.of(Point(place, value, place / 2) for place, value in ((1, 3.0), (2, 1.0), (3, 2.0)))
    (note,) = tell_validation(experiment(by_epoch={"val_loss": Series("val_loss", told, source("run/log"))}))
    assert note.evidence == {
        "points": 3,
        "first": 3.0,
        "last": 2.0,
        "lowest": 1.0,
        "lowest_epoch": 1.0,
        "last_epoch": 1.5,
    }


def test_a_loss_that_stayed_is_not_said_to_have_fallen() -> None:
    """Equal losses from first to last are no fall."""
    (note,) = tell_validation(validated((10, 2.0), (20, 2.0)))
    assert "fell" not in note.evidence
    assert "lowest_step" not in note.evidence


@pytest.mark.parametrize("points", [(), ((10, 2.0),), ((10, 2.0), (20, float("nan")))])
def test_fewer_than_two_finite_values_say_nothing(points: tuple[tuple[int, float], ...]) -> None:
    """One number is no trend, and NaN is no number."""
    assert tell_validation(validated(*points)) == []


def test_a_loss_that_ended_as_nan_is_no_trend() -> None:
    """What was lower before it became NaN was not lower at the end."""
    assert tell_validation(validated((10, 3.0), (20, 2.0), (30, float("nan")))) == []


def test_a_nan_on_the_way_is_a_validation_too() -> None:
    """It counts, and does not break the interval."""
    (note,) = tell_validation(validated((10, 3.0), (20, float("nan")), (30, 2.0), (40, 1.0)))
    assert (note.evidence["points"], note.evidence["every"], note.evidence["fell"]) == (4, 10, "lower")
