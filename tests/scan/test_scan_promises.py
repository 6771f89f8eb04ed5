"""Say what a run promised to save, from its configuration and its log."""

from typing import Any

import pytest

from afterall.model import Fact, Scalar, Source
from afterall.scan.curves import Curve
from afterall.scan.promises import Promises, make_promises
from afterall.scan.traces import Origin, Trace

SOURCE = Source("config.yaml")


def facts(values: dict[str, Scalar]) -> dict[str, Fact]:
    """Return settings or metrics of one file."""
    return {key: Fact(value, SOURCE) for key, value in values.items()}


def log(rows: int = 2, **given: Any) -> Trace:
    """Return the trace of a log with so many rows of a loss."""
    curve = Curve("line {}")
    for row in range(rows):
        curve.add(row, 1.0, 10 * (row + 1))
    return Trace(
        **{
            "trainer": "huggingface",
            "origin": Origin.LOG,
            "file": "a.out",
            "curves": {"loss": curve},
            **given,
        }
    )


def promised(parameters: dict[str, Scalar], *traces: Trace) -> Promises:
    """Return what a run with these settings and traces promised."""
    return make_promises({}, facts(parameters), traces, None, is_completed=None)


@pytest.mark.parametrize(
    ("parameters", "saves_nothing"),
    [
        ({"save_strategy": "no"}, True),
        ({"save_strategy": False}, True),
        ({"trainer.enable_checkpointing": False}, True),
        ({"save_strategy": "epoch", "enable_checkpointing": True}, False),
        ({"save_steps": 0}, False),
        ({}, False),
    ],
)
def test_a_run_may_be_told_to_save_nothing(parameters: dict[str, Scalar], saves_nothing: bool) -> None:
    """Who asks for no checkpoint misses none."""
    assert promised(parameters).saves_nothing is saves_nothing


@pytest.mark.parametrize(
    ("parameters", "steps"),
    [
        ({"save_strategy": "steps", "save_steps": 25}, 25),
        ({"save_strategy": "epoch", "save_steps": 25}, None),
        ({"save_every_n_steps": 5}, 5),
        ({"train.save_interval": 100}, 100),
        ({"callbacks.0.save_top_k": -1, "callbacks.0.every_n_train_steps": 7}, 7),
        ({"callbacks.0.save_top_k": 3, "callbacks.0.every_n_train_steps": 7}, None),
        ({"a.save_top_k": -1, "a.every_n_train_steps": 7, "b.save_top_k": 1}, None),
        ({"save_top_k": -1}, None),
        ({"save_every_n_steps": "many"}, None),
    ],
)  # fmt: skip
def test_the_steps_between_two_saves(parameters: dict[str, Scalar], steps: int | None) -> None:
    """Each trainer's own word; Lightning's only where it keeps all that it saves."""
    assert promised(parameters).save_every_steps == steps


@pytest.mark.parametrize(
    ("parameters", "of_trace", "kept"),
    [
        ({"keep_last_n_checkpoints": 2}, {}, 2),
        ({"save_total_limit": 3}, {}, 3),
        ({}, {"checkpointer.keep_last_n_checkpoints": 4}, 4),
        ({"save_total_limit": None}, {"checkpointer.keep_last_n_checkpoints": None}, None),
        ({"save_total_limit": 0}, {}, None),
    ],
)
def test_how_many_are_kept(
    parameters: dict[str, Scalar], of_trace: dict[str, Scalar], kept: int | None
) -> None:
    """Torchtune says it in its log, among its checkpointer's paths."""
    assert promised(parameters, log(parameters=facts(of_trace))).keep_last == kept


@pytest.mark.parametrize(
    ("trace", "parameters", "began"),
    [
        (log(), {}, True),
        (log(), {"resume_from_checkpoint": False}, True),
        (log(), {"resume_from_checkpoint": True}, False),
        (log(), {"resume_from_checkpoint": "out/checkpoint-50"}, False),
        (log(is_resumed=True), {}, False),
        (log(rows=1), {}, False),
        (log(trains=False), {}, False),
        (log(origin=Origin.TRAINER_STATE), {}, False),
    ],
)
def test_only_a_log_shows_that_a_run_began_at_its_start(
    trace: Trace, parameters: dict[str, Scalar], began: bool
) -> None:
    """A trainer's state tells of all that was done before it was resumed, too."""
    assert promised(parameters, trace).began_at_start is began
