"""Read YOLO's results.csv of all eras, and its words at start and end."""

import io
import math

import pytest

from afterall.scan.trainers.ultralytics import read_results
from scan.trace_reading import chosen, facts, file_trace, kinds, last_part, trace_by

HEADER = (
    "epoch,time,train/box_loss,train/cls_loss,train/dfl_loss,metrics/precision(B),metrics/mAP50-95(B),"
    "val/box_loss,val/cls_loss,val/dfl_loss,lr/pg0,lr/pg1\n"
)
ROWS = (
    "1,9.5,1.5,2.25,1.25,0.5,0.25,1.5,1.75,1.25,0.003,0.003\n2,19,1.25,2,1,0.75,0.5,1,1.5,1.25,0.002,0.002\n"
)


def by_epoch(data: str, key: str) -> list[tuple[float, float]]:
    """Return the epochs and values of one curve of a file of this text."""
    trace = file_trace(read_results, data.encode(), "run/results.csv")
    return [(row.epoch, row.value) for row in trace.curves[key].readings(None)]


def test_the_sum_of_the_losses_is_the_loss() -> None:
    """What is trained on is box, class and distribution together, each weighted already."""
    assert by_epoch(HEADER + ROWS, "loss") == [(1, 5.0), (2, 4.25)]
    assert by_epoch(HEADER + ROWS, "val_loss") == [(1, 4.5), (2, 3.75)]
    assert by_epoch(HEADER + ROWS, "learning_rate") == [(1, 0.003), (2, 0.002)]


def test_the_last_validation_is_told() -> None:
    """Precision and the like are the last epoch's scores, under the names they have there."""
    trace = file_trace(read_results, (HEADER + ROWS).encode(), "run/results.csv")
    assert trace.validation is not None
    assert trace.validation.metrics == {"precision(B)": 0.75, "mAP50-95(B)": 0.5}
    assert (trace.validation.is_validation, trace.validation.source.where) == (True, "line 3")
    assert facts(trace) == {"epochs": 2}


def test_columns_may_be_padded_and_epochs_begin_at_0() -> None:
    """As YOLOv5 and the first YOLOv8 wrote them."""
    old = (
        "      epoch,  train/box_loss, train/obj_loss, metrics/mAP_0.5, val/box_loss, x/lr0\n"
        "          0,             1.5,            0.5,            0.25,          2.5,  0.01\n"
        "          1,               1,            0.5,             0.5,         2.25, 0.009\n"
    )
    assert by_epoch(old, "loss") == [(1, 2.0), (2, 1.5)]
    assert by_epoch(old, "learning_rate") == [(1, 0.01), (2, 0.009)]


def test_a_classifier_has_one_loss() -> None:
    """Its only loss has no word before it."""
    data = "epoch,time,train/loss,metrics/accuracy_top1,val/loss,lr/pg0\n1,9.5,0.75,0.5,1.25,0.01\n"
    assert (by_epoch(data, "loss"), by_epoch(data, "val_loss")) == ([(1, 0.75)], [(1, 1.25)])


def test_nan_in_one_loss_is_nan_in_the_sum() -> None:
    """One part that diverged is the whole that did."""
    ((_, first), (_, last)) = by_epoch(HEADER + ROWS.replace("2,19,1.25,", "2,19,nan,"), "loss")
    assert (first, math.isnan(last)) == (5.0, True)


def test_rows_that_were_cut_tell_nothing() -> None:
    """A last row without its end, one with a cell too few, and one with words for numbers."""
    for bad in ("3,29,0.5,1,1,0.75", "3,29,0.5,1,1,0.75\n", "x" + ROWS[-30:], "3,29" + ",-" * 10 + "\n"):
        assert by_epoch(HEADER + ROWS + bad, "loss") == [(1, 5.0), (2, 4.25)]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        HEADER.encode(),
        b"epoch,train/loss,val/loss\n1,0.5,0.5\n",
        b"task,metrics/acc\narc,0.5\n",
        b"model,score\n\xff,1\n",
    ],
)
def test_other_tables_are_left_alone(data: bytes) -> None:
    """Scores of evaluations stand in files of this name, too."""
    assert read_results(io.BytesIO(data), "run/results.csv") is None


def test_the_newest_file_is_read() -> None:
    """Each start makes a directory of its own."""
    paths = ["run/train/results.csv", "run/train2/results.csv", "run/train2/args.yaml"]
    assert chosen("ultralytics", paths) == ["run/train2/results.csv"]


def test_words_at_start_and_end_are_evidence() -> None:
    """An early stop is an end, too: the epochs that were taken are told."""
    log = b"Starting training for 100 epochs...\n"
    (begun,) = last_part(log).traces
    assert (facts(begun), kinds(begun)) == ({"planned_epochs": 100}, [])
    done = trace_by("ultralytics", log + b"\n57 epochs completed in 0.123 hours.\n")
    assert (facts(done), kinds(done)) == ({"planned_epochs": 100, "epochs": 57}, ["done_line"])
    again = trace_by("ultralytics", log + b"57 epochs completed in 0.123 hours.\n" + log)
    assert (facts(again), kinds(again)) == ({"planned_epochs": 100}, [])
