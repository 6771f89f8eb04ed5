"""Tell which steps a run was to save, by its own arguments and the work it did, and which it deleted."""

from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from afterall.model import FindingCode, Verdict
from afterall.scan.checkpoints.due import Savings
from afterall.scan.checkpoints.examining import Examination, examine
from afterall.scan.checkpoints.layouts import Saving, find_places
from afterall.scan.checkpoints.layouts.hf_trainer import saving
from afterall.scan.checkpoints.promised import Account, account
from afterall.scan.checkpoints.saving_arguments import read_savings
from afterall.scan.checkpoints.walking import walk
from afterall.scan.promises import Promises
from scan.checkpoint_making import (
    Object,
    numbers,
    pickled,
    torch_bytes,
    write,
    write_adapter,
    write_companions,
    write_hf_checkpoint,
    zip_bytes,
)

MISSING, PRUNED = FindingCode.CHECKPOINT_MISSING, FindingCode.CHECKPOINT_PRUNED
DONE = Promises(steps=100, steps_done=100, training_completed=True, trainer="huggingface")
FRESH = Promises(
    steps=100, steps_done=100, training_completed=True, began_at_start=True, trainer="huggingface"
)
DIED = Promises(steps=100, steps_done=75, training_completed=False, trainer="huggingface")


def training_args(strategy: str = "steps", enum: str = "IntervalStrategy", **given: Any) -> bytes:
    """Return training_args.bin: an object of the Trainer's arguments, pickled as torch does."""
    state = {"save_steps": 25, "max_steps": -1, "num_train_epochs": 4.0, **given}
    state["save_strategy"] = Object("transformers.trainer_utils", enum, (strategy,))
    made = Object("transformers.training_args", "TrainingArguments", (), state)
    return zip_bytes({"training_args/data.pkl": pickled(made), "training_args/version": b"3\n"})


def hf(run: Path, *steps: int, **given: Any) -> Path:
    """Write checkpoints of these steps, each with the arguments that the run had."""
    for step in steps:
        write_hf_checkpoint(run / f"checkpoint-{step}", step, seed=step)
        write(run / f"checkpoint-{step}" / "training_args.bin", training_args(**given))
    return run


def told(run: Path, promises: Promises) -> Account:
    """Return what was promised and is not there, as the report finds it."""
    entries = {entry.path: entry for entry in walk(run.parent, run.name).entries}
    there = tuple(examine(find_places(entries.values()), Examination(run.parent)))
    return account(there, promises, run.name, read_savings(run.parent, there, entries, promises))


def missing(run: Path, promises: Promises) -> list[int | None]:
    """Return the steps that are missing."""
    return [each.step for each in told(run, promises).missing]


def test_a_multiple_between_two_checkpoints_is_missing(tmp_path: Path) -> None:
    """The process that saved step 100 had saved step 75, too, by its own arguments."""
    lost = told(hf(tmp_path / "run", 50, 100), DONE)
    assert [(each.path, each.verdict) for each in lost.missing] == [("run/checkpoint-75", Verdict.MISSING)]
    (finding,) = [each for each in lost.findings if each.code is MISSING]
    assert (finding.subject, finding.evidence) == (
        "run/checkpoint-75",
        {"told_by": "steps", "every_steps": 25},
    )


@pytest.mark.parametrize(
    ("promises", "expected"),
    [
        (DONE, [75, 100]),
        (FRESH, [25, 75, 100]),
        (DIED, []),
        (Promises(steps=100, steps_done=80, trainer="huggingface"), [75]),
        (Promises(steps_done=100, training_completed=True), []),
        (Promises(steps=100, steps_done=120, training_completed=True), []),
        (Promises(), []),
    ],
    ids=[
        "to the end",
        "from the start",
        "died while saving",
        "died later",
        "no plan",
        "beyond it",
        "unknown",
    ],
)
def test_before_the_first_and_after_the_last_only_work_that_was_shown_counts(
    tmp_path: Path, promises: Promises, expected: list[int]
) -> None:
    """One checkpoint, of step 50, every 25 steps."""
    assert missing(hf(tmp_path / "run", 50), promises) == expected


def test_checkpoints_deleted_by_the_limit_are_not_missing(tmp_path: Path) -> None:
    """The two newest stay; the others are told as deleted."""
    lost = told(hf(tmp_path / "run", 75, 100, save_total_limit=2), FRESH)
    assert lost.missing == ()
    (finding,) = [each for each in lost.findings if each.code is PRUNED]
    assert (finding.evidence["pruned"], finding.evidence["keep_last"]) == (2, 2)
    assert missing(hf(tmp_path / "run2", 50, 100, save_total_limit=2), FRESH) == [75]


@pytest.mark.parametrize("best", [{"load_best_model_at_end": True}, {"metric_for_best_model": "loss"}])
def test_beside_the_best_only_the_newest_is_sure_to_stay(tmp_path: Path, best: dict[str, Any]) -> None:
    """The best one keeps its place whatever its age."""
    assert missing(hf(tmp_path / "run", 25, 100, save_total_limit=2, **best), FRESH) == []
    assert missing(hf(tmp_path / "run2", 25, 50, save_total_limit=2, **best), FRESH) == [100]


def test_a_limit_of_an_earlier_attempt_counts_too(tmp_path: Path) -> None:
    """It was given up when the run was started again."""
    run = hf(hf(tmp_path / "run", 50, save_total_limit=1), 100)
    assert missing(run, FRESH) == []


def test_each_checkpoint_answers_for_the_steps_before_it(tmp_path: Path) -> None:
    """Every 50 steps at first, every 10 after it was started again."""
    run = hf(tmp_path / "run", 50, save_steps=50)
    hf(run, 60, 80, save_steps=10)
    assert missing(run, Promises(steps=100, steps_done=80)) == [70]


def test_a_checkpoint_without_arguments_answers_for_nothing(tmp_path: Path) -> None:
    """Another process may have saved it."""
    run = hf(tmp_path / "run", 50, 100)
    (run / "checkpoint-100" / "training_args.bin").unlink()
    assert missing(run, DONE) == []


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"strategy": "epoch"}, [50]),
        ({"strategy": "epoch", "num_train_epochs": 3.5}, []),
        ({"strategy": "epoch", "max_steps": 100}, []),
        ({"strategy": "no"}, []),
        ({"strategy": "best"}, []),
        ({"save_steps": 0.25}, [50]),
        ({"save_steps": 0}, []),
        ({"save_steps": 10**13}, []),
    ],
    ids=str,
)
def test_what_the_strategy_promises(tmp_path: Path, given: dict[str, Any], expected: list[int]) -> None:
    """Steps, whole epochs, a part of all steps, or nothing."""
    promises = Promises(steps=100, epochs=4, steps_done=100, training_completed=True)
    assert missing(hf(tmp_path / "run", 25, 75, 100, **given), promises) == expected


def test_epochs_of_another_length_than_the_checkpoints_are_not_promised(tmp_path: Path) -> None:
    """Step 30 ends no epoch of 25 steps."""
    promises = Promises(steps=100, epochs=4, steps_done=100, training_completed=True)
    assert missing(hf(tmp_path / "run", 30, 100, strategy="epoch"), promises) == []


def test_since_4_47_the_end_is_saved_too(tmp_path: Path) -> None:
    """Such a version pickles a SaveStrategy."""
    promises = Promises(steps=110, steps_done=110, training_completed=True)
    assert missing(hf(tmp_path / "old", 100), promises) == []
    assert missing(hf(tmp_path / "new", 100, enum="SaveStrategy"), promises) == [110]


def test_several_runs_in_one_directory_answer_each_for_itself(tmp_path: Path) -> None:
    """A search of hyperparameters: which of them the steps are of is not known."""
    hf(tmp_path / "run" / "run-0", 25, 75)
    hf(tmp_path / "run" / "run-1", 25)
    assert [each.path for each in told(tmp_path / "run", DONE).missing] == ["run/run-0/checkpoint-50"]


def test_no_arguments_promise_nothing() -> None:
    """What is missing or senseless is no promise."""
    assert saving({}) is None
    assert saving({"save_strategy": "steps", "save_steps": "x", "save_total_limit": -1}) == Saving()


def test_too_many_promises_are_none(tmp_path: Path) -> None:
    """A save at every one of a billion steps is a mistake of ours, or a hostile file."""
    promises = Promises(steps=10**9, steps_done=10**9, training_completed=True)
    assert missing(hf(tmp_path / "run", 1, save_steps=1), promises) == []


def torchtune(run: Path, *steps: int) -> Path:
    """Write step_N as torchtune's nightly does."""
    for step in steps:
        write_adapter(run / f"step_{step}", step)
        write_companions(run / f"step_{step}")
    return run


def test_torchtunes_steps_are_promised_by_its_configuration(tmp_path: Path) -> None:
    """save_every_n_steps, and keep_last_n_checkpoints."""
    by_five = Promises(steps=20, steps_done=20, training_completed=True, save_every_steps=5)
    run = torchtune(tmp_path / "run", 5, 15, 20)
    assert missing(run, by_five) == [10]
    assert missing(run, replace(by_five, keep_last=2)) == []


def test_litgpts_steps_are_promised_by_its_configuration(tmp_path: Path) -> None:
    """train.save_interval; missing ones are called as the others are."""
    for step in (100, 300):
        weights = torch_bytes({"w": numbers(4, seed=step)})
        write(tmp_path / "run" / f"step-{step:06}" / "lit_model.pth", weights)
    lost = told(tmp_path / "run", Promises(save_every_steps=100))
    assert [each.name for each in lost.missing] == ["step-000200"]


def test_lightnings_steps_are_found_by_number(tmp_path: Path) -> None:
    """Their names hold metrics that nobody can know."""
    for step in (10, 30):
        weights = torch_bytes({"w": numbers(4, seed=step)}, extra={"state_dict": {}})
        write(tmp_path / "run" / f"epoch=0-step={step}-loss=0.1.ckpt", weights)
    lost = told(tmp_path / "run", Promises(save_every_steps=10))
    assert [(each.name, each.step) for each in lost.missing] == [("step=20", 20)]


def test_nothing_is_read_where_there_is_no_layout(tmp_path: Path) -> None:
    """An empty run has no arguments."""
    assert read_savings(tmp_path, (), {}, Promises()) == Savings()
