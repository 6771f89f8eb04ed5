"""Read the blocks of OLMo and OLMo-core, and nobody else's."""

import pytest

from scan.trace_reading import facts, kinds, last_part, lasts, trace_by, values

OLD = "2024-08-06 10:00:05.520 node-1:0  olmo.train:908  INFO    "
NEW = "2026-08-08 12:01:00 INFO [olmo_core.train.callbacks.console_logger:68] "


def test_olmos_blocks_are_read() -> None:
    """Thousands have commas, and megabytes are of ten."""
    text = (
        f"{OLD}[step=2/1000,epoch=0]\n    optim/total_grad_norm=1.25\n    optim/learning_rate_group0=0.0003\n"
        "    train/CrossEntropyLoss=10.73\n    train/Perplexity=45,773\n"
        "    throughput/total_tokens=2,097,152\n    throughput/device/tokens_per_second=26,668\n"
        "    throughput/device/batches_per_second=0.0254\n"
        "    System/Peak GPU Memory (MB)=53,687\n"
    )
    trace = trace_by("olmo", text.encode())
    assert lasts(trace) == pytest.approx(
        {
            "grad_norm": 1.25,
            "learning_rate": 0.0003,
            "loss": 10.73,
            "tokens": 2097152,
            "tokens_per_second_per_gpu": 26668,
            "steps_per_second": 0.0254,
            "peak_memory_alloc_gib": 50.0,
        },
        rel=1e-4,
    )
    assert facts(trace) == {"planned_steps": 1000, "global_step": 2}


def test_olmo_cores_blocks_are_read() -> None:
    """Its names have blanks, its steps a time to go, and its last word ends the run."""
    text = (
        f"{NEW}[step=100/2,000,epoch=1,eta=5h11m]\n    train/CE loss=6.2341\n    optim/LR (group 0)=0.0002\n"
        "    throughput/device/TPS=9,876\n    throughput/device/TPS (actual avg)=9,000\n"
        "    gpu_memory/GPU reserved mem (GiB)=40.25\n"
        f"{NEW}[step=200/2,000,epoch=1]\n    train/CE loss=5.8817\n{NEW}Training complete\n"
    )
    trace = trace_by("olmo", text.encode())
    assert values(trace, "loss") == {100: 6.2341, 200: 5.8817}
    told = lasts(trace)
    assert (told["tokens_per_second_per_gpu"], told["peak_memory_reserved_gib"]) == (9876, 40.25)
    assert told["learning_rate"] == 0.0002
    assert (facts(trace), kinds(trace)) == ({"planned_steps": 2000, "global_step": 200}, ["done_line"])


def test_what_nobody_knows_is_no_plan() -> None:
    """`???` stands where the last step is not known."""
    text = f"{NEW}[step=5/???,epoch=1]\n    train/CE loss=6.5\n"
    assert facts(trace_by("olmo", text.encode())) == {"global_step": 5}


@pytest.mark.parametrize(
    "text",
    [
        "    train/CE loss=6.5",
        "[step=5] loss=0.5",
        "[step=5/10,epoch=1] loss=0.5",
        "Training complete",
        "[eval_step=3/16]",
    ],
)
def test_others_lines_are_no_olmos(text: str) -> None:
    """A number without a step above it counts for nothing."""
    assert "olmo" not in {trace.trainer for trace in last_part(f"{text}\n".encode()).traces}
