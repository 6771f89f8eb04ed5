"""Read a run of LLaMA-Factory 0.9.1: its log, trainer_log.jsonl and card, against its state file."""

import json

import pytest

from afterall.scan.trainers.llamafactory import read_trainer_log
from afterall.scan.trainers.model_card import read_card
from scan.run_making import fixture
from scan.trace_reading import facts, file_trace, kinds, last_part, values

HISTORY = json.loads(fixture("llamafactory/sft-0.9.state.json"))["log_history"]


def exact(key: str) -> dict[int, float]:
    """Return what the state file has under a key, by step."""
    return {row["step"]: row[key] for row in HISTORY if key in row}


def test_the_log_names_it_and_places_its_rows() -> None:
    """Its loggers name the run; the rows are HF Trainer's, at the state's steps."""
    traces = last_part(fixture("llamafactory/sft-0.9.out")).traces
    assert "llamafactory" in [trace.trainer for trace in traces]
    printed = next(trace for trace in traces if "loss" in trace.curves)
    assert values(printed, "loss") == exact("loss")
    assert values(printed, "val_loss") == exact("eval_loss")
    assert facts(printed) == {"global_step": 32, "planned_steps": 32, "planned_epochs": 2}


def test_its_own_log_agrees_with_the_state() -> None:
    """trainer_log.jsonl has the state's losses, the plan, the throughput of all GPUs, and its end."""
    trace = file_trace(read_trainer_log, fixture("llamafactory/trainer_log-0.9.jsonl"), "trainer_log.jsonl")
    assert values(trace, "loss") == exact("loss")
    assert values(trace, "val_loss") == exact("eval_loss")
    assert values(trace, "tokens_per_second")[32] == 192.56
    assert values(trace, "tokens")[32] == 2048
    assert facts(trace) == {"global_step": 32, "planned_steps": 32}
    assert kinds(trace) == ["done_line"]


@pytest.mark.parametrize("lines", [1, 5, 11])
def test_its_own_log_of_a_killed_run_has_no_end(lines: int) -> None:
    """Cut after any line it tells how far training came, and of no end."""
    data = b"".join(fixture("llamafactory/trainer_log-0.9.jsonl").splitlines(keepends=True)[:lines])
    trace = file_trace(read_trainer_log, data, "trainer_log.jsonl")
    assert facts(trace)["planned_steps"] == 32
    assert (kinds(trace) == []) == (facts(trace)["global_step"] != 32)


def test_its_card_names_it() -> None:
    """The tag in the card counts more than the Trainer's own."""
    trace = file_trace(read_card, fixture("llamafactory/README-0.9.md"), "out/README.md")
    assert trace.trainer == "llamafactory"
    assert trace.provenance["version.peft"].value == "0.13.2"
