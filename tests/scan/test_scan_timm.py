"""Read the rows of timm's training script, and nobody else's."""

import pytest

from scan.trace_reading import facts, last_part, rows, trace_by, values

TRAIN = (
    "Train: {} [{:>4d}/100 ({:>3.0f}%)]  Loss: {} (6.92)  Time: 0.325s,  393.97/s  (0.425s,  {:>7.2f}/s)  "
    "LR: 1.000e-05  Data: 0.019 (0.119)\n"
)
TEST = (
    "Test{}: [{:>4d}/48]  Time: 0.125 (0.225)  Loss: {:>7.3f} ({:>6.3f})  Acc@1: {:>7.3f} ({:>7.3f})  "
    "Acc@5: {:>7.3f} ({:>7.3f})\n"
)


def test_updates_and_epochs_are_counted_from_0() -> None:
    """The loss is that of the row, the speed the mean of the epoch so far."""
    log = TRAIN.format(0, 0, 0, "6.50", 17.5) + TRAIN.format(0, 99, 100, "5.50", 300.5)
    trace = trace_by("timm", (log + TRAIN.format(1, 49, 50, "4.50", 250.5)).encode())
    assert values(trace, "loss") == {1: 6.5, 100: 5.5, 150: 4.5}
    assert values(trace, "samples_per_second") == {1: 17.5, 100: 300.5, 150: 250.5}
    assert rows(trace, "loss")[-1].epoch == 1.5
    assert facts(trace) == {"global_step": 150}


def test_a_validation_counts_at_its_end() -> None:
    """In brackets is what it has so far; that of averaged weights is another one's."""
    log = "Scheduled epochs: 300. LR stepped per epoch.\n" + TRAIN.format(0, 99, 100, "5.50", 300.5)
    log += TEST.format("", 0, 9.5, 9.5, 1, 1, 2, 2) + TEST.format("", 48, 9.5, 4.5, 1, 60.5, 2, 80.5)
    log += TEST.format(" (EMA)", 48, 9.5, 8.5, 1, 99, 2, 99) + TRAIN.format(1, 0, 0, "4.50", 9.5)
    trace = trace_by("timm", log.encode())
    assert values(trace, "val_loss") == {100: 4.5}
    assert trace.validation is not None
    assert trace.validation.metrics == {"Acc@1": 60.5, "Acc@5": 80.5}
    assert facts(trace) == {"planned_epochs": 300, "global_step": 101}


@pytest.mark.parametrize(
    "text",
    [
        "Train: 0 [   0/100 (  0%)]  Loss: 6.94",
        "Train: [0][10/100] Loss: 6.94 (6.94)  Time: 0.3s",
        TEST.format("", 48, 9.5, 4.5, 1, 60.5, 2, 80.5).strip(),
    ],
)
def test_others_rows_are_no_timms(text: str) -> None:
    """Other scripts have rows that begin alike; a validation alone is not a training."""
    assert "timm" not in {trace.trainer for trace in last_part(f"{text}\n".encode()).traces}
