"""Read YOLO's results.csv of all eras, and its words at start and end."""

import io
import math

import pytest

from afterall.scan.metrics import derive_metrics
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


def test_the_sum_has_no_unit() -> None:
    """Boxes and classes are no words: nobody says nats of them."""
    found = derive_metrics([file_trace(read_results, (HEADER + ROWS).encode(), "run/results.csv")], None)
    assert (found["final_loss"].unit, found["final_val_loss"].unit) == (None, None)


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


EPOCHS = "      Epoch    GPU_mem   box_loss   cls_loss   dfl_loss  Instances       Size\n"
CLASSES = "                 Class     Images  Instances      Box(P          R      mAP50  mAP50-95): {}\n"
ALL = "                   all        722       1444      0.500      0.250      0.750      0.125\n"
BARS = {
    "tqdm": "100%|██████████| 16/16 [00:05<00:00,  2.78it/s]",
    "since 2025": "100% ━━━━━━━━━━━━ 16/16 3.1it/s 5.2s",
}


def row(epoch: str, bar: str, losses: str = "      1.5       0.25       1.25") -> str:
    """Return an epoch's header and its bar."""
    return f"{EPOCHS}    {epoch}      6.73G {losses}         10        640: {bar}\n"


def rows_by_epoch(log: str, key: str) -> list[tuple[float, float]]:
    """Return the epochs and values of one curve of a log."""
    return [
        (row.epoch, row.value) for row in trace_by("ultralytics", log.encode()).curves[key].readings(None)
    ]


@pytest.mark.parametrize("bar", BARS.values(), ids=BARS)
def test_printed_rows_are_read_where_no_file_is_left(bar: str) -> None:
    """The last drawing of an epoch's bar has the losses' means, and the row below the scores."""
    half = row("1/3", bar, "      9.5       9.25       9.25").replace("100%", " 50%").replace("\n", "\r")
    log = (
        half
        + row("1/3", bar)
        + CLASSES.format(bar)
        + ALL
        + row("2/3", bar, "      1.0       0.25       1.25")
    )
    trace = trace_by("ultralytics", log.encode())
    assert rows_by_epoch(log, "loss") == [(1, 3.0), (2, 2.5)]
    assert trace.validation is not None
    assert trace.validation.metrics == {
        "precision(B)": 0.5,
        "recall(B)": 0.25,
        "mAP50(B)": 0.75,
        "mAP50-95(B)": 0.125,
    }


def test_the_best_weights_scores_are_not_the_last_epochs() -> None:
    """They are validated once more, below the last epoch."""
    again = (
        "3 epochs completed in 0.1 hours.\n" + CLASSES.format(BARS["tqdm"]) + ALL.replace("0.500", "0.999")
    )
    log = row("3/3", BARS["tqdm"]) + CLASSES.format(BARS["tqdm"]) + ALL + again
    trace = trace_by("ultralytics", log.encode())
    assert trace.validation is not None
    assert trace.validation.metrics["precision(B)"] == 0.5


def test_of_two_trainings_in_a_log_the_last_counts() -> None:
    """Each says first how many epochs there are to be."""
    begun = "Starting training for 3 epochs...\n"
    first = row("1/3", BARS["tqdm"]) + CLASSES.format(BARS["tqdm"]) + ALL + row("2/3", BARS["tqdm"])
    log = begun + first + begun + row("1/3", BARS["tqdm"], "      0.5       0.25       0.25")
    trace = trace_by("ultralytics", log.encode())
    assert rows_by_epoch(log, "loss") == [(1, 1.0)]
    assert (trace.validation, last_part(log.encode()).restarts) == (None, 1)


def test_yolov5s_printed_epochs_begin_at_0() -> None:
    """It calls its second loss otherwise, and its columns of scores have no brackets."""
    log = row("0/2", BARS["tqdm"]).replace("cls_loss", "obj_loss") + ALL
    assert rows_by_epoch(log, "loss") == [(1, 3.0)]
    assert trace_by("ultralytics", log.encode()).validation is None


@pytest.mark.parametrize(
    "log",
    [
        row("1/3", BARS["tqdm"]).partition("\n")[2],
        row("1/3", BARS["tqdm"], "      1.5       0.25"),
        row("1/3", BARS["tqdm"], "      1.5       x       1.25"),
        CLASSES.format(BARS["tqdm"]) + ALL,
        EPOCHS,
    ],
)
def test_rows_that_are_not_understood_are_left_alone(log: str) -> None:
    """Without a header, with a number too few or none, and a validation alone."""
    assert "ultralytics" not in {trace.trainer for trace in last_part(log.encode()).traces}


def test_nan_in_a_printed_row_is_nan() -> None:
    """One part that diverged is the whole that did."""
    ((_, value),) = rows_by_epoch(row("1/3", BARS["tqdm"], "      1.5        nan       1.25"), "loss")
    assert math.isnan(value)
