"""Read the JSON lines of verl's file logger, in full, whoever wrote beside them."""

import io
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from afterall.errors import BadInput
from afterall.model import LogFile
from afterall.scan.checkpoints import Examination
from afterall.scan.experiment import scan_experiment
from afterall.scan.traces import Origin, Trace
from afterall.scan.trainers.verl_file import read_metrics
from scan.run_making import experiment, lay_down
from scan.trace_reading import chosen, facts, file_trace, lasts, values

POLICY = {
    "actor/pg_loss": -0.002134567891,
    "actor/lr": 1e-06,
    "actor/entropy": 0.3175401234,
    "critic/rewards/mean": 0.9061234567,
    "response_length/mean": 330.4375,
    "perf/throughput": 1234.5678,
    "timing_s/step": 40.0,
    "training/global_step": 83,
}


def line(step: object, data: Any) -> bytes:
    """Return a row as orjson writes it."""
    return json.dumps({"step": step, "data": data}, separators=(",", ":")).encode() + b"\n"


def read(*rows: tuple[int, Mapping[str, object]], rest: bytes = b"") -> Trace:
    """Return the trace in a file of these rows."""
    return file_trace(read_metrics, b"".join(line(*row) for row in rows) + rest, "run/metrics.jsonl")


def test_rows_are_read_in_full() -> None:
    """A policy's numbers have all their digits, and the file counts as a logger's own."""
    trace = read((83, POLICY))
    assert lasts(trace) == {
        "policy_loss": -0.002134567891,
        "learning_rate": 1e-06,
        "entropy": 0.3175401234,
        "reward": 0.9061234567,
        "completion_length": 330.4375,
        "tokens_per_second_per_gpu": 1234.5678,
        "steps_per_second": 0.025,
    }
    assert (trace.trainer, trace.origin, facts(trace)) == ("verl", Origin.METRICS_FILE, {"global_step": 83})


def test_fine_tuning_validates_in_rows_of_their_own() -> None:
    """Its learning rate was once in thousandths; a validation is no step."""
    trace = read(
        (1, {"train/loss": 1.5, "train/lr(1e-3)": 0.02}),
        (1, {"val/loss": 1.25}),
        (2, {"train/loss": 1.0, "train/lr": 1e-05}),
    )
    assert (values(trace, "loss"), values(trace, "val_loss")) == ({1: 1.5, 2: 1.0}, {1: 1.25})
    assert values(trace, "learning_rate") == {1: pytest.approx(2e-05), 2: 1e-05}


def test_the_last_validation_is_told_with_its_step() -> None:
    """One before training is of step 0, which is no step."""
    trace = read(
        (0, {"val-core/gsm8k/acc/mean@1": 0.25}),
        (1, POLICY),
        (2, {**POLICY, "val-core/gsm8k/acc/mean@1": 0.5061, "val-aux/gsm8k/acc/std@4": 0.1}),
        (3, POLICY),
    )
    assert trace.validation is not None
    assert (trace.validation.checkpoint, trace.validation.metrics) == (
        "global_step_2",
        {"gsm8k/acc/mean@1": 0.5061},
    )
    assert (facts(trace), [*values(trace, "reward")]) == ({"global_step": 3}, [1, 2, 3])


@pytest.mark.parametrize("written", [b"null", b"NaN"])
def test_a_loss_that_was_no_number_is_nan(written: bytes) -> None:
    """Null is orjson's word for it; a copy of verl that writes with `json` says NaN."""
    trace = read((1, {"train/loss": 1.5}), rest=b'{"step":2,"data":{"train/loss":' + written + b"}}\n")
    assert math.isnan(values(trace, "loss")[2])


def test_infinity_is_one() -> None:
    """As `json` writes it."""
    assert values(read((1, {"actor/grad_norm": math.inf})), "grad_norm") == {1: math.inf}


def test_a_last_line_that_was_cut_tells_nothing() -> None:
    """Cut within a number, which would else be another one."""
    whole = line(2, {"train/loss": 1.25})
    trace = read((1, {"train/loss": 1.5}), rest=whole[: whole.index(b"25}")])
    assert values(trace, "loss") == {1: 1.5}


def test_what_a_resumed_run_trains_again_counts() -> None:
    """A copy that appends: of step 3 the later row, and of step 4, which it did not reach, none."""
    before = [(step, {"train/loss": float(step)}) for step in (1, 2, 3, 4)]
    trace = read(*before, (3, {"train/loss": 0.5}))
    assert (values(trace, "loss"), trace.is_resumed) == ({1: 1.0, 2: 2.0, 3: 0.5}, True)
    assert facts(trace) == {"global_step": 3}


def test_a_file_that_goes_back_without_end_is_no_runs() -> None:
    """Several programs wrote it at once."""
    rows = [(2 - at % 2, {"train/loss": 1.0}) for at in range(300)]
    with pytest.raises(BadInput, match="goes back"):
        read(*rows)


@pytest.mark.parametrize(
    "bad",
    [
        b"\xff\xfe\x00\n",
        b'{"step":2}\n',
        b'{"step":true,"data":{"train/loss":9.0}}\n',
        b'{"step":-2,"data":{"train/loss":9.0}}\n',
        b'{"step":1e30,"data":{"train/loss":9.0}}\n',
        b'{"step":2,"data":[["train/loss",9.0]]}\n',
        b'{"step":2,"data":{"train/loss":{"a":9.0},"val/loss":[1],"actor/lr":true}}\n',
        b'{"step":2,"data":{"step":7,"global_step":8,"loss":9.0}}\n',
        b"[" * 5000 + b"\n",
        b'{"step":2,"data":' * 3000 + b"\n",
    ],
)
def test_hostile_lines_hide_no_others(bad: bytes) -> None:
    """The rows on both sides of one are told, and nothing of it."""
    trace = read((1, {"train/loss": 1.5}), rest=bad + line(3, {"train/loss": 0.5}))
    assert values(trace, "loss") == {1: 1.5, 3: 0.5}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0" * 64,
        b'{"step":1,"loss":0.5}\n',
        b'{"step":1,"data":{"loss":0.5}}\n',
        b'{"messages":[],"data":{"train/loss":1.0}}\n',
        b'{"step":0,"data":{"val-core/gsm8k/acc/mean@1":0.5}}\n',
    ],
)
def test_other_files_are_left_alone(data: bytes) -> None:
    """Datasets, others' metrics, and what only validated."""
    assert read_metrics(io.BytesIO(data), "run/metrics.jsonl") is None


def test_it_is_found_under_any_name() -> None:
    """Its user names it; rollouts, samples and datasets are no metrics, however many there are."""
    rollouts = [f"run/rollout/{step}.jsonl" for step in range(50)]
    others = ["run/samples_gsm8k_1.jsonl", "run/val_set.jsonl", "run/trainer_log.jsonl"]
    paths = ["run/project/grpo.jsonl", "run/state/metrics.jsonl", *others, *rollouts]
    assert chosen("verl", paths) == ["run/state/metrics.jsonl", "run/project/grpo.jsonl"]


def test_of_several_starts_files_the_newest_is_read() -> None:
    """Scripts put the time of the start into the name."""
    paths = ["run/logs/grpo-1.metrics.jsonl", "run/logs/grpo-2.metrics.jsonl", "run/logs/api.jsonl"]
    assert chosen("verl", paths) == ["run/logs/grpo-2.metrics.jsonl", "run/logs/api.jsonl"]


def test_the_file_speaks_before_the_printed_rows(tmp_path: Path) -> None:
    """Its digits are told, no contradiction is seen in those that were rounded, and scores are its own."""
    score = "val-core/gsm8k/acc/mean@1"
    printed = "".join(
        f"step:{step} - actor/pg_loss:{loss:.3f} - critic/rewards/mean:0.906 - {score}:0.506\n"
        for step, loss in ((1, 0.51), (2, 0.25))
    )
    data = {"critic/rewards/mean": 0.9061234, score: 0.5061}
    files = {
        "a/slurm-7.out": printed.encode(),
        "a/logs/grpo.jsonl": line(1, {"actor/pg_loss": 0.5101234, **data})
        + line(2, {"actor/pg_loss": 0.2501234, **data}),
    }
    matched = experiment("a", lay_down(tmp_path, files), [LogFile("a/slurm-7.out")])
    found = scan_experiment(matched, Examination(tmp_path))
    assert found.metrics["final_policy_loss"].value == 0.2501234
    assert found.metrics["final_policy_loss"].source.file == "a/logs/grpo.jsonl"
    assert [own.metrics for own in found.evaluations if own.is_validation] == [{"gsm8k/acc/mean@1": 0.5061}]
    assert "sources_disagree" not in {finding.code.value for finding in found.findings}
