"""Read LLaMA-Factory's own log of its training."""

from afterall.scan.trainers.llamafactory import read_trainer_log
from scan.trace_reading import facts, file_trace, kinds, lasts, values

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


def test_the_accuracy_of_preferences_has_its_name() -> None:
    """What LLaMA-Factory calls accuracy is the share of pairs whose chosen answer has the higher reward."""
    row = b'{"current_steps": 10, "total_steps": 30, "loss": 0.69, "accuracy": 0.75, "epoch": 1.0}\n'
    assert values(file_trace(read_trainer_log, row, "t.jsonl"), "reward_accuracy") == {10: 0.75}


def test_a_second_run_in_llamafactorys_log_replaces_the_first() -> None:
    """Steps that begin anew are another run's; a resumed run goes on from where it went back to."""
    again = b'{"current_steps": 10, "total_steps": 30, "loss": 5.0}\n'
    trace = file_trace(read_trainer_log, LLAMA + again, "trainer_log.jsonl")
    assert (values(trace, "loss"), kinds(trace)) == ({10: 5.0}, [])
    resumed = b'{"current_steps": 20, "total_steps": 30, "loss": 5.0}\n'
    trace = file_trace(read_trainer_log, LLAMA + resumed, "t.jsonl")
    assert (values(trace, "loss"), facts(trace)["global_step"]) == ({10: 0.8548, 20: 5.0}, 20)
    assert (trace.is_resumed, kinds(trace)) == (True, [])
