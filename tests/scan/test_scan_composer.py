"""Read the blocks of MosaicML's Composer, and nobody else's."""

import pytest

from scan.trace_reading import facts, last_part, lasts, trace_by, values


def test_blocks_are_read() -> None:
    """Gigabytes are of ten; a validation's cross entropy belongs to the batch above it."""
    text = (
        "[batch=1/40]:\n\t Train loss/train/total: 2.5000\n"
        "[batch=2/40]:\n\t Train time/batch: 1\n\t Train loss/train/total: 2.2500\n"
        "\t Train memory/peak_reserved_mem: 10.7374\n\t Train l2_norm/grad/global: 1.5000\n"
        "\t Train throughput/device/tokens_per_sec: 1255.1776\n\t Train throughput/batches_per_sec: 0.5000\n"
        "[Eval batch=1/1] Eval on eval data:\n\t Eval metrics/eval/LanguageCrossEntropy: 2.1250\n"
    )
    trace = trace_by("composer", text.encode())
    assert (values(trace, "loss"), values(trace, "val_loss")) == ({1: 2.5, 2: 2.25}, {2: 2.125})
    assert lasts(trace)["peak_memory_reserved_gib"] == pytest.approx(10.0, rel=1e-4)
    assert (lasts(trace)["grad_norm"], lasts(trace)["tokens_per_second_per_gpu"]) == (1.5, 1255.1776)
    assert facts(trace) == {"planned_steps": 40, "global_step": 2}


def test_batches_of_later_epochs_count_on() -> None:
    """Where a run lasts epochs, batches are counted within each, and no plan is told."""
    text = (
        "[epoch=1][batch=5/5]:\n\t Train loss/train/total: 2.5\n"
        "[epoch=2][batch=3/5]:\n\t Train loss/train/total: 2.0\n"
    )
    trace = trace_by("composer", text.encode())
    assert (values(trace, "loss"), facts(trace)) == ({5: 2.5, 8: 2.0}, {"global_step": 8})


@pytest.mark.parametrize(
    "text", ["Train loss/train/total: 2.5", "[batch=1/40] loss: 2.5", "batch=1/40:\n Train loss: 2.5"]
)
def test_others_lines_are_no_composers(text: str) -> None:
    """A number without a batch above it counts for nothing."""
    assert "composer" not in {trace.trainer for trace in last_part(f"{text}\n".encode()).traces}
