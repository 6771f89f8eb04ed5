"""Read Weights & Biases of all eras: the printed summary, the binary file, the summary file."""

import io
import json
import math
import re

import pytest

from afterall.errors import BadInput
from afterall.scan.trainers.wandb import read_summary
from afterall.scan.trainers.wandb_file import read_run
from afterall.scan.trainers.wandb_framing import records
from scan.run_making import fixture
from scan.trace_reading import file_trace, kinds, rows, trace_by, values
from scan.wandb_making import items, message, wandb_file

VERSIONS = ("0.17.9", "0.21.4", "latest")


def last_values(data: bytes) -> dict[str, float]:
    """Return the last value of each curve in wandb's printed summary."""
    trace = trace_by("wandb", data)
    return {key: rows(trace, key)[-1].value for key in trace.curves}


@pytest.mark.parametrize("version", VERSIONS)
def test_the_printed_summary_is_read(version: str) -> None:
    """Keys with spaces, aligned to the right, and values with five decimals, but for a rate rounded to 0."""
    data = fixture(f"wandb/{version}-plain.out")
    assert last_values(data) == {
        "loss": 0.13757,
        "peak_memory_active_gib": 18.77768,
        "peak_memory_alloc_gib": 18.7,
        "peak_memory_reserved_gib": 19.25,
        "tokens_per_second_per_gpu": 1234.61458,
        "val_loss": 0.31,
    }
    assert trace_by("wandb", data).facts["global_step"].value == 100


@pytest.mark.parametrize("version", VERSIONS)
def test_nan_and_infinity_are_values(version: str) -> None:
    """A diverged run's summary keeps its words."""
    found = last_values(fixture(f"wandb/{version}-nan.out"))
    assert math.isnan(found["loss"])
    assert found["grad_norm"] == math.inf


def test_a_value_names_its_line() -> None:
    """Each value of the block is placed in the log."""
    data = fixture("wandb/latest-plain.out")
    curve = trace_by("wandb", data).curves["loss"]
    line = data.split(b"\n").index(b"wandb:                      loss 0.13757") + 1
    assert curve.where(curve.readings(None)[-1]) == f"line {line}"


def test_keys_that_the_cap_dropped_are_not_invented() -> None:
    """Since 0.21.2 ten keys are printed: of a run with more, the others are missing, and so they stay."""
    assert last_values(fixture("wandb/0.17.9-many.out"))["loss"] == 0.13757
    assert last_values(fixture("wandb/latest-many.out")) == {}


@pytest.mark.parametrize("version", ["0.21.4", "latest"])
@pytest.mark.parametrize("kind", ["nofinish", "fail"])
def test_a_run_that_was_not_finished_prints_no_summary(version: str, kind: str) -> None:
    """Without `wandb.finish()` there is no block since 0.18, and no number of one."""
    assert last_values(fixture(f"wandb/{version}-{kind}.out")) == {}


def test_the_history_sparkline_is_not_the_summary() -> None:
    """The block above the summary has the same keys and no numbers."""
    data = fixture("wandb/latest-plain.out")
    cut = data[: data.index(b"wandb: Run summary:")]
    assert last_values(cut) == {}


def test_a_block_of_another_era_is_read() -> None:
    """0.8 to 0.12 print raw floats and wandb's own counters, in colour, after an upload's spinner."""
    data = (
        b"\x1b[34m\x1b[1mwandb\x1b[0m: - 0.005 MB of 0.005 MB uploaded\r\x1b[34m\x1b[1mwandb\x1b[0m: "
        b"Run summary:\n"
        b"\x1b[34m\x1b[1mwandb\x1b[0m:   train-loss 0.87\n"
        b"\x1b[34m\x1b[1mwandb\x1b[0m:   train/loss 0.8731856139250171\n"
        b"\x1b[34m\x1b[1mwandb\x1b[0m:     _runtime 12\n\x1b[34m\x1b[1mwandb\x1b[0m:\n"
    )
    assert last_values(data) == {"loss": 0.8731856139250171}


def test_other_ranks_do_not_break_the_block() -> None:
    """What another rank prints in the midst of a block, its own block even, is passed over."""
    block = fixture("wandb/latest-plain.out").split(b"\n")
    mixed = [line for each in block for line in (b"0: " + each, b"1: warning: slow", b"1: wandb:  loss 7.5")]
    assert last_values(b"\n".join(mixed)) == last_values(fixture("wandb/latest-plain.out"))


def test_of_several_runs_in_a_log_the_last_ones_block_counts() -> None:
    """A value that only an earlier run's block had is not the last run's."""
    first = b"wandb: Run summary:\nwandb:  val_loss 0.9\nwandb:      loss 0.8\nwandb: \n"
    second = b"wandb: Run summary:\nwandb:  loss 0.7\nwandb:    +1 ...\nwandb: \n"
    assert last_values(first + second) == {"loss": 0.7}


def test_ray_prefixes_do_not_hide_the_block() -> None:
    """A block that Ray prints for its actor is read."""
    data = fixture("wandb/latest-plain.out")
    prefixed = b"".join(b"(TaskRunner pid=132393) " + line + b"\n" for line in data.split(b"\n"))
    assert last_values(prefixed) == last_values(data)


def test_blank_lines_without_their_space_end_the_block() -> None:
    """Editors strip the space behind `wandb:`; the block ends there all the same."""
    data = fixture("wandb/latest-plain.out").replace(b"wandb: \n", b"wandb:\n") + b"wandb:  loss 9.0\n"
    assert last_values(data)["loss"] == 0.13757


def test_the_binary_history_is_read_in_full() -> None:
    """The offline file holds what the log rounds: every logged step, with all its digits."""
    trace = file_trace(read_run, fixture("wandb/run-torchtune.wandb"), "wandb/run-l3t2l8qm.wandb")
    log = values(trace_by("torchtune", fixture("torchtune/whole-0.6.out")), "loss")
    loss = values(trace, "loss")
    assert loss == {step: log[step] for step in range(5, 151, 5)}
    printed = values(trace_by("torchtune", fixture("torchtune/whole-0.6.out")), "val_loss")
    assert {step: round(value, 4) for step, value in values(trace, "val_loss").items()} == printed
    assert values(trace, "val_loss")[150] == 5.815873622894287
    assert trace.parameters["optimizer.lr"].value == 0.003
    assert trace.job_id == "1"
    assert trace.facts["train_seconds"].value == 17.321241309


def test_exit_codes_are_evidence() -> None:
    """A run that ended with an exception says so in its file, an unharmed one says 0."""
    failed = file_trace(read_run, fixture("wandb/run-failed.wandb"), "r.wandb").evidence
    sound = file_trace(read_run, fixture("wandb/run-torchtune.wandb"), "r.wandb").evidence
    assert [(e.kind, e.speaks_for, e.source.where) for e in failed] == [
        ("wandb_exit", False, "exit record, code 1")
    ]
    assert [(e.kind, e.speaks_for) for e in sound] == [("wandb_exit", True)]


def test_a_killed_run_has_no_exit_and_keeps_its_history() -> None:
    """Cut after its first block, as kill -9 leaves it, the file tells what it holds, and no exit."""
    whole = fixture("wandb/run-torchtune.wandb")
    trace = file_trace(read_run, whole[:32768], "r.wandb")
    assert [evidence.kind for evidence in trace.evidence] == ["no_wandb_exit"]
    assert 0 < len(rows(trace, "loss")) < 30


def test_a_run_that_was_killed_before_its_first_block_has_no_exit() -> None:
    """It writes seven bytes at once and all records later: what it left then tells that it was killed."""
    trace = file_trace(read_run, fixture("wandb/run-failed.wandb")[:7], "r/run-1.wandb")
    assert (trace.curves, kinds(trace)) == ({}, ["no_wandb_exit"])


@pytest.mark.parametrize("data", [b"", b":W&B", b"\0" * 100, b"no run of wandb at all\n"])
def test_a_file_that_is_no_runs_is_refused(data: bytes) -> None:
    """What does not begin as wandb's files do is named."""
    with pytest.raises(BadInput):
        read_run(io.BytesIO(data), "r/run-1.wandb")


def test_nan_in_the_history_is_kept() -> None:
    """Wandb writes NaN as a bare word, which is a value here."""
    trace = file_trace(read_run, fixture("wandb/run-nan.wandb"), "r.wandb")
    assert math.isnan(rows(trace, "loss")[-1].value)
    assert rows(trace, "grad_norm")[-1].value == math.inf


@pytest.mark.parametrize("step", [math.inf, math.nan, -1, 1e300, "x"])
def test_a_step_that_is_no_count_is_none(step: object) -> None:
    """The row keeps its loss, and the file all its others."""
    records = [
        message(2, items(1, {"_step": 4, "loss": 0.5})),
        message(2, items(1, {"_step": step, "loss": 0.25})),
    ]
    trace = file_trace(read_run, wandb_file(*records), "r.wandb")
    assert values(trace, "loss") == {5: 0.5}
    assert len(trace.curves["loss"]) == 2


def test_a_damaged_record_is_not_believed() -> None:
    """A byte flipped within a loss breaks its record's sum, and the value is left out."""
    whole = bytearray(fixture("wandb/run-torchtune.wandb"))
    at = whole.index(b"6.0174946784973145")
    whole[at] = ord("7")
    trace = file_trace(read_run, bytes(whole), "r.wandb")
    assert 7.0174946784973145 not in [row.value for row in rows(trace, "loss")]
    assert list(records(io.BytesIO(b"no wandb file"))) == []


def test_the_summary_file_is_read() -> None:
    """wandb-summary.json gives last values, the mean loss of HF Trainer under its own name."""
    summary = {
        "train/loss": 0.1379,
        "eval/loss": 0.2226,
        "train/global_step": 498,
        "train_runtime": 1165.08,
        "train_loss": 0.4836,
        "_runtime": 1189.7,
        "_wandb": {"runtime": 1189},
    }
    trace = file_trace(read_summary, json.dumps(summary).encode(), "wandb-summary.json")
    found = {key: rows(trace, key)[-1].value for key in trace.curves}
    assert found == {"loss": 0.1379, "val_loss": 0.2226, "mean_loss": 0.4836, "train_seconds": 1165.08}
    assert trace.facts["global_step"].value == 498


def test_a_loss_behind_thousands_of_other_values_is_found() -> None:
    """What a program tracks besides takes no loss's place, in the file as in the printed block."""
    others = {f"layer{number}/norm": 0.5 for number in range(5000)}
    trace = file_trace(read_summary, json.dumps({**others, "loss": 0.25}).encode(), "wandb-summary.json")
    printed = "".join(f"wandb: {key} {value}\n" for key, value in {**others, "loss": 0.25}.items())
    assert last_values(f"wandb: Run summary:\n{printed}wandb:\n".encode()) == {"loss": 0.25}
    assert {key: rows(trace, key)[-1].value for key in trace.curves} == {"loss": 0.25}


def test_a_loss_named_train_loss_is_the_last_one_elsewhere() -> None:
    """Lightning's `train_loss` is a step's loss: only beside HF's totals is it a mean."""
    trace = file_trace(read_summary, b'{"train_loss": 0.5, "trainer/global_step": 19}', "wandb-summary.json")
    assert (set(trace.curves), trace.facts["global_step"].value) == ({"loss"}, 20)


@pytest.mark.parametrize("key", ["step", "train/step", "train/global_step", "trainer/global_step"])
def test_the_key_of_a_summarys_step_is_its_place(key: str) -> None:
    """Whatever a program calls its step, the source names that key."""
    trace = file_trace(read_summary, json.dumps({"loss": 0.5, key: 7}).encode(), "wandb-summary.json")
    assert trace.facts["global_step"].source.where == f"key {key}"


def test_an_offline_summary_without_values_is_no_trace() -> None:
    """0.13 to 0.17 leave a summary with nothing but wandb's own entry."""
    assert read_summary(io.BytesIO(b'{"_wandb": {"runtime": 0}}'), "wandb-summary.json") is None


def test_the_printed_loss_is_the_histories_rounded() -> None:
    """The block and the binary file of one run agree within five decimals."""
    printed = re.search(rb"wandb: +loss (\S+)", fixture("torchtune/whole-0.6.out").split(b"Run summary:")[1])
    assert printed is not None
    exact = rows(file_trace(read_run, fixture("wandb/run-torchtune.wandb"), "r.wandb"), "loss")[-1].value
    assert abs(float(printed[1]) - exact) <= 0.5e-5
