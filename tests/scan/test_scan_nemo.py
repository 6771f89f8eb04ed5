"""Read NeMo's progress lines, bars and files."""

from afterall.scan.trainers.nemo import read_git_info
from scan.trace_reading import chosen, facts, file_trace, lasts, trace_by, values


def line(step: int, validation: str = "", iteration: int | None = None, total: int = 99) -> str:
    """Return a line of NeMo 2 after the step of this index."""
    iteration = step if iteration is None else iteration
    return (
        f"Training epoch 0, iteration {iteration}/{total} | lr: 2.9e-05 | global_batch_size: 8 | "
        f"global_step: {step} | reduced_train_loss: 2.{step} | train_step_timing in s: 2.0 | "
        f"tokens_per_sec_per_gpu: 6.859e+03 | consumed_samples: 200{validation}\n"
    )


def test_steps_are_counted_from_zero() -> None:
    """Iteration 24 of a last one, 99, is the 25th of 100."""
    trace = trace_by("nemo", line(24).encode())
    assert values(trace, "loss") == {25: 2.24}
    assert facts(trace) == {"planned_steps": 100, "global_step": 25}
    assert lasts(trace)["tokens_per_second_per_gpu"] == 6859.0
    assert lasts(trace)["steps_per_second"] == 0.5


def test_iterations_of_2024_are_counted_from_one() -> None:
    """Where the iteration is one more than the step, the plan is what is printed."""
    assert facts(trace_by("nemo", line(24, iteration=25, total=100).encode()))["planned_steps"] == 100


def in_epoch(epoch: int, step: int, iteration: int) -> str:
    """Return a line of a later epoch, in which iterations are counted anew."""
    return line(step, iteration=iteration).replace("epoch 0", f"epoch {epoch}")


def test_the_plan_stays_where_iterations_begin_anew() -> None:
    """Of a run that goes through its data again, iteration 0 of a last one, 99, is still one of 100."""
    trace = trace_by("nemo", (line(18) + in_epoch(1, 19, 0) + in_epoch(1, 29, 10)).encode())
    assert facts(trace) == {"planned_steps": 100, "global_step": 30}


def test_an_epochs_length_is_no_plan() -> None:
    """Without `max_steps` lines count to the end of an epoch: steps beyond it show that it is no plan."""
    trace = trace_by("nemo", (line(98) + line(99) + in_epoch(1, 100, 0) + in_epoch(1, 101, 1)).encode())
    assert facts(trace) == {"global_step": 102}


def test_a_log_that_begins_in_a_later_epoch_tells_no_plan() -> None:
    """Which of the two ways of counting it is, only the first epoch tells."""
    assert facts(trace_by("nemo", in_epoch(1, 29, 10).encode())) == {"global_step": 30}


def test_skypilots_prefix_hides_no_line() -> None:
    """It names task and process before each line."""
    assert facts(trace_by("nemo", f"(pretraining, pid=4112) {line(24)}".encode()))["planned_steps"] == 100


def test_a_validation_belongs_to_the_step_before_the_line_that_first_tells_it() -> None:
    """`val_loss` stays on every line until the next validation."""
    log = "".join(
        [
            line(0),
            line(1),
            line(2, " | val_loss: 2.9"),
            line(3, " | val_loss: 2.9"),
            line(4, " | val_loss: 2.8"),
        ]
    )
    assert values(trace_by("nemo", log.encode()), "val_loss") == {2: 2.9, 4: 2.8}


def test_a_validation_among_averages_is_left_alone() -> None:
    """Where only some steps are printed, what is printed are means over them."""
    log = line(9) + line(19, " | val_loss: 1.45")
    assert "val_loss" not in trace_by("nemo", log.encode()).curves


def test_bars_tell_last_values_and_no_step() -> None:
    """NeMo 1 prints `global_step=2e+3`, which is no step."""
    log = (
        "\rEpoch 0: 10%|# | 20/200 "
        "[00:01<00:10, reduced_train_loss=2.600, global_step=2e+3, val_loss=2.800]\n"
    )
    trace = trace_by("nemo", log.encode())
    assert (lasts(trace), facts(trace)) == ({"loss": 2.6, "val_loss": 2.8}, {})


def test_a_bar_that_other_words_follow_is_read() -> None:
    """A save's message stands right behind the last bar."""
    log = (
        "\rEpoch 0: : 100%|##| 200/200 [00:10<00:00, reduced_train_loss=0.139, global_step=199.0, "
        "val_loss=0.212][NeMo I 2024-06-17 08:36:41 nlp_overrides:480] Removing checkpoint: /r/x.ckpt\n"
    )
    assert lasts(trace_by("nemo", log.encode())) == {"loss": 0.139, "val_loss": 0.212}


def test_the_commit_is_read() -> None:
    """git-info.log begins with the commit; a file that begins otherwise tells none."""
    data = b"commit hash: 0123456789abcdef0123456789abcdef01234567\ndiff --git a/x b/x\n"
    trace = file_trace(read_git_info, data, "git-info.log")
    assert trace.provenance["git_commit"].value == "0123456789abcdef0123456789abcdef01234567"
    assert chosen("nemo", ["r/git-info.log", "r/cmd-args.log"]) == ["r/git-info.log"]
    assert read_git_info(__import__("io").BytesIO(data[:40]), "git-info.log") is None
