"""Read the other trainers and loggers of the registry, each by lines and files as it writes them."""

import math
import struct

import pytest

from afterall.model import Entry
from afterall.scan.traces import Origin, Trace
from afterall.scan.trainers import TRAINERS
from afterall.scan.trainers.lightning import read_metrics_csv
from afterall.scan.trainers.llamafactory import read_trainer_log
from afterall.scan.trainers.mlflow import read_metric
from afterall.scan.trainers.tensorboard import masked_crc, read_events
from scan.run_making import entry, fixture
from scan.trace_reading import file_trace, last_part, rows, trace_by, values


def lasts(trace: Trace) -> dict[str, float]:
    """Return the last value of each of a trace's curves."""
    return {key: rows(trace, key)[-1].value for key in trace.curves}


def facts(trace: Trace) -> dict[str, object]:
    """Return the values of a trace's facts."""
    return {name: fact.value for name, fact in trace.facts.items()}


def kinds(trace: Trace) -> list[str]:
    """Return the kinds of a trace's evidence."""
    return [evidence.kind for evidence in trace.evidence]


def chosen(trainer: str, paths: list[str]) -> list[str]:
    """Return what a trainer's files choose of paths, the later written later."""
    entries: list[Entry] = [entry(path, mtime_s=1000 + at) for at, path in enumerate(paths)]
    row = next(row for row in TRAINERS if row.name == trainer)
    return [e.path for files in row.files for e in files.choose(sorted(entries, key=lambda e: e.path))]


def test_names_in_the_registry_are_unique() -> None:
    """A registry name means one trainer."""
    names = [trainer.name for trainer in TRAINERS]
    assert len(set(names)) == len(names)


def test_lightnings_metrics_file_counts_from_zero() -> None:
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


def test_lightnings_columns_may_stand_in_any_order() -> None:
    """The header decides which column is which; a row of another length is passed over."""
    data = b"train_loss,train_acc,epoch,step\n0.5,0.9,0,4\n0.4\nnan,0.9,0,9\n"
    found = values(file_trace(read_metrics_csv, data, "metrics.csv"), "loss")
    assert found[5] == 0.5
    assert math.isnan(found[10])
    assert len(found) == 2


def test_lightnings_last_line_is_evidence() -> None:
    """`max_epochs=3` reached tells plan, progress and the end."""
    trace = trace_by("lightning", fixture("lightning/slurm-csv.out"))
    assert facts(trace) == {"planned_epochs": 3, "epochs": 3}
    assert kinds(trace) == ["done_line"]


def test_lightnings_rich_bar_is_read_over_its_lines() -> None:
    """The bar's metrics stand in lines of their own below it."""
    assert lasts(trace_by("lightning", fixture("lightning/slurm-csv.out"))) == {
        "loss": 0.046,
        "val_loss": 0.048,
    }


def test_lightnings_tqdm_bar_and_saves_are_read() -> None:
    """Saves tell the validation loss at its step; the bar's v_num, a job id under Slurm, is no metric."""
    log = (
        "Epoch 0, global step 13: 'val_loss' reached 0.33304 (best 0.33304), "
        "saving model to 'x.ckpt' as top 1\n"
        "\rEpoch 2: 100%|██| 13/13 [00:10<00:00, 85.80it/s, v_num=1.11e+7, train_loss=0.046]\n"
    )
    trace = trace_by("lightning", log.encode())
    assert values(trace, "val_loss") == {13: 0.33304}
    assert lasts(trace)["loss"] == 0.046


def test_lightning_without_batches_took_no_step() -> None:
    """A fit that stops for want of batches is told as zero steps."""
    assert facts(trace_by("lightning", b"`Trainer.fit` stopped: No training batches.\n")) == {
        "global_step": 0
    }


MEGATRON = (
    "[2026-01-01 10:00:00]  iteration       25/     500 | consumed samples:           50 "
    "| elapsed time per iteration (ms): 87.0 | learning rate: 1.638E-08 | global batch size:     2 "
    "| lm loss: 1.086954E+01 | loss scale: 1.0 | grad norm: 2.130 "
    "| number of skipped iterations:   0 | number of nan iterations:   0 |\n"
    " validation loss at iteration 25 | lm loss value: 3.400000E+00 | lm loss PPL: 2.9E+01 |\n"
    " iteration       50/     500 | consumed samples: 100 | learning rate: 2.0E-08 "
    "| number of nan iterations:   1 |\n"
    "[after training is done] datetime: 2026-01-01 11:00:00 \n"
)


def test_megatron_is_read() -> None:
    """Iterations are steps; an iteration skipped for NaN is a NaN loss; its last word is evidence."""
    trace = trace_by("megatron", MEGATRON.encode())
    loss = values(trace, "loss")
    assert loss[25] == 10.86954
    assert math.isnan(loss[50])
    assert (values(trace, "val_loss"), values(trace, "grad_norm")) == ({25: 3.4}, {25: 2.13})
    assert (facts(trace), kinds(trace)) == ({"planned_steps": 500, "global_step": 50}, ["done_line"])


def test_litgpt_is_read() -> None:
    """Of several iterations within a step the last counts; memory is given in 10^9 bytes."""
    log = (
        "Epoch 1 | iter 1 step 0 | loss train: 1.700, val: n/a | iter time: 548.72 ms\n"
        "Epoch 1 | iter 2 step 1 | loss train: 1.660, val: n/a | iter time: 548.72 ms (step)\n"
        "Epoch 1 | iter 3 step 1 | loss train: 1.650, val: n/a | iter time: 548.72 ms\n"
        "Final evaluation | val loss: 1.234 | val ppl: 3.4\n"
        "Training time: 11.20s\nMemory used: 13.90 GB\n"
    )
    trace = trace_by("litgpt", log.encode())
    assert values(trace, "loss") == {0: 1.7, 1: 1.65}
    assert lasts(trace)["train_seconds"] == 11.2
    assert lasts(trace)["peak_memory_alloc_gib"] == pytest.approx(13.9e9 / 2**30)
    assert kinds(trace) == ["done_line"]


def test_torchtitan_is_read_through_its_colours() -> None:
    """Coloured fields, thousands with commas, memory in GiB, validation apart."""
    log = (
        "[titan] 2026-01-01 10:00:00,000 - root - INFO - "
        "Training starts at step 1, total steps 1000 (warmup 200)\n"
        "[titan] 2026-01-01 10:00:01,000 - root - INFO - "
        "\x1b[31mstep: 10  \x1b[32mloss:  7.1234  \x1b[38;2;180;60;0mgrad_norm:  1.3000  "
        "\x1b[38;2;54;234;195mmemory: 12.30GiB(15.40%)  \x1b[34mtps: 1,234  \x1b[36mtflops: 5\x1b[39m\n"
        "[titan] 2026-01-01 10:00:02,000 - root - INFO - "
        "validate step: 10  loss:  6.5000  memory: 12.30GiB(15%)\n"
        "[titan] 2026-01-01 10:00:03,000 - root - INFO - Training completed\n"
    )
    trace = trace_by("torchtitan", log.encode())
    assert lasts(trace) == {
        "loss": 7.1234,
        "grad_norm": 1.3,
        "peak_memory_reserved_gib": 12.3,
        "tokens_per_second_per_gpu": 1234.0,
        "val_loss": 6.5,
    }
    assert (facts(trace), kinds(trace)) == ({"planned_steps": 1000, "global_step": 10}, ["done_line"])


def test_nemos_lines_are_read() -> None:
    """NeMo 2 counts steps from zero and prints the whole plan."""
    log = (
        "Training epoch 0, iteration 24/99 | lr: 2.9e-05 | global_batch_size: 8 | global_step: 24 | "
        "reduced_train_loss: 2.6 | train_step_timing in s: 1.9 | consumed_samples: 200 | val_loss: 2.8\n"
    )
    trace = trace_by("nemo", log.encode())
    assert (values(trace, "loss"), values(trace, "val_loss")) == ({25: 2.6}, {25: 2.8})
    assert facts(trace) == {"planned_steps": 100, "global_step": 25}


def test_nemos_bar_tells_last_values_and_no_step() -> None:
    """NeMo 1 prints `global_step=2e+3`, which is no step."""
    log = (
        "\rEpoch 0: 10%|# | 20/200 "
        "[00:01<00:10, reduced_train_loss=2.600, global_step=2e+3, val_loss=2.800]\n"
    )
    trace = trace_by("nemo", log.encode())
    assert (lasts(trace), facts(trace)) == ({"loss": 2.6, "val_loss": 2.8}, {})


def test_deepspeeds_lines_are_read_and_train_nothing() -> None:
    """Learning rate, speed and the allocator's peak; the loss is for the script to print."""
    log = (
        "[2026-01-01 10:00:00,000] [INFO] [logging.py:96:log_dist] [Rank 0] "
        "step=10, skipped=0, lr=[9.65e-06], mom=[[0.9, 0.95]]\n"
        "[2026-01-01 10:00:00,000] [INFO] [timer.py:260:stop] epoch=0/micro_step=10/global_step=10, "
        "RunningAvgSamplesPerSec=95.1, CurrSamplesPerSec=95.2, MemAllocated=8.39GB, MaxMemAllocated=11.07GB\n"
    )
    trace = trace_by("deepspeed", log.encode())
    assert values(trace, "learning_rate") == {10: 9.65e-06}
    assert lasts(trace)["peak_memory_alloc_gib"] == 11.07
    assert not trace.trains


def test_submitits_word_is_evidence() -> None:
    """The launcher says that the program came back."""
    trace = trace_by("submitit", fixture("submitit/12254_0_log.out"))
    assert kinds(trace) == ["program_ended"]
    assert last_part(fixture("submitit/12254_0_log.out")).job_id == "12254"


LLAMA = b"""\
{"current_steps": 10, "total_steps": 30, "loss": 0.8548, "lr": 9.99e-06, "epoch": 0.33, "percentage": 33.3}
{"current_steps": 20, "total_steps": 30, "loss": 0.7, "lr": 5e-06, "epoch": 0.66}
{"current_steps": 20, "total_steps": 30, "eval_loss": 0.75, "epoch": 0.66}
{"current_steps": 30, "total_steps": 30, "loss": 0.6, "lr": 0.0, "epoch": 1.0, "vram_allocated": 20.5}
{"current_steps": 30, "total_steps": 30, "epoch": 1.0, "percentage": 100.0}
"""


def test_llamafactorys_log_is_read() -> None:
    """Steps, plan and validation; the last line has no loss and changes none."""
    trace = file_trace(read_trainer_log, LLAMA, "trainer_log.jsonl")
    assert values(trace, "loss") == {10: 0.8548, 20: 0.7, 30: 0.6}
    assert values(trace, "val_loss") == {20: 0.75}
    assert (facts(trace), kinds(trace)) == ({"global_step": 30, "planned_steps": 30}, ["done_line"])
    assert lasts(trace)["peak_memory_alloc_gib"] == 20.5


def test_a_second_run_in_llamafactorys_log_replaces_the_first() -> None:
    """Steps that begin anew are another run's; a resumed run goes on."""
    again = b'{"current_steps": 10, "total_steps": 30, "loss": 5.0}\n'
    trace = file_trace(read_trainer_log, LLAMA + again, "trainer_log.jsonl")
    assert (values(trace, "loss"), kinds(trace)) == ({10: 5.0}, [])
    resumed = b'{"current_steps": 20, "total_steps": 30, "loss": 5.0}\n'
    assert values(file_trace(read_trainer_log, LLAMA + resumed, "t.jsonl"), "loss") == {
        10: 0.8548,
        20: 5.0,
        30: 0.6,
    }


EVENTS = "huggingface/events.out.tfevents.1795416570.vm.7670.0"


def test_tensorboard_scalars_are_the_states_in_single_precision() -> None:
    """The event file of an HF run agrees with its state to float32, the mean loss apart."""
    import json

    trace = file_trace(read_events, fixture(EVENTS), "runs/events.out.tfevents.1")
    history = json.loads(fixture("huggingface/trl_trainer_state.json"))["log_history"]
    exact = {row["step"]: row["loss"] for row in history if "loss" in row}
    assert values(trace, "loss") == {step: pytest.approx(loss, rel=1e-6) for step, loss in exact.items()}
    assert lasts(trace)["mean_loss"] == pytest.approx(6.510803004969722, rel=1e-6)
    assert trace.origin is Origin.SINGLE_PRECISION


def test_a_damaged_event_ends_the_file() -> None:
    """A flipped bit breaks an event's sum; what came before stands."""
    whole = bytearray(fixture(EVENTS))
    at = whole.index(b"train/loss") + 13
    whole[at] ^= 1
    trace = read_events(__import__("io").BytesIO(bytes(whole)), "events.out.tfevents.1")
    assert trace is None or "loss" not in trace.curves


def test_the_checksum_is_tensorflows() -> None:
    """CRC-32C of "123456789" is 0xE3069283, masked as in TensorFlow's record writer."""
    crc = 0xE3069283
    assert masked_crc(b"123456789") == ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def test_lightnings_events_count_from_zero() -> None:
    """Event files below lightning_logs have steps from 0."""
    event = b"\x10\x04" + _field(5, _field(1, _field(1, b"train_loss") + b"\x15" + struct.pack("<f", 0.5)))
    data = _record(event)
    lightning = file_trace(read_events, data, "r/lightning_logs/version_0/events.out.tfevents.1")
    other = file_trace(read_events, data, "r/runs/events.out.tfevents.1")
    assert (list(values(lightning, "loss")), list(values(other, "loss"))) == ([5], [4])


def test_mlflow_metrics_are_read() -> None:
    """Each metric is a file of times, values and steps; NaN is a word."""
    data = b"1795417042000 2.5 1\n1795417043000 nan 2\n1795417044000 1.5 3\n"
    trace = file_trace(read_metric, data, "mlruns/0/abc/metrics/train/loss")
    assert rows(trace, "loss")[2].value == 1.5
    assert math.isnan(rows(trace, "loss")[1].value)


def test_files_of_the_last_run_are_chosen() -> None:
    """Where several runs left files in one directory, those of the run that wrote last are read."""
    assert chosen(
        "mlflow", ["mlruns/0/a/metrics/loss", "mlruns/0/b/metrics/loss", "mlruns/0/b/metrics/other"]
    ) == ["mlruns/0/b/metrics/loss"]
    assert chosen(
        "lightning", ["lightning_logs/version_9/metrics.csv", "lightning_logs/version_10/metrics.csv"]
    ) == ["lightning_logs/version_10/metrics.csv"]
    assert chosen(
        "tensorboard",
        ["runs/a/events.out.tfevents.1", "runs/b/events.out.tfevents.2", "runs/b/events.out.tfevents.3"],
    ) == [
        "runs/b/events.out.tfevents.3",
        "runs/b/events.out.tfevents.2",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("step 10/100 loss: 0.12 val_loss=0.5", {"loss": {10: 0.12}, "val_loss": {10: 0.5}}),
        ("[step: 3] train loss = 1.5e-2", {"loss": {3: 0.015}}),
        ("{'iter': 7, 'loss': nan}", {"loss": {7: math.nan}}),
        ("Iteration 4: Loss: 2.25, lr 0.1", {"loss": {4: 2.25}}),
        ("epoch 1 step 20 loss=0.123 val_loss 0.2", {"loss": {20: 0.123}, "val_loss": {20: 0.2}}),
        ("step 250: train loss 2.4123, val loss 2.5001", {"loss": {250: 2.4123}, "val_loss": {250: 2.5001}}),
        ("iter 30: loss 2.3456, time 50.00ms", {"loss": {30: 2.3456}}),
        ("Step [40/60], Train Loss: 0.1, Val Loss: 0.3", {"loss": {40: 0.1}, "val_loss": {40: 0.3}}),
        ("step 5 Average Loss: 0.7", {"loss": {5: 0.7}}),
        ("step 9 | valid loss  4.28 | valid ppl 69.99", {"val_loss": {9: 4.28}}),
    ],
)
def test_plain_logs_are_guessed_as_the_last_resort(text: str, expected: dict[str, dict[int, float]]) -> None:
    """A number behind a loss's name is taken, and marked as a guess."""
    (trace,) = last_part(text.encode() + b"\n").traces
    assert trace.origin is Origin.GUESS
    assert not trace.trains
    assert repr({key: values(trace, key) for key in trace.curves}) == repr(expected)


@pytest.mark.parametrize(
    "text",
    [
        "the loss of 3 nodes",
        "lossless: 5",
        "loss: 1.2.3",
        "loss_weight=0.5",
        "checkpoint-loss:12%",
        "hinge.loss = x",
        "Test Loss: 0.5",
        "step 3 best val loss: 0.1",
        "step 3 kl loss 0.1",
        "step 3 loss 5",
        "step 3 loss 1.5x lower",
    ],
)
def test_words_that_are_no_loss_are_not_guessed(text: str) -> None:
    """Names that only contain the word, and values that are no numbers, are left alone."""
    assert last_part(text.encode() + b"\n").traces == ()


def test_nothing_is_guessed_beside_a_known_trainer() -> None:
    """Where a known format tells the numbers, other lines with a loss are not believed."""
    log = fixture("huggingface/whole-5.23.out") + b"my own loss: 99.0\n"
    assert "plain" not in {trace.trainer for trace in last_part(log).traces}


def _field(number: int, data: bytes) -> bytes:
    return bytes([number << 3 | 2, len(data)]) + data


def _record(event: bytes) -> bytes:
    head = struct.pack("<Q", len(event))
    return head + struct.pack("<I", masked_crc(head)) + event + struct.pack("<I", masked_crc(event))
