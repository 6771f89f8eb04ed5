"""Read the scalars of TensorBoard event files, by whoever they were written."""

import io
import json
import time

import pytest

from afterall.errors import BadInput
from afterall.scan.traces import Origin
from afterall.scan.trainers.crc32c import crc32c, crc32c_of_each
from afterall.scan.trainers.event_records import MOST_EVENT_BYTES, masked
from afterall.scan.trainers.tensorboard import read_events
from scan.event_making import record, scalar_event
from scan.run_making import fixture
from scan.trace_reading import chosen, file_trace, lasts, values

EVENTS = "huggingface/events.out.tfevents.1795416570.vm.7670.0"
NAME = "r/runs/events.out.tfevents.1"


def test_scalars_are_the_states_in_single_precision() -> None:
    """The event file of an HF run agrees with its state to float32, the mean loss apart."""
    trace = file_trace(read_events, fixture(EVENTS), NAME)
    history = json.loads(fixture("huggingface/trl_trainer_state.json"))["log_history"]
    exact = {row["step"]: row["loss"] for row in history if "loss" in row}
    assert values(trace, "loss") == {step: pytest.approx(loss, rel=1e-6) for step, loss in exact.items()}
    assert lasts(trace)["mean_loss"] == pytest.approx(6.510803004969722, rel=1e-6)
    assert trace.origin is Origin.SINGLE_PRECISION


def test_lightnings_file_agrees_with_its_table() -> None:
    """Lightning's logger counts from 0, wherever its version_N lies; its table tells the same losses."""
    data = fixture("tensorboard/lightning-2.6.tfevents")
    for name in ("r/tb/version_0/events.out.tfevents.1", "r/elsewhere/events.out.tfevents.1"):
        found = values(file_trace(read_events, data, name), "loss")
        assert found[24] == pytest.approx(0.0010111464653164148, rel=1e-6)
        assert list(found) == [4, 8, 12, 16, 20, 24]


def test_scalars_in_tensors_are_read() -> None:
    """Torch's new style and TensorFlow 2 keep a scalar in a tensor."""
    trace = file_trace(read_events, fixture("tensorboard/torch-2.13-tensors.tfevents"), NAME)
    assert values(trace, "loss") == {step: pytest.approx(1 / step, rel=1e-6) for step in range(1, 6)}
    assert values(trace, "learning_rate")[5] == pytest.approx(0.005, rel=1e-6)


def test_the_hparams_plugins_parameters_are_read() -> None:
    """What a program told the plugin is a tracker's word; whole numbers are integers again."""
    trace = file_trace(read_events, fixture("tensorboard/torch-2.13-hparams.tfevents"), NAME)
    told = {name: fact.value for name, fact in trace.parameters.items()}
    assert told == {"lr": 0.001, "rank": 4, "name": "x", "flag": True}
    assert trace.parameters["lr"].source.where.startswith("event ")


def test_the_programs_steps_are_taken_as_they_are() -> None:
    """Event files below lightning_logs and those of NeMo have steps from 0, all others from 1."""
    data = record(scalar_event(4, ("train_loss", 0.5)))
    lightning = file_trace(read_events, data, "r/lightning_logs/version_0/events.out.tfevents.1")
    nemo = file_trace(read_events, record(scalar_event(4, ("reduced_train_loss", 0.5))), NAME)
    other = file_trace(read_events, data, NAME)
    assert [list(values(trace, "loss")) for trace in (lightning, nemo, other)] == [[5], [5], [4]]
    assert (lightning.trainer, lightning.trains, other.trainer, other.trains) == (
        "lightning",
        True,
        "tensorboard",
        False,
    )


def test_litgpts_steps_are_iterations() -> None:
    """LitGPT logs at iterations, which are in order but no optimizer steps."""
    data = record(scalar_event(8, ("iter_time", 0.1))) + record(scalar_event(8, ("loss", 2.5)))
    trace = file_trace(read_events, data, "out/logs/tensorboard/version_0/events.out.tfevents.1")
    assert trace.curves["loss"].counts_rows


def test_an_event_may_hold_several_values_and_a_first_step_none() -> None:
    """A summary of many values is read whole; step 0 is not written."""
    data = record(scalar_event(0, ("x", 1.0), ("lm-loss-training/lm loss", 2.0), ("lm loss validation", 3.0)))
    trace = file_trace(read_events, data, NAME)
    assert (values(trace, "loss"), values(trace, "val_loss")) == ({0: 2.0}, {0: 3.0})


@pytest.mark.parametrize(("tag", "losses"), [("train/loss", 1), ("train/grad_norm", 2)])
def test_a_damaged_event_ends_the_file(tag: str, losses: int) -> None:
    """A flipped bit breaks an event's sum; what came before stands, and nothing after it."""
    whole = bytearray(fixture(EVENTS))
    before = whole.index(tag.encode())
    at = whole.index(tag.encode(), before + 1) + len(tag) + 3
    whole[at] ^= 1
    trace = read_events(io.BytesIO(bytes(whole)), NAME)
    assert trace is not None
    assert len(trace.curves["loss"]) == losses


def test_large_events_are_passed_over() -> None:
    """Images and histograms between scalars cost a seek; one that was cut ends the file."""
    image = record(b"\x09" + bytes(8) + b"\x2a" + bytes(MOST_EVENT_BYTES))
    one, two = record(scalar_event(1, ("loss", 1.0))), record(scalar_event(2, ("loss", 0.5)))
    assert values(file_trace(read_events, one + image + two, NAME), "loss") == {1: 1.0, 2: 0.5}
    assert values(file_trace(read_events, one + image[:-9], NAME), "loss") == {1: 1.0}


def test_a_file_without_scalars_is_no_trace() -> None:
    """Many files hold nothing but their version."""
    assert read_events(io.BytesIO(record(b"\x09" + bytes(8) + b"\x1a\x0dbrain.Event:2")), NAME) is None


def test_the_checksum_is_castagnolis() -> None:
    """CRC-32C of "123456789" is 0xE3069283 (RFC 3720), of many records at once as of one."""
    assert crc32c(b"123456789") == 0xE3069283
    assert masked(0xE3069283) == ((0xE3069283 >> 15 | 0xE3069283 << 17) + 0xA282EAD8) & 0xFFFFFFFF
    data = bytes(range(200))
    starts = list(range(0, 180, 9))
    assert crc32c_of_each(data, starts, 9) == [crc32c(data[at : at + 9]) for at in starts]


def test_reading_a_megabyte_of_scalars_takes_no_time() -> None:
    """Twenty thousand scalars are read within a second, also on a busy machine."""
    data = b"".join(record(scalar_event(step, ("train/loss", 1.0))) for step in range(1, 20_000))
    began = time.process_time()
    trace = file_trace(read_events, data, NAME)
    assert time.process_time() - began < 1.0
    assert len(trace.curves["loss"]) == 19_999


def test_files_of_the_last_run_are_chosen() -> None:
    """Where several runs left files, all those of the run that wrote last are read."""
    assert chosen(
        "tensorboard",
        ["runs/a/events.out.tfevents.1", "runs/b/events.out.tfevents.2", "runs/b/events.out.tfevents.3"],
    ) == [
        "runs/b/events.out.tfevents.3",
        "runs/b/events.out.tfevents.2",
    ]


def test_a_run_that_also_wrote_below_its_directory_keeps_its_own_file() -> None:
    """What `add_hparams` wrote last, into a directory of its own, is the run's; not another process's."""
    own, below = "r/runs/x/events.out.tfevents.17.vm.20.0", "r/runs/x/17.5/events.out.tfevents.18.vm.20.1"
    assert sorted(chosen("tensorboard", [own, below])) == sorted([own, below])
    assert sorted(chosen("tensorboard", [below, own])) == sorted([own, below])
    other = "r/runs/x/18.5/events.out.tfevents.19.vm.21.0"
    assert chosen("tensorboard", [own, below, other]) == [other]
    beside = "r/runs/y/events.out.tfevents.19.vm.20.1"
    assert chosen("tensorboard", [own, beside]) == [beside]


def test_the_tags_of_pytorchs_own_examples_are_known() -> None:
    """`Loss/train` and `Loss/val` are what its documentation shows."""
    data = record(scalar_event(3, ("Loss/train", 0.5))) + record(scalar_event(3, ("Loss/val", 0.75)))
    trace = file_trace(read_events, data, NAME)
    assert (values(trace, "loss"), values(trace, "val_loss")) == ({3: 0.5}, {3: 0.75})


@pytest.mark.parametrize("data", [b"\0" * 4096, b"no events at all, but text\n", b"{" * 12])
def test_a_file_that_is_none_is_refused(data: bytes) -> None:
    """What does not begin with an event is named; what ends before its first event is only empty."""
    with pytest.raises(BadInput):
        read_events(io.BytesIO(data), NAME)
    assert read_events(io.BytesIO(data[:11]), NAME) is None
