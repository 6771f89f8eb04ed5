"""Read what ESPnet 2 tells of each epoch, and nobody else's."""

import pytest

from scan.trace_reading import facts, kinds, last_part, rows, trace_by

AT = "[gpu01:0/2] 2026-01-01 16:30:18,406 (trainer:243) INFO: "
BATCHES = f"{AT}1epoch:train:1-300batch: iter_time=0.001, loss=9.5, lr_0=0.1, train_time=0.013\n"
RESULTS = (
    "{}epoch results: [train] iter_time=0.001, loss_ctc=17.5, loss={}, grad_norm=2.5, optim0_lr0=4.951e-04, "
    "train_time=0.608, time=1 minute and 42.6 seconds, total_count=7507, [valid] loss_ctc=8.5, cer_ctc=nan, "
    "loss={}, time=3 seconds, total_count=240, [att_plot] time=0.28 seconds, total_count=0\n"
)


def test_an_epochs_results_are_read() -> None:
    """Of training and validation each has a loss, beside parts of it; batches are no optimizer steps."""
    log = f"{AT}1/2epoch started\n{BATCHES}{AT}{RESULTS.format(1, 2.5, 2.25)}"
    log += f"{AT}2/2epoch started. Estimated time to finish: 33 minutes\n{AT}{RESULTS.format(2, 1.5, 1.25)}"
    trace = trace_by("espnet", f"{log}{AT}The training was finished at 2 epochs \n".encode())
    assert [(row.epoch, row.value) for row in rows(trace, "loss")] == [(1, 2.5), (2, 1.5)]
    assert [(row.epoch, row.value) for row in rows(trace, "val_loss")] == [(1, 2.25), (2, 1.25)]
    assert rows(trace, "learning_rate")[-1].value == 4.951e-04
    assert (facts(trace), kinds(trace)) == ({"planned_epochs": 2}, ["done_line"])


def test_before_the_first_epochs_end_batches_are_guessed() -> None:
    """The rows within it are anybody's lines with a loss."""
    traces = {
        trace.trainer: trace for trace in last_part((f"{AT}1/2epoch started\n" + BATCHES).encode()).traces
    }
    assert "loss" in traces["plain"].curves
    assert "espnet" not in traces


@pytest.mark.parametrize(
    "text", ["1epoch results: loss=5.5", "1epoch results: [valid] loss=4.5, time=3 seconds"]
)
def test_without_training_nothing_is_read(text: str) -> None:
    """An epoch's results begin with those of training."""
    assert "espnet" not in {trace.trainer for trace in last_part(f"{text}\n".encode()).traces}
