"""Tell the step of the training that Weights & Biases tracked from those of other trainers in its run."""

import json

import pytest

from afterall.scan.trainers.wandb import read_summary
from afterall.scan.trainers.wandb_file import read_run
from scan.trace_reading import facts, file_trace, trace_by, values
from scan.wandb_making import items, message, wandb_file


def history(*rows: dict[str, object]) -> bytes:
    """Return a run file with these rows."""
    return wandb_file(*(message(2, items(1, {"_step": at, **row})) for at, row in enumerate(rows)))


def trained(step: int, loss: float) -> dict[str, object]:
    """Return a row of a training."""
    return {"train/loss": loss, "train/global_step": step, "train/epoch": step / 10}


def validated(step: int, loss: float) -> dict[str, object]:
    """Return a row of a validation."""
    return {"eval/loss": loss, "train/global_step": step}


SUMMARY: dict[str, object] = {
    "train/loss": 1.5,
    "eval/loss": 2.25,
    "train/epoch": 0,
    "train/global_step": 0,
    "train_loss": 2.5,
    "train_runtime": 500.5,
    "train_samples_per_second": 30.0,
    "total_flos": 1.0,
}


def test_a_trainer_that_only_evaluated_does_not_make_a_run_one_of_no_step() -> None:
    """A script that evaluates with a trainer of its own logs that one's step and epoch last."""
    trace = file_trace(read_summary, json.dumps(SUMMARY).encode(), "wandb-summary.json")
    assert "global_step" not in facts(trace)
    assert {key: values(trace, key) for key in ("loss", "val_loss", "mean_loss")} == {
        "loss": {-1: 1.5},
        "val_loss": {-1: 2.25},
        "mean_loss": {-1: 2.5},
    }
    assert "epoch" not in trace.curves


def test_the_printed_summary_is_no_other() -> None:
    """The terminal's block shows the same values."""
    lines = "".join(f"wandb: {key} {value}\n" for key, value in SUMMARY.items())
    trace = trace_by("wandb", f"wandb: Run summary:\n{lines}wandb:\n".encode())
    assert "global_step" not in facts(trace)


@pytest.mark.parametrize("summary", [{"eval/loss": 2.25, "train/global_step": 0}, {"train/global_step": 0}])
def test_a_run_without_a_loss_of_training_keeps_its_step(summary: dict[str, object]) -> None:
    """That nothing was trained is what 0 says there."""
    trace = file_trace(read_summary, json.dumps(summary).encode(), "wandb-summary.json")
    assert facts(trace)["global_step"] == 0


def test_a_later_evaluation_at_step_0_is_not_the_first_validation() -> None:
    """It is of another trainer, and maybe of other data; one before training is the model's own."""
    rows = (validated(0, 3.0), trained(10, 2.0), validated(10, 1.5), validated(0, 9.0))
    trace = file_trace(read_run, history(*rows), "run-a.wandb")
    assert (values(trace, "loss"), values(trace, "val_loss")) == ({10: 2.0}, {0: 3.0, 10: 1.5})


def test_of_trainings_that_share_a_run_the_last_one_counts() -> None:
    """A fold after the other counts from the beginning; so does one that resumed, from its checkpoint."""
    folds = (trained(10, 2.0), trained(20, 1.0), validated(20, 1.5), trained(10, 2.5), validated(10, 2.25))
    trace = file_trace(read_run, history(*folds), "run-a.wandb")
    assert (values(trace, "loss"), values(trace, "val_loss")) == ({10: 2.5}, {10: 2.25})
    resumed = (trained(10, 2.0), trained(20, 1.0), trained(30, 0.5), trained(20, 1.25))
    assert values(file_trace(read_run, history(*resumed), "run-a.wandb"), "loss") == {10: 2.0, 20: 1.25}
