"""Read what LitGPT prints and logs, in which iterations are not steps."""

import math
from pathlib import Path

import pytest

from afterall.model import FindingCode
from afterall.scan.checkpoints import Examination
from afterall.scan.experiment import scan_experiment
from afterall.scan.iterations import place_iterations
from afterall.scan.traces import Origin, Trace
from afterall.scan.trainers.lightning import read_metrics_csv
from afterall.scan.trainers.litgpt_csv import read_metrics
from scan.run_making import experiment, fixture, lay_down, log
from scan.trace_reading import facts, file_trace, kinds, last_part, lasts, trace_by, values

LAST = {
    "final_loss": (5.138833999633789, "r/metrics.csv"),
    "final_val_loss": (5.138833522796631, "r/metrics.csv"),
}


def test_validations_belong_to_the_step_they_were_made_at() -> None:
    """Four iterations make a step; a validation's value, repeated on later lines, counts once."""
    trace = trace_by("litgpt", fixture("litgpt/full-0.5.out"))
    assert values(trace, "val_loss") == {5: 5.4180, 10: 5.1515, 13: 5.139}
    assert values(trace, "loss")[13] == 5.139
    assert list(values(trace, "loss")) == list(range(1, 14))
    assert facts(trace)["global_step"] == 13


def test_a_validation_between_printed_iterations_finds_its_step() -> None:
    """Every third iteration is printed and every fourth is a step: iteration 20 was step 5."""
    trace = trace_by("litgpt", fixture("litgpt/lora_r4-0.5.out"))
    steps = list(values(trace, "val_loss"))
    assert steps[:2] == [5, 10]


def test_the_reports_totals_are_read() -> None:
    """Time, speed and tokens of the table at the end, which is the last word."""
    trace = trace_by("litgpt", fixture("litgpt/full-0.5.out"))
    told = lasts(trace)
    assert (told["train_seconds"], told["tokens_per_second"], told["tokens"]) == (4.42, 1564.78, 6912.0)
    assert kinds(trace) == ["done_line"]


def test_reached_epochs_are_read() -> None:
    """LoRA's recipe says that it reached its epochs."""
    told = facts(trace_by("litgpt", fixture("litgpt/lora_r4-0.5.out")))
    assert (told["epochs"], told["planned_epochs"]) == (3, 3)


def test_totals_until_2025_are_read() -> None:
    """`Training time: 11.20s` and `Memory used: 13.90 GB`, in 10^9 bytes."""
    log = (
        "Epoch 1 | iter 1 step 0 | loss train: 1.700, val: n/a | iter time: 548.72 ms\n"
        "Epoch 1 | iter 2 step 1 | loss train: 1.660, val: n/a | iter time: 548.72 ms (step)\n"
        "Epoch 1 | iter 3 step 1 | loss train: 1.650, val: n/a | iter time: 548.72 ms\n"
        "Training time: 11.20s\nMemory used: 13.90 GB\n"
        "Final evaluation | val loss: 1.234 | val ppl: 3.4\n"
    )
    trace = trace_by("litgpt", log.encode())
    assert values(trace, "loss") == {1: 1.66}
    assert values(trace, "val_loss") == {1: 1.234}
    assert lasts(trace)["train_seconds"] == 11.2
    assert lasts(trace)["peak_memory_alloc_gib"] == pytest.approx(13.9e9 / 2**30)
    assert kinds(trace) == ["done_line"]


def test_memory_of_the_table_is_read() -> None:
    """On a GPU the table tells the peak of torch's allocator, padded with blanks."""
    log = (
        "Epoch 1 | iter 1 step 1 | loss train: 1.7, val: n/a | iter time: 5.7 ms (step) remaining time: 0:1\n"
        "| - Training Time : 11.20 s\n| - Tok/sec       : 0.02 tok/s\n"
        "| - Memory Used               :  13.90 GB                                        \n"
    )
    told = lasts(trace_by("litgpt", log.encode()))
    assert told["peak_memory_alloc_gib"] == pytest.approx(13.9e9 / 2**30)
    assert told["train_seconds"] == 11.2
    assert "tokens_per_second" not in told


def test_lit_gpts_last_form_is_read() -> None:
    """In early 2024 a bar stood between iteration and step."""
    log = (
        "iter 8 | step 2: loss 1.5947, iter time: 263.85 ms (optimizer.step)\n"
        "iter 9 | step 2: loss 1.5191, iter time: 89.96 ms\n"
    )
    trace = trace_by("litgpt", log.encode())
    assert (values(trace, "loss"), facts(trace)) == ({2: 1.5947}, {"global_step": 2})


def test_lit_gpts_lines_are_read() -> None:
    """Until 2024 lines had no epoch, and a validation called its iteration a step."""
    log = (
        "iter 3 step 1: loss 1.6600, iter time: 548.72ms (optimizer.step)\n"
        "step 3: val loss 1.5000, val time: 99.00ms\n"
        "iter 5 step 1: loss 1.5000, iter time: 548.72ms\n"
        "iter 7 step 2: loss nan, train time: 548.72ms (optimizer.step)\n"
    )
    trace = trace_by("litgpt", log.encode())
    loss = values(trace, "loss")
    assert (loss[1], math.isnan(loss[2])) == (1.66, True)
    assert values(trace, "val_loss") == {1: 1.5}


def test_others_words_are_no_end_of_litgpts() -> None:
    """`Training time: 11.20s` alone is any program's."""
    assert last_part(b"Training time: 11.20s\nMemory used: 13.90 GB\n").traces == ()


def test_the_loggers_steps_are_iterations() -> None:
    """LitGPT's metrics.csv counts iterations under `step`: its rows are in order, and no optimizer steps."""
    data = fixture("litgpt/metrics.csv")
    trace = file_trace(read_metrics, data, "out/logs/csv/version_0/metrics.csv")
    assert trace.trainer == "litgpt"
    assert trace.curves["loss"].counts_rows
    assert list(values(trace, "val_loss")) == [20, 40, 55]
    assert lasts(trace)["tokens"] == 6912.0
    assert read_metrics_csv(__import__("io").BytesIO(data), "metrics.csv") is None


def test_the_loggers_digits_count_before_the_logs(tmp_path: Path) -> None:
    """Where the log tells how many iterations make a step, both have the same steps; the file is exact."""
    files = {"r/job.out": fixture("litgpt/full-0.5.out"), "r/metrics.csv": fixture("litgpt/metrics.csv")}
    found = scan_experiment(
        experiment("r", lay_down(tmp_path, files), [log("r/job.out")]), Examination(tmp_path)
    )
    told = {name: (found.metrics[name].value, found.metrics[name].source.file) for name in LAST}
    assert told == LAST
    assert [point.step for point in found.series["loss"].points] == list(range(1, 14))
    assert found.metrics["global_step"].value == 13
    assert FindingCode.SOURCES_DISAGREE not in {finding.code for finding in found.findings}


def test_a_loss_between_two_steps_is_of_none() -> None:
    """Four iterations make a step: what was logged at the fifth belongs to no step, but its tokens do."""
    rows = b"".join(b"%d,0.1,%d.5,%d,%d\n" % (at, at, at, 8 * at) for at in range(2, 10))
    traces = [
        file_trace(read_metrics, b"iter,iter_time,loss,step,total_tokens\n" + rows, "metrics.csv"),
        Trace(trainer="litgpt", origin=Origin.ROUNDED_LOG, file="job.out", iterations_per_step=4),
    ]
    place_iterations(traces)
    assert values(traces[0], "loss") == {1: 4.5, 2: 8.5}
    assert values(traces[0], "tokens") == {0: 24.0, 1: 56.0, 2: 72.0}


@pytest.mark.parametrize(
    "others",
    [
        [("litgpt", None)],
        [("lightning", 4)],
        [("litgpt", 4), ("litgpt", 8)],
    ],
)
def test_iterations_that_nobody_can_count_into_steps_stay_rows(others: list[tuple[str, int | None]]) -> None:
    """Without a log of the same trainer, or with two that say otherwise, the file keeps its own order."""
    trace = file_trace(read_metrics, fixture("litgpt/metrics.csv"), "metrics.csv")
    logs = [
        Trace(trainer=trainer, origin=Origin.ROUNDED_LOG, file="x.out", iterations_per_step=count)
        for trainer, count in others
    ]
    place_iterations([trace, *logs])
    assert trace.curves["loss"].counts_rows


def test_steps_of_uneven_length_are_not_counted() -> None:
    """A run that went on with another number of devices has steps of more and of fewer iterations."""
    line = "Epoch 1 | iter {} step {} | loss train: 1.7, val: n/a | iter time: 5.7 ms (step) x\n"
    even = "".join(line.format(4 * step, step) for step in (1, 2, 3))
    assert trace_by("litgpt", even.encode()).iterations_per_step == 4
    assert trace_by("litgpt", (even + line.format(20, 4)).encode()).iterations_per_step is None


def test_pretrainings_rows_are_one_behind() -> None:
    """Pretraining logs iteration 10 as step 9, a validation's row as well."""
    data = b"iter,iter_time,loss,step,val_loss\n10,0.1,2.5,9,\n,,,9,2.25\n"
    trace = file_trace(read_metrics, data, "metrics.csv")
    assert (values(trace, "loss"), values(trace, "val_loss")) == ({10: 2.5}, {10: 2.25})
