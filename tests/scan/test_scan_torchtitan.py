"""Read torchtitan's metrics lines of all eras, and nobody else's."""

import pytest

from scan.trace_reading import facts, kinds, last_part, lasts, trace_by, values

TITAN = "[titan] 2026-01-01 10:00:00,000 - root - INFO - "
RANK = "[rank0]:2024-05-02 10:00:00,123 - root - INFO - "
ERAS = {
    "2024, wps": (
        f"{RANK}\x1b[36mstep: 10  \x1b[32mloss:  7.1234  \x1b[33mmemory: 12.30GiB(15.40%)  "
        "\x1b[34mwps: 1,234  \x1b[35mmfu: 5.20%\x1b[39m\n"
    ),
    "0.1, without a norm": (
        f"{TITAN}\x1b[31mstep: 10  \x1b[32mloss:  7.1234  \x1b[33mmemory: 12.30GiB(15.40%)  "
        "\x1b[34mtps: 1,234  \x1b[36mtflops: 5.10  \x1b[35mmfu: 5.20%\x1b[39m\n"
    ),
    "0.2": (
        f"{TITAN}\x1b[31mstep: 10  \x1b[32mloss:  7.1234  \x1b[38;2;180;60;0mgrad_norm:  1.3000  "
        "\x1b[38;2;54;234;195mmemory: 12.30GiB(15.40%)  \x1b[34mtps: 1,234  \x1b[36mtflops: 5.10  "
        "\x1b[35mmfu: 5.20%\x1b[39m\n"
    ),
    "0.3, without colours": (
        f"{TITAN}step: 10  loss:  7.12340  grad_norm:  1.3000  memory: 12.30GiB(15.40%)  tps: 1,234  "
        "tflops: 5.10  mfu: N/A\n"
    ),
}


@pytest.mark.parametrize("era", ERAS)
def test_every_eras_line_is_read(era: str) -> None:
    """Coloured or not, thousands with commas, speed as wps or tps, memory in GiB, with or without a norm."""
    trace = trace_by("torchtitan", ERAS[era].encode())
    told = lasts(trace)
    assert told.pop("grad_norm", 1.3) == 1.3
    assert told == {"loss": 7.1234, "peak_memory_reserved_gib": 12.3, "tokens_per_second_per_gpu": 1234.0}
    assert values(trace, "loss") == {10: 7.1234}


@pytest.mark.parametrize(
    "line",
    [
        "[rank0]:[titan] step:  5  loss:  7.50000  memory:  0.47GiB(0.60%)  tps:     66  tflops:  0.02",
        f"{TITAN}step:  5  loss:  7.50000  memory:  0.47GiB(0.60%)  tps: 66".replace("root", "torchtitan.x"),
    ],
)
def test_loggers_and_widths_may_differ(line: str) -> None:
    """A module's own logger since 2026, no date at all, and a speed set to a width."""
    line += "  mfu: N/A\n"
    told = lasts(trace_by("torchtitan", line.encode()))
    assert (told["loss"], told["tokens_per_second_per_gpu"]) == (7.5, 66.0)


@pytest.mark.parametrize("ranks", [("rank0", "rank7"), ("rank7", "rank0")])
def test_what_a_pipelines_first_stages_print_is_no_loss(ranks: tuple[str, str]) -> None:
    """Only the last stage has a loss; the others print -1, whichever comes last."""
    stage = "step: 10  loss: {}  memory: 12.30GiB(15.40%)  tps: 1,234  tflops: 5.10  mfu: 5.20%\n"
    losses = {"rank0": "-1.0000", "rank7": " 7.1234"}
    log = "".join(f"[{rank}]:{TITAN}{stage.format(losses[rank])}" for rank in ranks)
    assert values(trace_by("torchtitan", log.encode()), "loss") == {10: 7.1234}


def test_a_log_of_the_first_stage_alone_has_no_loss() -> None:
    """Its steps, memory and speed are told, and no number takes the loss's place."""
    line = f"{TITAN}step: 10  loss: -1.00000  memory: 12.30GiB(15.40%)  tps: 1,234  mfu: 5.20%\n"
    trace = trace_by("torchtitan", line.encode())
    assert (facts(trace), "loss" in trace.curves) == ({"global_step": 10}, False)
    assert "plain" not in {trace.trainer for trace in last_part(line.encode()).traces}


def test_validation_is_told_apart_and_the_last_word_is_evidence() -> None:
    """A validation's loss, speed and memory are no training step's; the plan stands where training starts."""
    log = (
        f"{TITAN}CUDA capacity: NVIDIA H100 80GB HBM3 with 79.10GiB memory\n"
        f"{TITAN}Trainer is initialized with local batch size 8, global batch size 64, gradient accumulation "
        "steps 1, sequence length 2048, total steps 1000 (warmup 200)\n"
        f"{TITAN}Training starts at step 1\n"
        f"{ERAS['0.2']}"
        f"{TITAN}validate step: 10  loss:  6.5000  memory: 13.30GiB(15%)  tps: 9,999\n"
        f"{TITAN}Training completed\n"
    )
    trace = trace_by("torchtitan", log.encode())
    assert values(trace, "val_loss") == {10: 6.5}
    assert lasts(trace)["peak_memory_reserved_gib"] == 12.3
    assert (facts(trace), kinds(trace)) == ({"planned_steps": 1000, "global_step": 10}, ["done_line"])
    assert trace.provenance["gpu"].value == "NVIDIA H100 80GB HBM3"
    assert not trace.is_resumed


def test_a_start_at_a_later_step_is_a_resumed_run() -> None:
    """`Training starts at step 501, …` of 2024 tells plan and resumption in one line."""
    log = f"{RANK}Training starts at step 501, with local batch size 8, total steps 1000 (warmup 2)\n"
    trace = trace_by("torchtitan", (log + ERAS["2024, wps"].replace("10  ", "510  ", 1)).encode())
    assert trace.is_resumed
    assert facts(trace) == {"planned_steps": 1000, "global_step": 510}


@pytest.mark.parametrize(
    "text",
    [
        "step: 10 loss: 1.2 ",
        "step: 10  loss: 1.2  ",
        "step: 10  loss:  1.2000  lr: 0.1  tps: 1,234",
        "my_step: 10  loss:  7.1  memory: 12.30GiB(15.40%)  tps: 1,234",
        "Training completed",
        "total steps 100",
    ],
)
def test_others_lines_are_no_torchtitans(text: str) -> None:
    """A step and a loss alone, or a common last word, name no trainer."""
    assert "torchtitan" not in {trace.trainer for trace in last_part(f"{text}\n".encode()).traces}


def test_the_last_word_counts_only_below_a_step() -> None:
    """Any script may end with "Training completed"."""
    log = f"Training completed\n{ERAS['0.2']}"
    assert kinds(trace_by("torchtitan", log.encode())) == []
