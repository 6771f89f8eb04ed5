"""Read the lines of nanotron, NeMo AutoModel, MaxText, InternEvo and PaddleNLP, each with its units."""

import pytest

from scan.trace_reading import facts, last_part, lasts, trace_by, values

NANOTRON = (
    "10/17/2026 16:31:56 [INFO|DP=0|PP=0|TP=0{}]: iteration: {} / 37500 | consumed_tokens: 85.8G | "
    "elapsed_time_per_iteration_ms: {} | tokens_per_sec: 22.8K | tokens_per_sec_per_gpu: {} | "
    "global_batch_size: 1.02K | lm_loss: {} | lr: 1e-05 | model_tflops_per_gpu: 38.3 | grad_norm: 1.25\n"
)


def test_nanotrons_thousands_have_letters() -> None:
    """Speed is of one GPU, and times are in milliseconds, both with K where they are large."""
    log = NANOTRON.format("", 10, "500", "950", 2.5) + NANOTRON.format("|n7", 20, "12.5K", "11.4K", "1.75")
    trace = trace_by("nanotron", log.encode())
    assert values(trace, "loss") == {10: 2.5, 20: 1.75}
    assert values(trace, "tokens_per_second_per_gpu") == {10: 950, 20: 11400}
    assert values(trace, "steps_per_second") == {10: 2.0, 20: 0.08}
    assert facts(trace) == {"planned_steps": 37500, "global_step": 20}
    assert (lasts(trace)["learning_rate"], lasts(trace)["grad_norm"]) == (1e-05, 1.25)
    assert "tokens_per_second" not in trace.curves


AUTOMODEL = (
    "2026-08-10 15:48:59 | INFO | root | step {} | epoch {} | loss {} | grad_norm 1.2500 | lr 1.00e-05 | "
    "mem {} GiB | tps 6400.00{} | num_label_tokens 26779\n"
)
VALIDATION = (
    "2026-08-10 15:49:03 | INFO | root | [val] {}step {} | epoch 0 | loss {} | lr 1.00e-05 | "
    "num_label_tokens 512\n"
)


def test_automodels_steps_are_counted_from_0() -> None:
    """Its speed stands once of all GPUs, once of each; the latter is read."""
    log = AUTOMODEL.format(0, 0, "2.5000", "31.50", "(800.00/gpu)")
    log += AUTOMODEL.format(1, 1, "1.5000", "25.50", "(850.00/gpu)") + VALIDATION.format("", 1, "1.7500")
    trace = trace_by("nemo_automodel", log.encode())
    assert values(trace, "loss") == {1: 2.5, 2: 1.5}
    assert values(trace, "val_loss") == {2: 1.75}
    assert values(trace, "tokens_per_second_per_gpu") == {1: 800, 2: 850}
    assert values(trace, "peak_memory_alloc_gib") == {1: 31.5, 2: 25.5}
    assert facts(trace) == {"global_step": 2}


def test_automodels_speed_of_nobody_knows_whom_is_none() -> None:
    """Until 2025 one number stood there, of a GPU at first."""
    trace = trace_by("nemo_automodel", AUTOMODEL.format(0, 0, "2.5000", "31.50", "").encode())
    assert (lasts(trace)["loss"], "tokens_per_second_per_gpu" in trace.curves) == (2.5, False)


def test_of_automodels_validations_the_first_set_counts() -> None:
    """Each has a name; their losses are not one curve."""
    log = AUTOMODEL.format(0, 0, "2.5000", "31.50", "(800.00/gpu)")
    log += VALIDATION.format('name "default" | ', 0, "1.5000") + VALIDATION.format('name "x" | ', 0, "9.5000")
    assert values(trace_by("nemo_automodel", log.encode()), "val_loss") == {1: 1.5}


def test_maxtexts_steps_are_counted_from_0() -> None:
    """While batches grow no speed is told; an evaluation is that of the step it stands behind."""
    log = (
        "completed step: 0, seconds: 20.000, total_weights: 1000, loss: 10.500\n"
        "I0101 10:00:00.000000 1 metric_logger.py:9] completed step: 1, seconds: 0.500, TFLOP/s/device: "
        "99.5, Tokens/s/device: 8192.500, total_weights: 1000, loss: 9.500, main_model_loss: 8.5\n"
        "eval metrics after step: 1, loss=9.250, total_weights=512\n"
    )
    trace = trace_by("maxtext", log.encode())
    assert values(trace, "loss") == {1: 10.5, 2: 9.5}
    assert values(trace, "val_loss") == {2: 9.25}
    assert values(trace, "tokens_per_second_per_gpu") == {2: 8192.5}
    assert values(trace, "steps_per_second") == {1: 0.05, 2: 2.0}


INTERNEVO = "2026-03-01 10:00:00,123\tINFO pipeline.py:341 in record_current_batch_training_metrics -- "


@pytest.mark.parametrize("between", [" ", ","])
def test_internevos_steps_are_counted_from_0(between: str) -> None:
    """Of its speeds the one of this step counts; commas parted its pairs once."""
    told = (
        "tflops=188.1 step=9 loss=2.5 tgs (tokens/gpu/second)=4000.5 tgs/last_tgs_1=9.5 lr=1e-06 "
        "loss_scale=65536.0 grad_norm=0.5 num_consumed_tokens=1310720 loss_from_metric=9.5 loss/en=9.5"
    )
    log = INTERNEVO + told.replace(" ", between).replace(f"tgs{between}", "tgs ") + "\n"
    trace = trace_by("internevo", log.encode())
    assert values(trace, "loss") == {10: 2.5}
    assert lasts(trace) == {
        "loss": 2.5,
        "learning_rate": 1e-06,
        "grad_norm": 0.5,
        "tokens": 1310720,
        "tokens_per_second_per_gpu": 4000.5,
    }


def test_internevos_norms_of_groups_are_none() -> None:
    """Later releases tell one of each group of parameters."""
    told = "step=0 loss=2.5 tgs (tokens/gpu/second)=4000.5 grad_norm={'0_default': 0.5, '1_fp32': 0.0} x=1\n"
    assert "grad_norm" not in trace_by("internevo", (INTERNEVO + told).encode()).curves


PADDLE = "[2026-01-01 10:00:00,060] [    INFO] - "


def test_paddlenlps_rows_are_read() -> None:
    """Speed is told of one device in tokens, of all in samples; a validation is that of the step above it."""
    row = (
        "loss: {}, learning_rate: 3e-05, global_step: {}, max_memory_allocated: 12.3, interval_runtime: 1.5, "
        "interval_samples_per_second: 8.5, interval_tokens_per_second_per_device: 889.5, "
        "interval_steps_per_second: 0.5, progress_or_epoch: 0.01\n"
    )
    log = f"{PADDLE}  Total optimization steps = 1,500\n"
    log += f"{PADDLE}{row.format(1.5, 10)}{PADDLE}{row.format(1.25, 20)}"
    log += f"{PADDLE}eval_loss: 1.75, eval_accuracy: 0.7, eval_runtime: 3.2, epoch: 0.02\n"
    trace = trace_by("paddlenlp", log.encode())
    assert (values(trace, "loss"), values(trace, "val_loss")) == ({10: 1.5, 20: 1.25}, {20: 1.75})
    assert facts(trace) == {"planned_steps": 1500, "global_step": 20}
    told = lasts(trace)
    assert (told["tokens_per_second_per_gpu"], told["samples_per_second"]) == (889.5, 8.5)
    assert told["steps_per_second"] == 0.5


@pytest.mark.parametrize(
    ("trainer", "text"),
    [
        ("nanotron", "iteration: 10 / 20 | lm_loss: 2.5 | tokens_per_sec_per_gpu: 11.4K"),
        ("nanotron", "said: | consumed_tokens: 85.8G | lm_loss: 2.5"),
        ("nemo_automodel", "step 3 | epoch 0 | loss 0.5 | lr 1e-05"),
        ("nemo_automodel", "[val] step 3 | epoch 0 | loss 0.5"),
        ("internevo", "step=9 loss=2.5 tgs (tokens/gpu/second)=4000.5"),
        ("internevo", f"{INTERNEVO}step=9 loss=2.5"),
        ("paddlenlp", "loss: 0.5, global_step: 10, lr: 0.1"),
        ("paddlenlp", f"{PADDLE}eval_loss: 1.75, eval_runtime: 3.2"),
        ("maxtext", "completed step: 3, loss: 0.5"),
        ("maxtext", "completed step: 3, seconds: 1.5"),
    ],
)
def test_others_lines_name_no_trainer(trainer: str, text: str) -> None:
    """A step and a loss are anybody's."""
    assert trainer not in {trace.trainer for trace in last_part(f"{text}\n".encode()).traces}
