"""Read Megatron-LM's log: iterations, validations, memory and arguments."""

import math

import pytest

from scan.trace_reading import facts, kinds, last_part, lasts, trace_by, values

MEGATRON = (
    "------------------------ arguments ------------------------\n"
    "  adam_beta1 ...................................... 0.9\n"
    "  lr .............................................. 0.0001\n"
    "[rank1]: using world size: 8\n"
    "  micro_batch_size ................................ 2\n"
    "  load ............................................ None\n"
    "-------------------- end of arguments ---------------------\n"
    "  after ........................................... 5\n"
    "[2026-01-01 10:00:00]  iteration       25/     500 | consumed samples:           50 "
    "| elapsed time per iteration (ms): 250.0 | throughput per GPU (TFLOP/s/GPU): 412.3 "
    "| learning rate: 1.638E-08 | global batch size:     2 "
    "| lm loss: 1.086954E+01 | loss scale: 1.0 | grad norm: 2.130 "
    "| number of skipped iterations:   0 | number of nan iterations:   0 |\n"
    "[Rank 0] (after 25 iterations) memory (MB) | allocated: 1024.5 | max allocated: 2048.0 "
    "| reserved: 3072.0 | max reserved: 4096.0\n"
    "[Rank 8] (after 25 iterations) memory (MB) | allocated: 1024.50 | max allocated: 3072.00 "
    "| reserved: 3072.00 | max reserved: 3584.00\n"
    " validation loss at iteration 25 on validation set | lm loss value: 3.400000E+00 "
    "| lm loss PPL: 2.9E+01 | \n"
    " iteration       50/     500 | consumed samples: 100 | learning rate: 2.0E-08 "
    "| number of nan iterations:   1 |\n"
    "  successfully saved checkpoint from iteration      50 to /scratch/ckpt [ t 1/1, p 1/1 ]\n"
    " validation loss at iteration 50 on test set | lm loss value: 9.900000E+00 | lm loss PPL: 2.9E+01 | \n"
    "[after training is done] datetime: 2026-01-01 11:00:00 \n"
)


def test_iterations_are_steps() -> None:
    """An iteration skipped for NaN is a NaN loss; the last word is evidence."""
    trace = trace_by("megatron", MEGATRON.encode())
    loss = values(trace, "loss")
    assert loss[25] == 10.86954
    assert math.isnan(loss[50])
    assert values(trace, "grad_norm") == {25: 2.13}
    assert values(trace, "steps_per_second") == {25: 4.0}
    assert (facts(trace)["planned_steps"], facts(trace)["global_step"]) == (500, 50)
    assert kinds(trace) == ["done_line"]


def test_the_test_set_is_no_validation() -> None:
    """Validations name their set since 2020; that of the test set is left alone, older lines name none."""
    assert values(trace_by("megatron", MEGATRON.encode()), "val_loss") == {25: 3.4}
    old = b" validation loss at iteration 7 | lm loss value: 3.500000E+00 | lm loss PPL: 3.3E+01 | \n"
    assert values(trace_by("megatron", old), "val_loss") == {7: 3.5}


def test_the_greatest_memory_report_counts_and_names_its_rank() -> None:
    """Ranks report their own; megabytes are of 2^20 bytes."""
    told = trace_by("megatron", MEGATRON.encode()).facts
    assert (told["peak_memory_alloc_gib"].value, told["peak_memory_reserved_gib"].value) == (3.0, 4.0)
    assert told["peak_memory_alloc_gib"].source.where.endswith(", rank 8")
    assert told["peak_memory_reserved_gib"].source.where.endswith(", rank 0")


def test_the_printed_arguments_are_parameters() -> None:
    """Values are typed; lines of other ranks between them and the lines after them are none."""
    told = {name: fact.value for name, fact in trace_by("megatron", MEGATRON.encode()).parameters.items()}
    assert told == {"adam_beta1": 0.9, "lr": 0.0001, "micro_batch_size": 2, "load": None}


def test_a_run_that_died_at_once_still_names_its_trainer() -> None:
    """Arguments without any iteration are a trace with parameters and no number."""
    trace = trace_by("megatron", MEGATRON.partition("[2026")[0].encode())
    assert (lasts(trace), facts(trace)) == ({}, {})
    assert trace.parameters["lr"].value == 0.0001


def test_a_resumption_is_noted() -> None:
    """A checkpoint loaded at a later iteration makes it a resumed run."""
    assert not trace_by("megatron", MEGATRON.encode()).is_resumed
    loaded = "  successfully loaded checkpoint from /scratch/ckpt [ t 1/1, p 1/1 ] at iteration 50\n"
    assert trace_by("megatron", (loaded + MEGATRON).encode()).is_resumed


def test_megatron_deepspeeds_columns_are_read() -> None:
    """It counts tokens, and tells the speed of one GPU."""
    log = (
        " iteration       10/     500 | consumed samples:          160 | consumed tokens:       327680 "
        "| elapsed time per iteration (ms): 500.0 | learning rate: 3.000E-04 | lm loss: 2.5E+00 "
        "| number of nan iterations:   0 | samples per second: 32.0 "
        "| tokens per gpu per second (tgs): 8192.5 | TFLOPs: 120.0 |\n"
    )
    told = lasts(trace_by("megatron", log.encode()))
    assert (told["tokens"], told["tokens_per_second_per_gpu"]) == (327680.0, 8192.5)


def iteration(before: str = " ", *, loss: str = "lm loss", time: str = "(ms): 500.0") -> str:
    """Return the fourth iteration of eight, as a program that descends from Megatron-LM prints it."""
    return (
        f"{before}iteration        4/       8 | consumed samples:           64 | elapsed time per iteration "
        f"{time} | learning rate: 3.000E-04 | global batch size:    16 | {loss}: 1.500000E+00 | "
        "number of skipped iterations:   0 | number of nan iterations:   0 |\n"
    )


@pytest.mark.parametrize(
    "line",
    [
        iteration("[default0]: [2025-05-27 15:23:07] "),
        iteration("10.0.0.7:  "),
        iteration("[20251202 22:42:56][rank-7/8][INFO ] [-----------trainer.py:2560] :  "),
        iteration("[Rank 0 | Local Rank 0] 2026-01-02 INFO [train_engine:48] =>  [2026-01-02] ", loss="loss"),
        iteration(time="(s): 0.5"),
        iteration().replace(" consumed samples:           64 |", ""),
    ],
)
def test_programs_that_descend_from_it_are_read(line: str) -> None:
    """Behind torchrun, pdsh and loggers, of AMD, Huawei and BigScience, and of the time before 2021."""
    trace = trace_by("megatron", line.encode())
    assert (values(trace, "loss"), values(trace, "steps_per_second")) == ({4: 1.5}, {4: 2.0})
    assert facts(trace) == {"planned_steps": 8, "global_step": 4}


def test_what_is_validated_at_the_end_is_the_last_iteration() -> None:
    """Until 2023 the last validation named no iteration; the test set is told apart there, too."""
    log = (
        f"{iteration()}[after training is done] datetime: 2022-01-01 10:00:00 \n"
        " validation loss at the end of training for val data | lm loss value: 1.250000E+00 | lm loss PPL: "
        "3.5E+00 | \n"
        " validation loss at the end of training for test data | lm loss value: 1.125000E+00 | \n"
    )
    assert values(trace_by("megatron", log.encode()), "val_loss") == {4: 1.25}


def test_other_iterations_are_not_megatrons() -> None:
    """`iteration 25/500 |` of another program has no samples behind it; GLM's is left to guessing."""
    log = (
        b"iteration 25/500 | lm loss: 1.0 | consumed samples: 3 |\n"
        b"epoch iteration 25/500 | consumed samples: 1 |\n"
        b" iteration      100/  300000 | elapsed time per iteration (ms): 1234.5 | learning rate 1.500E-05 "
        b"| lm loss 8.000000E+00 | loss scale 262144.0 |\n"
    )
    assert "megatron" not in {trace.trainer for trace in last_part(log).traces}


def test_a_mean_behind_the_time_is_passed_over() -> None:
    """AMD's Primus prints the time of an iteration and its running mean, the throughput alike."""
    line = (
        " iteration        4/       8 | consumed samples:           64 | elapsed time per iteration (ms): "
        "500.0/512.5 | throughput per GPU (TFLOP/s/GPU): 100.0/99.5 "
        "| tokens per GPU (tokens/s/GPU): 8000.5/7990.0 | lm loss: 1.5E+00 |\n"
    )
    trace = trace_by("megatron", line.encode())
    assert values(trace, "tokens_per_second_per_gpu") == {4: 8000.5}
    assert (values(trace, "steps_per_second"), values(trace, "loss")) == ({4: 2.0}, {4: 1.5})
