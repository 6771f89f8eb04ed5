"""Read the rows of MMEngine and mmcv, and nobody else's."""

import pytest

from afterall.scan.metrics import derive_metrics
from scan.trace_reading import facts, last_part, lasts, trace_by, values

AT = "2026/01/01 10:00:00 - mmengine - INFO - "
TOLD = (
    "lr: 2.0000e-05  eta: 1:20:07  time: 0.5000  data_time: 0.0100  memory: 2048  grad_norm: 0.7500  loss: {}"
)


def test_iterations_of_a_whole_run_have_a_plan() -> None:
    """XTuner's rows tell the iteration, of all of the run, and its speed and memory."""
    log = (
        f"{AT}Iter(train) [  10/5700]  {TOLD.format(2.25)}\n{AT}Iter(train) [5700/5700]  {TOLD.format(1.5)}\n"
    )
    trace = trace_by("mmengine", log.encode())
    assert values(trace, "loss") == {10: 2.25, 5700: 1.5}
    assert facts(trace) == {"planned_steps": 5700, "global_step": 5700}
    assert lasts(trace) == {
        "loss": 1.5,
        "learning_rate": 2e-05,
        "grad_norm": 0.75,
        "steps_per_second": 2.0,
        "peak_memory_alloc_gib": 2.0,
    }


def test_what_is_trained_on_may_be_any_loss() -> None:
    """A sum over boxes, masks and classes has no unit; of speed and memory it is known."""
    found = derive_metrics(
        [trace_by("mmengine", f"{AT}Iter(train) [ 10/10]  {TOLD.format(2.25)}\n".encode())], None
    )
    assert (found["final_loss"].unit, found["steps_per_second"].unit) == (None, "steps/s")


def test_several_iterations_may_make_a_step() -> None:
    """As the configuration says that is printed first, in whatever place; later words change nothing."""
    rows = "".join(f"{AT}Iter(train) [ {at}/5705]  {TOLD.format(2.25)}\n" for at in (10, 160, 5705))
    for told in ("accumulative_counts = 16\n", "optim_wrapper = dict(accumulative_counts=16, type='Amp')\n"):
        trace = trace_by("mmengine", f"{told}{rows}accumulative_counts = 2\n".encode())
        assert [*values(trace, "loss")] == [1, 10, 357]
        assert facts(trace) == {"planned_steps": 357, "global_step": 357}
        assert lasts(trace)["steps_per_second"] == 0.125


def test_iterations_of_an_epoch_are_counted_on() -> None:
    """What a row is one of are those of its epoch; other losses are parts of the one."""
    log = "".join(
        f"{AT}Epoch(train)  [{epoch}][ {at}/100]  {TOLD.format(loss)}  loss_cls: 0.5  loss_bbox: 9.5\n"
        for epoch, at, loss in ((1, 50, 2.5), (1, 100, 2.0), (2, 50, 1.5))
    )
    trace = trace_by("mmengine", log.encode())
    assert values(trace, "loss") == {50: 2.5, 100: 2.0, 150: 1.5}
    assert values(trace, "epoch") == {50: 0.5, 100: 1.0, 150: 1.5}
    assert facts(trace) == {"global_step": 150}


def test_scores_are_those_of_the_last_validation() -> None:
    """What it shows while it goes on has none."""
    log = (
        f"{AT}Epoch(train)  [1][50/50]  {TOLD.format(2.5)}\n"
        f"{AT}Epoch(val)  [1][10/20]    eta: 0:00:07  time: 0.1  data_time: 0.01  memory: 2048\n"
        f"{AT}Epoch(val) [1][20/20]    coco/bbox_mAP: 0.3350  coco/bbox_mAP_50: 0.5400  data_time: 0.0014  "
        "time: 0.0150\n"
    )
    trace = trace_by("mmengine", log.encode())
    assert trace.validation is not None
    assert trace.validation.metrics == {"coco/bbox_mAP": 0.335, "coco/bbox_mAP_50": 0.54}
    assert lasts(trace)["steps_per_second"] == 2.0


def test_a_validations_loss_is_that_of_its_last_row() -> None:
    """What it shows while it goes on is a part; below no training it is not known whose it is."""
    end = f"{AT}Iter(val) [10/10]  loss: 1.5  time: 0.1\n"
    log = (
        f"{AT}Iter(train) [ 10/5700]  {TOLD.format(2.25)}\n{AT}Iter(val) [ 5/10]  loss: 9.5  time: 0.1\n{end}"
    )
    assert list(values(trace_by("mmengine", log.encode()), "val_loss").values()) == [1.5]
    assert "mmengine" not in {trace.trainer for trace in last_part(end.encode()).traces}


def test_mmcvs_rows_have_commas() -> None:
    """As mmdetection 2 wrote them, and mmsegmentation 0 of a whole run."""
    at = "2022-05-08 18:56:16,649 - mmdet - INFO - "
    told = "lr: 0.0125, eta: 4:33:09, time: 0.500, data_time: 0.032, memory: 1024, loss_cls: 0.5, loss: 0.25"
    log = f"{at}Epoch [2][400/1000]\t{told}\n"
    log += f"{at}Epoch(val) [2][5000]\tbbox_mAP: 0.2500, bbox_mAP_copypaste: 0.250 0.410 0.260\n"
    trace = trace_by("mmengine", log.encode())
    assert values(trace, "loss") == {1400: 0.25}
    assert (trace.validation and trace.validation.metrics) == {"bbox_mAP": 0.25}
    whole = trace_by("mmengine", f"{at}Iter [50/500]\t{told}\n".encode())
    assert (values(whole, "loss"), facts(whole)["planned_steps"]) == ({50: 0.25}, 500)


@pytest.mark.parametrize(
    "text",
    [
        "Epoch [2/3], Step [10/100], Loss: 0.5",
        "Epoch [2][10/100] loss: 0.5",
        "Epoch(train) [10/100] loss: 0.5 time: 0.5",
        f"Iter(val) [10/100]  {TOLD.format(1.5)}",
    ],
)
def test_others_rows_are_no_mmengines(text: str) -> None:
    """Brackets and a loss are anybody's; a row of its own tells the time of an iteration, too."""
    assert "mmengine" not in {trace.trainer for trace in last_part(f"{text}\n".encode()).traces}
