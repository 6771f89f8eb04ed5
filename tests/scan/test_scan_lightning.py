"""Read what Lightning logs and prints: its table, bars of tqdm and rich, saves and last line."""

import math
import re

from afterall.scan.trainers.lightning import read_metrics_csv
from scan.run_making import fixture
from scan.trace_reading import chosen, facts, file_trace, kinds, last_part, lasts, trace_by, values


def test_the_metrics_file_counts_from_zero() -> None:
    """Step 38 of metrics.csv is the 39th step; empty cells are no values."""
    trace = file_trace(
        read_metrics_csv, fixture("lightning/metrics.csv"), "lightning_logs/version_0/metrics.csv"
    )
    assert list(values(trace, "loss")) == [5, 10, 15, 20, 25, 30, 35]
    assert values(trace, "val_loss") == {
        13: 2.0963687896728516,
        26: 0.6369032859802246,
        39: 0.04831911623477936,
    }


def test_columns_may_stand_in_any_order() -> None:
    """The header decides which column is which; a row of another length is passed over."""
    data = b"train_loss,train_acc,epoch,step\n0.5,0.9,0,4\n0.4\nnan,0.9,0,9\n"
    found = values(file_trace(read_metrics_csv, data, "metrics.csv"), "loss")
    assert found[5] == 0.5
    assert math.isnan(found[10])
    assert len(found) == 2


def test_losses_of_steps_count_and_means_of_epochs_do_not() -> None:
    """Of `train_loss_step` and `train_loss_epoch` only the first is the loss at a step."""
    trace = file_trace(read_metrics_csv, fixture("lightning/metrics-2.6.csv"), "version_0/metrics.csv")
    assert list(values(trace, "loss")) == [4, 8, 12, 16, 20, 24]
    assert values(trace, "loss")[24] == 0.0010111464653164148
    assert values(trace, "val_loss")[24] == 0.0005885526188649237


def test_the_last_line_is_evidence() -> None:
    """`max_epochs=3` reached tells plan, progress and the end."""
    trace = trace_by("lightning", fixture("lightning/slurm-csv.out"))
    assert facts(trace) == {"planned_epochs": 3, "epochs": 3}
    assert kinds(trace) == ["done_line"]


def test_rich_bars_are_read_over_their_lines() -> None:
    """The bar's metrics stand in lines of their own below it."""
    assert lasts(trace_by("lightning", fixture("lightning/slurm-csv.out"))) == {
        "loss": 0.046,
        "val_loss": 0.048,
    }


def test_rich_bars_are_read_where_names_and_values_stand_on_different_lines() -> None:
    """On a narrow terminal `train_loss_step:` ends one line and its value begins the next."""
    assert lasts(trace_by("lightning", fixture("lightning/rich-2.6.out"))) == {
        "loss": 0.001,
        "val_loss": 0.001,
    }


def test_tqdm_bars_and_saves_are_read() -> None:
    """Saves tell the validation loss at its step; the bar's v_num, a job id under Slurm, is no metric."""
    log = (
        "Epoch 0, global step 13: 'val_loss' reached 0.33304 (best 0.33304), "
        "saving model to 'x.ckpt' as top 1\n"
        "\rEpoch 2: 100%|██| 13/13 [00:10<00:00, 85.80it/s, v_num=1.11e+7, train_loss=0.046]\n"
    )
    trace = trace_by("lightning", log.encode())
    assert values(trace, "val_loss") == {13: 0.33304}
    assert lasts(trace)["loss"] == 0.046


def test_the_bar_before_the_last_line_is_read() -> None:
    """The fit's last word stands right behind the bar that tells the last validation."""
    bar = "\rEpoch 1: 100%|##| 10/10 [00:01<00:00,  9.1it/s, v_num=0, train_loss=0.4{}]"
    log = bar.format("") + bar.format(", val_loss=0.55") + "`Trainer.fit` stopped: `max_epochs=2` reached.\n"
    trace = trace_by("lightning", log.encode())
    assert (lasts(trace), facts(trace)["epochs"]) == ({"loss": 0.4, "val_loss": 0.55}, 2)


def test_words_behind_a_bar_are_no_metrics() -> None:
    """What a callback prints there is not the bar's."""
    log = "\rEpoch 1: 100%|##| 1/1 [00:01<00:00, v_num=0, train_loss=0.4]Validation done, val_loss=9.5 best\n"
    assert lasts(trace_by("lightning", log.encode())) == {"loss": 0.4}


def test_a_bars_own_loss_is_a_mean() -> None:
    """Until 2.0 bars showed a mean over the last twenty steps under `loss`, before v_num."""
    log = "\rEpoch 2: 100%|██| 13/13 [00:10<00:00, 85.80it/s, loss=0.9, v_num=0, train_loss=0.046]\n"
    assert lasts(trace_by("lightning", log.encode())) == {"loss": 0.046}


def test_a_log_of_1_9_is_read() -> None:
    """Bars with cursor codes, saves glued to them, a mean loss in the bar, and an early stop."""
    trace = trace_by("lightning", fixture("lightning/tqdm-1.9.out"))
    assert lasts(trace)["loss"] == 4.33e-07
    assert values(trace, "val_loss") == {8: 0.21148, 16: 0.01016, 24: 0.00059, 32: 4e-05, 40: 0.0, 48: 0.0}
    assert kinds(trace) == ["done_line"]


def test_cutting_bars_invents_no_number() -> None:
    """Of bars the last value counts: a log that was cut tells an earlier one, as it is printed."""
    whole = fixture("lightning/tqdm-1.9.out")
    printed = {float(text) for text in re.findall(rb"(?<![\w.])\d+\.?\d*(?:e-?\d+)?(?=[,\]\s])", whole)}
    for end in range(0, len(whole), 97):
        told = [trace for trace in last_part(whole[:end]).traces if trace.trainer == "lightning"]
        assert {value for trace in told for value in lasts(trace).values()} <= printed, end


def test_a_fit_without_batches_took_no_step() -> None:
    """A fit that stops for want of batches is told as zero steps."""
    assert facts(trace_by("lightning", b"`Trainer.fit` stopped: No training batches.\n")) == {
        "global_step": 0
    }


def test_early_stopping_is_an_end() -> None:
    """A fit that its own callback stops has come to its end."""
    line = (
        "Monitored metric val_loss did not improve in the last 3 records. Best score: 0.123. "
        "Signaling Trainer to stop.\n"
    )
    assert kinds(trace_by("lightning", line.encode())) == ["done_line"]


def test_the_gpu_and_a_resumption_are_noted() -> None:
    """A hint on Tensor Cores names the GPU; states restored from a checkpoint make it a resumed run."""
    log = (
        "You are using a CUDA device ('NVIDIA A100-SXM4-80GB') that has Tensor Cores. To properly use\n"
        "Restored all states from the checkpoint at /scratch/last.ckpt\n"
    )
    trace = trace_by("lightning", log.encode())
    assert trace.provenance["gpu"].value == "NVIDIA A100-SXM4-80GB"
    assert trace.is_resumed
    tested = log.replace("Restored all", "Restoring")  # Also printed before a test of the best checkpoint.
    assert not trace_by("lightning", tested.encode()).is_resumed


def test_the_run_written_last_counts() -> None:
    """Of several version_N the newest is read, not the one of the greatest number."""
    assert chosen(
        "lightning", ["lightning_logs/version_9/metrics.csv", "lightning_logs/version_10/metrics.csv"]
    ) == ["lightning_logs/version_10/metrics.csv"]
