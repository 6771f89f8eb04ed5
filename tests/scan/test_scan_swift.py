"""Read ms-swift's logging.jsonl of all its releases, and know it by what it says."""

import io
import json
from collections.abc import Iterable, Mapping

import pytest

from afterall.errors import BadInput
from afterall.scan.traces import Origin
from afterall.scan.trainers.ms_swift import read_logging
from scan.trace_reading import chosen, facts, file_trace, kinds, last_part, lasts, values

NAME = "out/v0-20260102-030405/logging.jsonl"
TOTALS: Mapping[str, object] = {
    "train_runtime": 90.5,
    "train_samples_per_second": 2.5,
    "train_steps_per_second": 0.25,
    "train_loss": 1.25,
    "epoch": 1.0,
}
LAST = {"best_metric": 0.5, "global_step": 30, "log_history": [{"loss": 9.0, "step": 1}], "memory": 19.0}


def lines(rows: Iterable[Mapping[str, object]]) -> bytes:
    """Return a file of these rows."""
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def row(step: int, loss: float, planned: int = 30, key: str = "global_step/max_steps") -> dict[str, object]:
    """Return a row as 3.x writes it."""
    return {
        "loss": loss,
        "grad_norm": 0.5,
        "learning_rate": 1e-05,
        "token_acc": 0.75,
        "epoch": step / 30,
        key: f"{step}/{planned}",
        "percentage": "50%",
        "memory(GiB)": 16.5,
        "train_speed(iter/s)": 0.25,
    }


def validation(step: int, loss: float) -> dict[str, object]:
    """Return a row of a validation."""
    return {
        "eval_loss": loss,
        "eval_token_acc": 0.5,
        "eval_runtime": 2.0,
        "epoch": step / 30,
        "global_step/max_steps": f"{step}/30",
    }


WHOLE = [row(10, 2.5), validation(10, 2.25), row(20, 1.5), row(30, 0.5), validation(30, 0.75)]


def test_a_finished_run_is_read_with_its_steps_and_its_plan() -> None:
    """Each row tells its step; the record of the whole run at the end is none of them."""
    done = {**TOTALS, "global_step/max_steps": "30/30"}
    trace = file_trace(read_logging, lines([*WHOLE, done, LAST]), NAME)
    assert (trace.trainer, trace.origin) == ("ms_swift", Origin.METRICS_FILE)
    assert values(trace, "loss") == {10: 2.5, 20: 1.5, 30: 0.5}
    assert values(trace, "val_loss") == {10: 2.25, 30: 0.75}
    assert facts(trace) == {"global_step": 30, "planned_steps": 30}
    assert (kinds(trace), trace.is_resumed) == (["done_line"], False)
    told = lasts(trace)
    assert (told["mean_loss"], told["train_seconds"], told["epoch"]) == (1.25, 90.5, 1.0)
    assert (told["token_accuracy"], told["val_token_accuracy"]) == (0.75, 0.5)


def test_a_killed_run_is_not_done() -> None:
    """Without totals, and before the last planned step, nothing says that training came to its end."""
    trace = file_trace(read_logging, lines(WHOLE[:3]), NAME)
    assert (kinds(trace), facts(trace)) == ([], {"global_step": 20, "planned_steps": 30})


@pytest.mark.parametrize("key", ["steps[global_step/max_steps]", "iteration"])
def test_other_names_of_the_step_are_known(key: str) -> None:
    """2.3 put the names into brackets; Megatron-SWIFT counts iterations."""
    trace = file_trace(read_logging, lines([row(10, 2.5, key=key), row(30, 0.5, key=key)]), NAME)
    assert (values(trace, "loss"), kinds(trace)) == ({10: 2.5, 30: 0.5}, ["done_line"])


def test_the_oldest_rows_stand_twice_and_tell_no_plan() -> None:
    """2.0 wrote each row for each of two processes; its plan is nowhere in the file."""
    rows = [
        {
            "loss": loss,
            "learning_rate": 1e-05,
            "epoch": step / 30,
            "global_step": step,
            "train_speed(iter/s)": 1,
        }
        for step, loss in ((1, 3.0), (1, 3.0), (30, 0.5), (30, 0.5))
    ]
    trace = file_trace(read_logging, lines([*rows, {**TOTALS, "global_step": 30}]), NAME)
    assert values(trace, "loss") == {1: 3.0, 30: 0.5}
    assert (facts(trace), kinds(trace)) == ({"global_step": 30}, ["done_line"])


def test_a_run_that_resumed_keeps_what_it_did_not_train_again() -> None:
    """Steps of a dead leg behind the checkpoint are no longer the model's, nor are they reached."""
    trace = file_trace(read_logging, lines([*WHOLE, row(20, 1.75)]), NAME)
    assert values(trace, "loss") == {10: 2.5, 20: 1.75}
    assert values(trace, "val_loss") == {10: 2.25}
    assert (facts(trace)["global_step"], kinds(trace), trace.is_resumed) == (20, [], True)


def test_another_run_in_the_file_begins_from_nothing() -> None:
    """The first step again is a new run's, which resumed nothing."""
    trace = file_trace(read_logging, lines([*WHOLE, row(10, 4.0, planned=50)]), NAME)
    assert (values(trace, "loss"), facts(trace)) == ({10: 4.0}, {"global_step": 10, "planned_steps": 50})
    assert not trace.is_resumed


def test_its_own_trainers_of_policies_are_read() -> None:
    """Its GRPO is TRL's, and yet its own: rows tell speed and memory as no other trainer does."""
    rows = [{**row(10, 0.1), "reward": 0.5, "completions/mean_length": 20.0}]
    trace = file_trace(read_logging, lines(rows), NAME)
    assert (trace.trainer, lasts(trace)["reward"]) == ("ms_swift", 0.5)


def test_the_first_releases_rows_name_nobody() -> None:
    """A row without a plan, speed and memory may be any program's that builds upon HF's Trainer."""
    rows = [{"loss": 1.0, "learning_rate": 1e-05, "epoch": 1.0, "global_step": 30}]
    assert file_trace(read_logging, lines(rows), NAME).trainer == "huggingface"


ROW = "{'loss': 0.25, 'learning_rate': 7e-07, 'epoch': 0.01, 'global_step/max_steps': '1/176'}\n"


@pytest.mark.parametrize(
    "words",
    [
        "[INFO:swift] The logging file will be saved in: /u/out/v0-20250422-101811/logging.jsonl\n",
        "[2026-04-28 14:11:46] [INFO:swift] The logging file will be saved in: /u/logging.jsonl\n",
    ],
)
def test_its_logger_names_the_run(words: str) -> None:
    """The words with which a training begins are no other program's; its rows are those of HF's Trainer."""
    assert {trace.trainer for trace in last_part((words + ROW).encode()).traces} == {
        "ms_swift",
        "huggingface",
    }


@pytest.mark.parametrize(
    "words", ["[INFO:swift] Successfully registered 'x'\n", "The logging file will be saved in: x\n", ""]
)
def test_other_words_do_not_name_it(words: str) -> None:
    """Its tools for inference and export log too, and scripts of others print rows like its own."""
    assert {trace.trainer for trace in last_part((words + ROW).encode()).traces} == {"huggingface"}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b'{"user": "a", "assistant": "b"}\n',
        b'{"global_step": 10, "loss": 0.5}\n',
        b'{"global_step/max_steps": "10", "loss": 0.5}\n',
        b'{"global_step/max_steps": 10, "loss": 0.5}\n',
        b"[1]\nx\n",
    ],
)
def test_other_programs_files_of_that_name_say_nothing(data: bytes) -> None:
    """Without the step and the plan, or what the oldest release writes, a row is another program's."""
    assert read_logging(io.BytesIO(data), NAME) is None


def test_steps_that_go_back_without_end_are_refused() -> None:
    """Each time costs as much as the file holds; no run begins anew so often."""
    rows = [row(step, 1.0) for step in (10, 20) * 150]
    with pytest.raises(BadInput, match="goes back"):
        read_logging(io.BytesIO(lines(rows)), NAME)


def test_the_newest_file_is_chosen() -> None:
    """Each run has a directory of its own below the output directory."""
    paths = ["out/v0-1/logging.jsonl", "out/v1-2/logging.jsonl", "out/v1-2/logging.json"]
    assert chosen("ms_swift", paths) == ["out/v1-2/logging.jsonl"]


PRINTED = (
    "{{'{}': {}, 'grad_norm': 0.5, 'learning_rate': 1e-05, 'iteration': '{}/100', 'elapsed_time': '1m 2s', "
    "'remaining_time': '9m 18s', 'memory(GiB)': 56.75, 'train_speed(s/it)': 8.0}}\n"
)


def test_rows_of_its_megatron_are_read_as_they_are_printed() -> None:
    """They tell step and plan, a speed in seconds, and no epoch."""
    log = PRINTED.format("loss", 1.5, 10) + PRINTED.format("loss", 1.25, 20)
    log += "Train:  20%|## | 20/100 [01:02<04:10,  8.0s/it]" + PRINTED.format("eval_loss", 1.75, 20)
    (trace,) = last_part(log.encode()).traces
    assert (trace.trainer, values(trace, "loss"), values(trace, "val_loss")) == (
        "ms_swift",
        {10: 1.5, 20: 1.25},
        {20: 1.75},
    )
    assert facts(trace) == {"planned_steps": 100, "global_step": 20}
    told = lasts(trace)
    assert (told["steps_per_second"], told["peak_memory_reserved_gib"]) == (0.125, 56.75)


@pytest.mark.parametrize("text", ["'iteration': 'x'", "'step': 10", "'iteration': '10/100', 'epoch': 0.5"])
def test_others_printed_rows_are_none_of_its_megatron(text: str) -> None:
    """A speed alone is anybody's, and rows with an epoch are HF Trainer's."""
    log = f"{{'loss': 1.5, {text}, 'train_speed(s/it)': 8.0}}\n"
    assert "ms_swift" not in {trace.trainer for trace in last_part(log.encode()).traces}
