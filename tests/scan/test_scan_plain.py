"""Guess losses in logs and tables of programs that nobody here knows."""

import io
import math

import pytest

from afterall.scan.traces import Origin
from afterall.scan.trainers.plain_files import read_table
from scan.run_making import fixture
from scan.trace_reading import chosen, file_trace, last_part, values


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
        (
            "8/8 [===] - 0s 5ms/step - loss: 0.6931 - val_loss: 0.5",
            {"loss": {-1: 0.6931}, "val_loss": {-1: 0.5}},
        ),
        (
            '{"step": 5, "loss": 0.125, "val/loss": 0.25, "lr": 1e-4}',
            {"loss": {5: 0.125}, "val_loss": {5: 0.25}, "learning_rate": {5: 0.0001}},
        ),
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


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("log.csv", b"step,loss,val_loss\n10,0.5,\n20,0.25,0.75\n30,0.125"),
        ("train_log.csv", b"Epoch,Step,Loss,val_loss,time\r\n1,10,0.5,,1\r\n1,20,0.25,0.75,2\r\n"),
        ("metrics.jsonl", b'{"step": 10, "loss": 0.5}\n{"step": 20, "loss": 0.25, "val_loss": 0.75}\n{"st'),
    ],
)
def test_tables_and_json_lines_are_guessed(name: str, data: bytes) -> None:
    """A header with a loss and a step, or objects with both; a last line without an end is left out."""
    trace = file_trace(read_table, data, name)
    assert (values(trace, "loss"), values(trace, "val_loss")) == ({10: 0.5, 20: 0.25}, {20: 0.75})
    assert (trace.origin, trace.trains) == (Origin.GUESS, False)
    assert chosen("plain", [f"r/{name}"]) == [f"r/{name}"]


@pytest.mark.parametrize(
    "data",
    [
        b"text,label\nhello,1\n",
        b"loss,accuracy\n0.5,0.1\n",
        b'{"prompt": "a", "completion": "b"}\n' * 30 + b'{"step": 1, "loss": 0.5}\n',
        b'{"loss": 0.5}\n',
        b"\n",
        b"",
    ],
)
def test_other_tables_are_left_alone(data: bytes) -> None:
    """Data sets, and losses without a step or an epoch, give nothing."""
    assert read_table(io.BytesIO(data), "train.csv") is None


def test_other_files_are_not_opened() -> None:
    """What is called otherwise, and other trainers' logs, are not even tried."""
    paths = ["r/data.csv", "r/trainer_log.jsonl", "r/gpu_metrics.csv", "r/results.csv", "r/log.txt"]
    assert [path for path in chosen("plain", paths) if path != "r/gpu_metrics.csv"] == []
