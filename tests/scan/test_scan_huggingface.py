"""Read HF Trainer: state files, result files, printed rows of two eras, metrics blocks, bars."""

import io
import json
import math

import pytest

from afterall.errors import BadInput
from afterall.scan.metrics import derive_metrics
from afterall.scan.trainers.huggingface_state import RESULT_FILES, STATE_FILES, read_results, read_state
from scan.run_making import entry, fixture
from scan.trace_reading import file_trace, last_part, parts_of, rows, trace_by, values

STATE = "huggingface/trainer_state.json"


def traces_of(data: bytes) -> dict[str, dict[str, object]]:
    """Return the facts of the HF Trainer's traces in the last part of a log, by origin."""
    return {t.origin.name: {**t.facts} for t in last_part(data).traces if t.trainer == "huggingface"}


def test_the_state_file_is_read_number_by_number() -> None:
    """Loss, validation, rates and progress are those of log_history, each at its step."""
    history = json.loads(fixture(STATE))["log_history"]
    trace = file_trace(read_state, fixture(STATE), "out/trainer_state.json")
    assert values(trace, "loss") == {row["step"]: row["loss"] for row in history if "loss" in row}
    assert values(trace, "val_loss") == {
        row["step"]: row["eval_loss"] for row in history if "eval_loss" in row
    }
    assert values(trace, "learning_rate") == {
        row["step"]: row["learning_rate"] for row in history if "loss" in row
    }
    facts = {name: fact.value for name, fact in trace.facts.items()}
    assert facts == {"global_step": 50, "planned_steps": 50, "epochs": 2.0, "planned_epochs": 2}


def test_the_mean_loss_is_never_the_last_one() -> None:
    """`train_loss` is the mean over the run, and stands apart from the last logged loss."""
    trace = file_trace(read_state, fixture(STATE), "out/trainer_state.json")
    assert [row.value for row in rows(trace, "mean_loss")] == [5.716825103759765]
    assert rows(trace, "loss")[-1].value == 5.624703979492187


def test_the_runtime_is_the_runs_not_a_rows() -> None:
    """Transformers 5 writes the runtime so far into every row; only the totals' counts."""
    trace = file_trace(read_state, fixture(STATE), "out/trainer_state.json")
    assert [row.value for row in rows(trace, "train_seconds")] == [2.1585]


def test_the_totals_are_evidence_and_a_checkpoints_state_has_none() -> None:
    """Totals stand only in the copy that is written at the end."""
    state = json.loads(fixture(STATE))
    state["log_history"].pop()
    kinds = [e.kind for e in file_trace(read_state, fixture(STATE), "s.json").evidence]
    assert kinds == ["done_line"]
    assert file_trace(read_state, json.dumps(state).encode(), "s.json").evidence == ()


def test_bare_nan_is_read() -> None:
    """NaN and Infinity as Python's json writes them are values."""
    state = b'{"log_history": [{"step": 1, "loss": NaN, "grad_norm": Infinity}], "global_step": 1}'
    trace = file_trace(read_state, state, "s.json")
    assert math.isnan(rows(trace, "loss")[0].value)
    assert rows(trace, "grad_norm")[0].value == math.inf


@pytest.mark.parametrize("cut", [0, 1, 100, -2])
def test_a_cut_state_is_refused(cut: int) -> None:
    """A state that was not written to its end is damaged, and says so."""
    with pytest.raises(BadInput, match=r"out/trainer_state\.json: is (empty|cut short)"):
        file_trace(read_state, fixture(STATE)[:cut], "out/trainer_state.json")


def test_a_hostile_state_gives_no_facts() -> None:
    """Values of wrong types and sizes are passed over, not trusted."""
    state = {
        "log_history": [
            1,
            None,
            {"step": "x", "loss": [1]},
            {"step": -5, "loss": True},
            {"loss": 1e400, "step": 10**30},
        ],
        "global_step": "many",
        "max_steps": -1,
        "epoch": {},
        "num_train_epochs": True,
    }
    trace = file_trace(read_state, json.dumps(state).encode(), "s.json")
    assert trace.facts == {}
    assert all(row.step < 0 for key in trace.curves for row in rows(trace, key))


def test_the_state_beside_the_weights_and_the_last_checkpoints_are_chosen() -> None:
    """Of many checkpoints' states only the furthest is read, by number and not by name."""
    paths = ["r/checkpoint-9/", "r/checkpoint-100/", "r/checkpoint-25/", "r/"]
    chosen = STATE_FILES.choose([entry(path + "trainer_state.json") for path in paths])
    assert [found.path for found in chosen] == ["r/trainer_state.json", "r/checkpoint-100/trainer_state.json"]


def test_result_files_within_checkpoints_are_not_the_runs() -> None:
    """Only results beside the weights tell of the whole run."""
    found = RESULT_FILES.choose([entry("r/checkpoint-9/all_results.json"), entry("r/all_results.json")])
    assert [e.path for e in found] == ["r/all_results.json"]


def test_result_files_give_totals() -> None:
    """all_results.json tells mean loss, validation and runtime, and that training ended."""
    trace = file_trace(read_results, fixture("huggingface/all_results.json"), "all_results.json")
    assert {key: rows(trace, key)[0].value for key in ("mean_loss", "val_loss", "train_seconds")} == {
        "mean_loss": 5.716825103759765,
        "val_loss": 5.621761798858643,
        "train_seconds": 2.1585,
    }
    assert [evidence.kind for evidence in trace.evidence] == ["done_line"]


@pytest.mark.parametrize(
    "document",
    [
        [{"loss": 12}],
        "text",
        12,
        None,
        {"loss": 12, "lr": 0.1, "reward": 3.0},
        {"model_a": {"acc": 0.5}, "train_loss": 0.5, "eval_accuracy": 0.9},
    ],
)
def test_result_files_of_other_programs_say_nothing(document: object) -> None:
    """Many programs have an all_results.json: a value of theirs is none of the run's, nor is it damaged."""
    data = io.BytesIO(json.dumps(document).encode())
    assert read_results(data, "out/all_results.json") is None


def test_only_what_belongs_to_a_split_is_taken_of_a_result_file() -> None:
    """Values that another program added to the file are left alone."""
    data = json.dumps({"epoch": 1.0, "train_loss": 2.0, "train_runtime": 3.0, "loss": 12.0, "lr": 0.1})
    assert {*file_trace(read_results, data.encode(), "all_results.json").curves} == {
        "mean_loss",
        "train_seconds",
    }


@pytest.mark.parametrize("name", ["huggingface/whole-5.23.out", "huggingface/trl-5.23.out"])
def test_printed_rows_are_the_states_rounded(name: str) -> None:
    """Each row of the log is a row of the state with four digits, wherever a bar was glued to it."""
    state = STATE if "whole" in name else "huggingface/trl_trainer_state.json"
    exact = [row["loss"] for row in json.loads(fixture(state))["log_history"] if "loss" in row]
    trace = next(t for t in last_part(fixture(name)).traces if t.origin.name == "ROUNDED_LOG")
    assert [row.value for row in trace.curves["loss"].readings(None)] == [
        float(f"{loss:.4g}") for loss in exact
    ]
    assert trace.curves["loss"].rounding.significant == 4


def test_printed_rows_are_placed_by_their_epoch() -> None:
    """With the length of an epoch known, rows that tell no step get the state's steps."""
    trace = next(
        t for t in last_part(fixture("huggingface/whole-5.23.out")).traces if t.origin.name == "ROUNDED_LOG"
    )
    exact = values(file_trace(read_state, fixture(STATE), "s.json"), "loss")
    assert [row.step for row in trace.curves["loss"].readings(25)] == list(exact)


def test_raw_floats_of_older_releases_are_exact() -> None:
    """4.x prints numbers, NaN bare, and they count as exact."""
    log = b"{'loss': 1.5273, 'grad_norm': nan, 'learning_rate': 5e-05, 'epoch': 0.5}\n"
    trace = last_part(log).traces[0]
    assert (trace.origin.name, rows(trace, "loss")[0].value) == ("LOG", 1.5273)
    assert math.isnan(rows(trace, "grad_norm")[0].value)


def test_a_killed_run_tells_plan_and_progress_by_its_bar() -> None:
    """Without totals the first unfinished bar without a name counts the steps."""
    facts = traces_of(fixture("huggingface/killed-5.23.out"))["ROUNDED_LOG"]
    assert {name: fact.value for name, fact in facts.items()} == {"global_step": 22, "planned_steps": 75}  # type: ignore[attr-defined]


def test_a_bar_over_the_dataset_is_not_the_trainings() -> None:
    """With totals known, the bar that fits them counts, not a full one before nor a validation's after."""
    log = (
        "\r100%|##| 8/8 [00:01<00:00, 9.0it/s]\n"
        "\r  0%|  | 0/50 [00:00<?, ?it/s]\r100%|##| 50/50 [00:02<00:00, 9.0it/s]\n"
        "{'loss': '5.0', 'epoch': '2'}\n"
        "{'train_runtime': '2.3', 'train_samples_per_second': '347.8', 'train_steps_per_second': '21.74', "
        "'train_loss': '5.8', 'epoch': '2'}\n\r100%|##| 12/12 [00:01<00:00, 9.0it/s]\n"
    )
    facts = traces_of(log.encode())["ROUNDED_LOG"]
    assert {name: fact.value for name, fact in facts.items()} == {"global_step": 50, "planned_steps": 50}  # type: ignore[attr-defined]


def test_the_banner_tells_the_plan() -> None:
    """`***** Running training *****` and what follows it tell planned epochs and steps."""
    log = (
        b"***** Running training *****\n  Num examples = 400\n  Num Epochs = 3\n"
        b"  Total optimization steps = 1,075\n"
    )
    facts = traces_of(log)["LOG"]
    assert {name: fact.value for name, fact in facts.items()} == {"planned_epochs": 3, "planned_steps": 1075}  # type: ignore[attr-defined]


@pytest.mark.parametrize("rank", ["", "[RANK 0] "])
def test_a_scripts_banner_tells_the_plan(rank: str) -> None:
    """The logger of accelerate's scripts stands before it, since accelerate 1.13 with the rank."""
    head = f"11/26/2026 05:15:11 - INFO - __main__ - {rank}"
    log = (
        f"{head}***** Running training *****\n{head}  Num Epochs = 2\n{head}  Total optimization steps = 40\n"
        "\r  0%|          | 0/40 [00:00<?, ?it/s]\r100%|##########| 40/40 [00:03<00:00, 12.9it/s]\n"
    )
    facts = traces_of(log.encode())["LOG"]
    told = {"planned_epochs": 2, "planned_steps": 40, "global_step": 40}
    assert {name: fact.value for name, fact in facts.items()} == told  # type: ignore[attr-defined]


def test_runs_that_follow_each_other_are_told_apart() -> None:
    """Training that goes on after its totals is another run: only the last one's numbers count."""
    total = (
        "{{'train_runtime': {t}, 'train_samples_per_second': 0.7, 'train_steps_per_second': 0.7, "
        "'train_loss': {l}, 'epoch': 1.0}}\n"
    )
    log = (
        "{'loss': 3.0, 'epoch': 0.5}\n"
        + total.format(t=11.2, l=1.52)
        + "{'loss': 2.0, 'epoch': 0.5}\n"
        + total.format(t=9.3, l=1.5)
    )
    part = last_part(log.encode())
    assert part.restarts == 1
    assert [row.value for row in rows(part.traces[0], "loss")] == [2.0]
    assert [row.value for row in rows(part.traces[0], "mean_loss")] == [1.5]


def _rows_of(epochs: list[float]) -> bytes:
    return "".join(f"{{'loss': '{9 - e}', 'grad_norm': '1', 'epoch': '{e:.4g}'}}\n" for e in epochs).encode()


TOTALS = b"{'train_runtime': '2', 'train_steps_per_second': '4', 'train_loss': '3', 'epoch': '2'}\n"


@pytest.mark.parametrize(
    ("epochs", "kept", "is_resumed"),
    [
        ([0.25, 0.5, 0.75, 1.0], [0.25, 0.5, 0.75, 1.0], False),
        ([1.25, 1.5, 1.75], [1.25, 1.5, 1.75], True),
        ([0.25, 0.5, 0.75, 1.0, 0.75], [0.25, 0.5, 0.75], True),
        ([0.25, 0.5, 0.75, 0.25, 0.5], [0.25, 0.5], False),
        ([0.01, 0.01, 0.02, 0.02], [0.01, 0.01, 0.02, 0.02], False),
    ],
)
def test_a_run_that_resumed_goes_on_from_its_checkpoint(
    epochs: list[float], kept: list[float], *, is_resumed: bool
) -> None:
    """What an earlier leg did beyond the checkpoint is done again; a new beginning counts alone."""
    trace = trace_by("huggingface", _rows_of(epochs))
    assert [row.epoch for row in rows(trace, "loss")] == kept
    assert trace.is_resumed is is_resumed


def test_the_trainers_clock_of_a_resumed_run_is_not_believed() -> None:
    """The totals divide the whole run's steps by the time since it was resumed."""
    names = {"train_seconds", "steps_per_second", "mean_loss"}
    whole = last_part(_rows_of([0.5, 1.0, 1.5, 2.0]) + TOTALS).traces
    resumed = last_part(_rows_of([1.5, 2.0]) + TOTALS).traces
    assert derive_metrics(whole, None).keys() >= names
    assert not derive_metrics(resumed, None).keys() & names
    assert derive_metrics(resumed, None)["final_loss"].value == 7.0


def test_a_validation_after_the_totals_is_no_new_run() -> None:
    """`trainer.evaluate()` after training belongs to it."""
    log = (
        b"{'train_runtime': 9.0, 'train_steps_per_second': 1.0, 'train_loss': 1.5, 'epoch': 1.0}\n"
        b"{'eval_loss': 1.2, 'epoch': 1.0}\n"
    )
    part = last_part(log)
    assert part.restarts == 0
    assert [row.value for row in rows(part.traces[0], "val_loss")] == [1.2]


def test_metrics_blocks_are_read() -> None:
    """The block's times are seconds, its train_loss a mean, its units as TB or GF no numbers."""
    trace = next(
        t
        for t in last_part(fixture("huggingface/whole-5.23.out")).traces
        if t.origin.name == "TERMINAL_SUMMARY"
    )
    found = {key: rows(trace, key)[0].value for key in trace.curves}
    assert found == {
        "tokens": 23200.0,
        "mean_loss": 5.7168,
        "train_seconds": 2.15,
        "samples_per_second": 370.633,
        "steps_per_second": 23.165,
        "val_loss": 5.6218,
    }


def test_a_long_runtime_in_a_block_is_read() -> None:
    """Runtimes of days are printed with words."""
    log = b"***** train metrics *****\n  train_loss    =  1.5\n  train_runtime = 1 day, 2:03:04.50\nwords\n"
    trace = last_part(log).traces[0]
    assert rows(trace, "train_seconds")[0].value == 93784.5


def test_a_block_of_training_tells_its_epochs() -> None:
    """A run of few steps prints no row: its block alone says how long it trained; validation's does not."""
    block = (
        b"***** train metrics *****\n  epoch      = 3.0\n  train_loss = 1.7396\n  train_runtime = 0:01:00.0\n"
    )
    (part,) = parts_of(block)
    assert [fact.value for t in part.traces for name, fact in t.facts.items() if name == "epochs"] == [3.0]
    (part,) = parts_of(block.replace(b"train", b"eval"))
    assert not any(t.facts for t in part.traces)


UNSLOTH = rb"""==((====))==  Unsloth - 2x faster free finetuning | Num GPUs used = 1
   \\   /|    Num examples = 10,000 | Num Epochs = 2 | Total steps = 1,250
O^O/ \_/ \    Batch size per device = 2 | Gradient accumulation steps = 4
"""


def test_unsloths_banner_tells_the_plan() -> None:
    """Unsloth draws epochs and steps into one line of its banner."""
    facts = traces_of(UNSLOTH + b"{'loss': 1.5, 'epoch': 0.01}\n")["LOG"]
    told = {name: getattr(fact, "value", None) for name, fact in facts.items()}
    assert told == {"planned_epochs": 2, "planned_steps": 1250}


SWIFT = b"""\
Train:   0%|          | 0/176 [00:00<?, ?it/s]
{'loss': 0.25, 'learning_rate': 7e-07, 'epoch': 0.01, 'global_step/max_steps': '1/176', 'percentage': '0.57%'}

Train:   1%|          | 1/176 [00:07<20:25,  7.00s/it]
{'loss': 0.2, 'learning_rate': 6e-07, 'epoch': 0.06, 'global_step/max_steps': '10/176', 'percentage': '5.68%'}
{'eval_loss': 0.3, 'eval_runtime': 3.0, 'epoch': 0.06, 'global_step/max_steps': '10/176'}
"""


def test_rows_that_tell_their_steps_are_placed_there() -> None:
    """Rows of ms-swift say step and plan; its bars, which have a name, need not be understood."""
    trace = next(t for t in last_part(SWIFT).traces if t.trainer == "huggingface")
    assert (values(trace, "loss"), values(trace, "val_loss")) == ({1: 0.25, 10: 0.2}, {10: 0.3})
    assert {name: fact.value for name, fact in trace.facts.items()} == {
        "global_step": 10,
        "planned_steps": 176,
    }


def test_rows_of_which_some_tell_no_step_have_none() -> None:
    """Where a row without a step stands among others, no row's step is believed."""
    mixed = SWIFT + b"{'loss': 0.1, 'epoch': 0.07}\n"
    trace = next(t for t in last_part(mixed).traces if t.trainer == "huggingface")
    assert {row.step < 0 for row in rows(trace, "loss")} == {True}


def test_words_of_other_programs_are_no_rows() -> None:
    """A dictionary without a loss, and a sentence with braces, are nothing."""
    assert (
        parts_of(b"{'a': 1, 'b': 2}\nfit progress: (2, 3.02, {'cen_accuracy': 0.099125}, 270.9)\n")[-1].traces
        == ()
    )


def test_non_trainable_parameters_are_not_pefts_line() -> None:
    """Lightning's summary of parameters does not make a run HF's."""
    assert parts_of(b"Non-trainable params: 0\n")[-1].traces == ()


@pytest.mark.parametrize("late", [-2, -1, 0, 1, 2])
def test_rows_of_several_nodes_count_once(late: int) -> None:
    """Without bars each node prints all rows, and totals with its own runtime; one may be rows behind."""
    printed = [
        b"{'loss': %d.5, 'learning_rate': 2e-05, 'epoch': %d.0}" % (9 - epoch, epoch) for epoch in range(1, 9)
    ]
    printed[3:3] = [b"{'eval_loss': 4.25, 'eval_runtime': 3.0, 'epoch': 3.0}"]
    totals = [b"{'train_runtime': %d.0, 'train_loss': 5.0, 'epoch': 8.0}" % seconds for seconds in (60, 61)]
    nodes = [[*printed, total] for total in totals]
    order = sorted((at + late * node, node, line) for node in (0, 1) for at, line in enumerate(nodes[node]))
    part = last_part(b"".join(b"%d: %s\n" % (node, line) for _, node, line in order))
    (trace,) = part.traces
    assert (part.restarts, trace.is_resumed) == (0, False)
    assert [row.value for row in rows(trace, "loss")] == [9.5 - epoch for epoch in range(1, 9)]
    assert [row.value for row in rows(trace, "val_loss")] == [4.25]
    assert [evidence.kind for evidence in trace.evidence] == ["done_line"]


def test_totals_of_nodes_that_nothing_tells_apart_are_no_restart() -> None:
    """Each prints all rows, and totals with its own mean of the steps since the last row."""
    printed = [b"{'loss': %d.5, 'learning_rate': 2e-05, 'epoch': %d.0}" % (9 - e, e) for e in range(1, 5)]
    totals = [b"{'train_runtime': 60.0, 'train_loss': %s, 'epoch': 4.0}" % mean for mean in (b"5.0", b"5.01")]
    part = last_part(b"\n".join([*(row for row in printed for _ in (0, 1)), *totals, b""]))
    assert part.restarts == 0
    assert {row.value for row in rows(part.traces[0], "loss")} == {8.5, 7.5, 6.5, 5.5}
    assert [evidence.kind for evidence in part.traces[0].evidence] == ["done_line"]


def test_a_second_nodes_totals_are_no_restart() -> None:
    """Where nothing labels the lines, all that differs is the node's own runtime."""
    again = TOTALS.replace(b"'train_runtime': '2'", b"'train_runtime': '2.1'")
    assert again != TOTALS
    rows_ = _rows_of([0.5, 1.0, 1.5, 2.0])
    part = last_part(rows_ + TOTALS + rows_.splitlines(keepends=True)[-1] + again)
    assert part.restarts == 0
    assert [row.value for row in rows(part.traces[0], "loss")] == [8.5, 8.0, 7.5, 7.0]
