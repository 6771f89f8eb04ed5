"""Sentences that are true of what happened, each of which was once another."""

import re
from collections.abc import Callable
from pathlib import Path

from afterall.pipeline import files_only, report
from claims.claims_making import write_run
from claims.claims_reading import Json, Told, read_told

ToldOf = Callable[[str], Told]
_CRASHED = (
    "{'loading': 1}\r  0%|          | 0/75 [00:00<?, ?it/s]\n"
    'Traceback (most recent call last):\n  File "t.py", line 7, in <module>\n    main()\nValueError: no\n'
)


def of(told: Told, code: str, experiment: str = "") -> Json:
    """Return the one finding of a code, of a run whose name begins so."""
    (found,) = [
        f for f in told.findings if f["code"] == code and (f["experiment"] or "").startswith(experiment)
    ]
    return found


def test_a_run_that_took_no_step_is_not_said_to_have_ended_normally(told: ToldOf) -> None:
    """It may have crashed before its first step; nobody says it ended well, nor that it saved anything."""
    finding = of(told("ended"), "zero_steps")
    assert "normally" not in finding["message"]
    assert "took no step" in finding["message"]
    assert finding["consequence"].startswith("Whatever it saved")


def test_a_crash_before_the_first_step_is_told_as_the_error_it_is(tmp_path: Path) -> None:
    """The bar stands at 0 of 75 and an exception follows: no word of a normal end."""
    write_run(tmp_path / "set" / "a", 7, _CRASHED)
    write_run(tmp_path / "set" / "b", 8, _CRASHED)
    report(tmp_path / "set", files_only)
    messages = [finding["message"] for finding in read_told(tmp_path / "set", None).findings]
    assert any("ValueError" in message for message in messages)
    assert [message for message in messages if "normally" in message] == []


def test_a_fall_in_percent_leads_from_its_beginning_to_its_end(told: ToldOf) -> None:
    """What a loss fell to is what it began with, less the percentage of that."""
    finding = of(told("unwell"), "still_falling", "falling")
    evidence = finding["evidence"]
    fall = evidence["last"] / (1 - evidence["per_third"]) - evidence["last"]
    curve = told("unwell").curve("falling", "loss")
    third = [value for step, value in curve if step >= evidence["since_step"]]
    begun = sum(third[:25]) / 25
    assert abs(begun - fall - evidence["last"]) < 0.03


def test_a_nan_that_passed_is_not_said_to_have_stayed(told: ToldOf) -> None:
    """Two steps of 1,000 are told with the first of them, not as everything from there on."""
    (finding,) = [
        f for f in told("unwell").findings
        if (f["code"], f["experiment"]) == ("loss_not_finite", "nan_between")
    ]  # fmt: skip
    assert finding["message"].endswith("at 2 of 1,000 logged steps, first at step 300.")


def test_sizes_that_differ_are_told_differently(told: ToldOf) -> None:
    """An index that is wrong by eight bytes is not said to hold as much as the shards do."""
    sizes = re.findall(
        r"[\d,]+ bytes", of(told("damaged"), "index_size_differs", "index_size_differs")["message"]
    )
    assert len(set(sizes)) == 2


def test_one_of_a_kind_is_told_in_the_singular(told: ToldOf) -> None:
    """No sentence counts "1 holes", "1 files" or "1 checkpoints"."""
    names = ("damaged", "kept", "cut", "unwell", "ended")
    messages = [finding["message"] for name in names for finding in told(name).findings]
    wrong = re.compile(r"(?<!of )(?<!\d)(?<!,)1 (?:holes|files are|earlier checkpoints|tensors twice)\b")
    assert [message for message in messages if wrong.search(message)] == []


def test_parameters_that_clean_pairs_part_are_not_said_to_be_confounded(told: ToldOf) -> None:
    """Model and rank each changed alone by the losses, though one score was only there for a mixed pair."""
    assert [f for f in told("cut").findings if f["code"] == "confounded"] == []
