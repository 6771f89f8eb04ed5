"""Take histories that unknown programs keep in tables, JSON lines and JSON documents."""

import io
import json
import math
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterall.scan.traces import Trace
from afterall.scan.trainers.plain_files import read_table
from afterall.scan.trainers.retracing import Retracing
from afterall.scan.trainers.rows import Rows
from scan.trace_reading import chosen, file_trace, last_part, lasts, values


def table(text: str, name: str = "run/training_log.csv") -> Trace:
    """Return what a table tells."""
    return file_trace(read_table, text.encode(), name)


def json_lines(rows: Sequence[Mapping[str, object]], name: str = "run/metrics.jsonl") -> Trace:
    """Return what JSON lines tell."""
    return file_trace(read_table, "".join(f"{json.dumps(row)}\n" for row in rows).encode(), name)


def document(value: object, name: str = "run/training_history.json") -> Trace | None:
    """Return what a JSON document tells, as most programs write it: indented, without an end of line."""
    return read_table(io.BytesIO(json.dumps(value, indent=2).encode()), name)


def logged(trace: Trace | None, key: str = "loss") -> list[float]:
    """Return the values of a curve in the order in which they are told."""
    assert trace is not None
    return [row.value for row in trace.curves[key].readings(None)] if key in trace.curves else []


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("Step,Training Loss,Validation Loss", ("loss", "val_loss")),
        ("Epoch,Train Loss,Val Loss", ("loss", "val_loss")),
        ("iteration,avg_loss,valid_loss", ("loss", "val_loss")),
        ("epoch,mean_loss,eval_losses", ("loss", "val_loss")),
        ("global step,total_loss,loss_val", ("loss", "val_loss")),
        ("epochs,train_epoch_loss,val_epoch_loss", ("loss", "val_loss")),
    ],
)
def test_columns_are_known_by_their_words(header: str, expected: tuple[str, str]) -> None:
    """Words that leave nothing open may stand beside "loss", in any spelling."""
    trace = table(f"{header}\n10,0.5,0.75\n20,0.25,0.625\n")
    assert [logged(trace, key) for key in expected] == [[0.5, 0.25], [0.75, 0.625]]


def test_an_agreed_name_counts_before_a_looser_one() -> None:
    """Beside the losses of steps a mean over the epoch is none of them, though in other rows."""
    trace = table("epoch,step,train_loss_epoch,train_loss_step\n0,3,,2.5\n0,7,,1.5\n0,7,2.0,\n1,11,,0.5\n")
    assert values(trace, "loss") == {3: 2.5, 7: 1.5, 11: 0.5}


@pytest.mark.parametrize("column", ["phase", "split", "mode", "event"])
def test_a_row_tells_itself_of_which_data_it_speaks(column: str) -> None:
    """A loss of a row about validation is no loss of training, one of a test none at all."""
    trace = table(
        f"epoch,{column},loss\n1,train,2.0\n1,val,2.25\n1,test,9.0\n2,train,1.5\n2,validation,1.75\n"
    )
    assert (logged(trace), logged(trace, "val_loss")) == ([2.0, 1.5], [2.25, 1.75])


def test_a_file_of_validation_holds_no_loss_of_training() -> None:
    """What a file is called counts for losses without a word of their own; a test's file is not read."""
    trace = json_lines([{"step": 10, "loss": 0.9}, {"step": 20, "loss": 0.8}], "run/eval_log.jsonl")
    assert (logged(trace), logged(trace, "val_loss")) == ([], [0.9, 0.8])
    assert chosen("plain", ["r/test_log.csv", "r/log_test.jsonl"]) == []
    both = table("epoch,loss,val_loss\n1,2.0,2.5\n2,1.0,1.5\n", "run/train_val_log.csv")
    assert (logged(both), logged(both, "val_loss")) == ([2.0, 1.0], [2.5, 1.5])


def test_objects_of_splits_are_looked_into() -> None:
    """In JSON lines, in a list, and in a log: each split's loss is its own."""
    rows = [
        {"epoch": at, "train": {"loss": 2.0 - at, "acc": 0.5}, "val": {"loss": 2.5 - at}} for at in (0, 1)
    ]
    trace = json_lines(rows, "run/history.jsonl")
    assert (logged(trace), logged(trace, "val_loss")) == ([2.0, 1.0], [2.5, 1.5])
    listed = file_trace(read_table, json.dumps(rows).encode(), "run/history.json")
    assert (logged(listed), logged(listed, "val_loss")) == ([2.0, 1.0], [2.5, 1.5])
    (printed,) = last_part("".join(f"{json.dumps(row)}\n" for row in rows).encode()).traces
    assert (logged(printed), logged(printed, "val_loss")) == ([2.0, 1.0], [2.5, 1.5])


def test_tables_of_timm_and_flair_are_read() -> None:
    """One is called a summary; the other's columns are parted by tabs."""
    timm = table("epoch,train_loss,eval_loss,eval_top1,lr\n0,2.5,2.0,9.5,0.1\n", "run/summary.csv")
    assert (logged(timm), logged(timm, "val_loss")) == ([2.5], [2.0])
    flair = table("EPOCH\tTIMESTAMP\tTRAIN_LOSS\tDEV_LOSS\n1\t10:00:00\t2.5\t2.0\n", "run/loss.tsv")
    assert (logged(flair), logged(flair, "val_loss")) == ([2.5], [2.0])
    assert chosen("plain", ["r/loss.tsv", "r/summary.csv", "r/data.tsv"]) == ["r/summary.csv", "r/loss.tsv"]


def test_of_runs_that_append_the_last_one_counts() -> None:
    """Where epochs begin anew the losses before are another run's, of training and of validation."""
    rows = [f"{epoch},{3 - epoch / 10},{4 - epoch / 10}\n" for epoch in (0, 1, 2)] + [
        "0,1.5,1.75\n",
        "1,1.25,1.5\n",
    ]
    trace = table("epoch,train_loss,val_loss\n" + "".join(rows))
    assert (logged(trace), logged(trace, "val_loss")) == ([1.5, 1.25], [1.75, 1.5])


def test_a_run_that_resumed_keeps_what_came_before_its_checkpoint() -> None:
    """Only what is trained again is forgotten."""
    trace = json_lines(
        [
            {"step": step, "loss": loss}
            for step, loss in ((10, 4.0), (20, 3.0), (30, 2.0), (20, 2.5), (40, 1.0))
        ]
    )
    assert values(trace, "loss") == {10: 4.0, 20: 2.5, 40: 1.0}


def test_steps_that_may_be_counted_in_each_epoch_are_not_told() -> None:
    """Two runs of equal length and two epochs look alike: the last values count, without a step."""
    trace = json_lines([{"step": step, "loss": float(at)} for at, step in enumerate([10, 20, 30, 10, 20])])
    assert values(trace, "loss") == {-1: 4.0}
    assert logged(trace) == [3.0, 4.0]
    longer = json_lines([{"step": step, "loss": float(at)} for at, step in enumerate([10, 20, 10, 20, 30])])
    assert values(longer, "loss") == {10: 2.0, 20: 3.0, 30: 4.0}


def test_steps_of_an_epoch_are_no_restarts() -> None:
    """Where the epoch goes up while the step goes back all rows are one run's, without a step."""
    trace = table(
        "epoch,step,loss\n" + "".join(f"{e},{s},{9 - 2 * e - s / 10}\n" for e in (0, 1) for s in (5, 10))
    )
    assert logged(trace) == [8.5, 8.0, 6.5, 6.0]
    assert set(values(trace, "loss")) == {-1}


def test_mmengine_and_mmcv_write_json_lines() -> None:
    """`scalars.json` counts steps over the run, mmcv's in each epoch; its rows tell their mode."""
    scalars = [{"lr": 1e-5, "loss": 3.0 - at, "epoch": 1, "iter": at, "step": at} for at in (1, 2)]
    trace = json_lines([*scalars, {"coco/bbox_mAP": 0.5, "step": 1}], "run/vis_data/scalars.json")
    assert values(trace, "loss") == {1: 2.0, 2: 1.0}
    old = [{"env_info": "x"}] + [
        {"mode": mode, "epoch": epoch, "iter": at, "lr": 1e-5, "loss": loss}
        for mode, epoch, at, loss in (("train", 1, 50, 2.0), ("val", 1, 7, 2.5), ("train", 2, 50, 1.5))
    ]
    trace = json_lines(old, "run/20230102_030405.log.json")
    assert (logged(trace), logged(trace, "val_loss")) == ([2.0, 1.5], [2.5])


HISTORY = {"loss": [2.5, 1.5, 0.5], "val_loss": [2.0, 1.0, 0.75], "accuracy": [0.1, 0.2, 0.3]}


@pytest.mark.parametrize(
    "value",
    [
        HISTORY,
        {"train_losses": [2.5, 1.5, 0.5], "val_losses": [2.0, 1.0, 0.75], "best": 0.75},
        {"train": {"loss": [2.5, 1.5, 0.5]}, "validation": {"loss": [2.0, 1.0, 0.75], "f1": [1, 2, 3]}},
        {"config": {"lr": 0.1}, "history": HISTORY},
        {"epochs": [1, 2, 3], "train_loss": [2.5, 1.5, 0.5], "val_loss": [2.0, 1.0, 0.75]},
        [{"epoch": at, "train_loss": 2.5 - at, "val_loss": [2.0, 1.0, 0.75][at]} for at in range(3)],
        {"history": [{"epoch": at, "loss": 2.5 - at, "val_loss": [2.0, 1.0, 0.75][at]} for at in range(3)]},
        {"step": [10, 20, 30], "train_loss": [2.5, 1.5, 0.5], "val_loss": [2.0, 1.0, 0.75]},
    ],
)
def test_a_document_holds_lists_or_rows(value: object) -> None:
    """Keras's history, and what others make of it."""
    trace = document(value)
    assert (logged(trace), logged(trace, "val_loss")) == ([2.5, 1.5, 0.5], [2.0, 1.0, 0.75])


def test_a_document_tells_steps_only_where_it_has_them() -> None:
    """A list of another length than the steps has none, nor has one without any beside it."""
    trace = document({"steps": [10, 20], "train_loss": [2.5, 1.5], "val_loss": [2.0]})
    assert trace is not None
    assert (values(trace, "loss"), values(trace, "val_loss")) == ({10: 2.5, 20: 1.5}, {-1: 2.0})
    trace = document(HISTORY)
    assert trace is not None
    assert (
        set(values(trace, "loss")),
        trace.curves["loss"].where(trace.curves["loss"].readings(None)[-1]),
    ) == (
        {-1},
        "entry [2]",
    )


def test_a_log_history_is_read_with_its_totals() -> None:
    """A script that dumps `trainer.state.log_history` keeps steps, and a mean that is no loss of a step."""
    rows = [
        {"eval_loss": 3.0, "epoch": 0, "step": 0},
        {"loss": 2.5, "learning_rate": 1e-4, "epoch": 1.0, "step": 5},
        {"eval_loss": 2.0, "epoch": 1.0, "step": 5},
        {"train_runtime": 9.0, "train_samples_per_second": 2.0, "train_loss": 2.5, "epoch": 1.0, "step": 5},
    ]
    trace = document(rows, "run/log_history.json")
    assert trace is not None
    assert (values(trace, "loss"), values(trace, "val_loss")) == ({5: 2.5}, {0: 3.0, 5: 2.0})
    assert (lasts(trace)["mean_loss"], lasts(trace)["train_seconds"]) == (2.5, 9.0)


def test_nan_in_a_history_is_a_value() -> None:
    """A diverged run's list ends with it."""
    trace = document({"loss": [2.5, math.nan]})
    assert math.isnan(logged(trace)[-1])


@pytest.mark.parametrize(
    "value",
    [
        {"loss": 0.5, "accuracy": 0.9},
        {"loss": [0.5]},
        {"text": ["a", "b"], "label": [1, 2]},
        {"predictions": [0.1, 0.2]},
        [{"text": "a", "label": 1}] * 30,
        [{"loss": 0.5}],
        [{"text": "a"}] * 30 + [{"loss": 0.5, "step": 1}] * 2,
        {"model": {"loss": [1.0, 2.0]}},
        {"loss": ["a", "b"]},
        [1, 2],
        "loss",
        None,
    ],
)
def test_other_documents_say_nothing(value: object) -> None:
    """One number is no history, and lists of anything else are none."""
    assert document(value, "run/metrics.json") is None


@given(
    st.recursive(
        st.none() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(
                st.sampled_from(["loss", "val_loss", "epoch", "step", "history", "train", "val", "x"]),
                inner,
                max_size=4,
            )
        ),
        max_leaves=20,
    )
)
def test_any_document_is_read_or_left_alone(value: object) -> None:
    """Whatever a document holds, reading it ends, and every value told is one of its numbers."""
    trace = document(value)
    assert trace is None or trace.curves


def test_tables_and_documents_do_not_push_each_other_out() -> None:
    """The metrics of many evaluations, written later, do not hide the table of the training."""
    documents = [f"r/eval_{at}/metrics.json" for at in range(4)]
    assert "r/log.csv" in chosen("plain", ["r/log.csv", *documents])


def test_going_back_without_end_is_no_run() -> None:
    """Programs that write one table at once are told from a run that began anew a few times."""
    retracing, rows = Retracing(), Rows("line {}")
    ends = []
    for _ in range(2):
        for step in (1, 2) * 60:
            retracing.at_step(step, rows)
        ends.append(retracing.is_endless)
    assert ends == [False, True]
    assert read_table(io.BytesIO(b"step,loss\n" + b"2,0.5\n1,0.5\n" * 150), "run/log.csv") is None
