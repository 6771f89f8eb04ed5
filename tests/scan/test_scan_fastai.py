"""Read the table that fastai prints, and nobody else's."""

import pytest

from scan.trace_reading import last_part, rows, trace_by

HEADER = "epoch     train_loss  valid_loss  accuracy  time    \n"
ROWS = (
    "0         0.612345    0.512345    0.812345  01:02     \n"
    "1         0.412345    0.425000    0.875000  1:01:03   \n"
)


def by_epoch(log: str, key: str) -> list[tuple[float, float]]:
    """Return the epochs and values of one curve."""
    return [(row.epoch, row.value) for row in rows(trace_by("fastai", log.encode()), key)]


def test_each_row_is_an_epoch() -> None:
    """Epochs are counted from 0, and what else a row has but its time is a score."""
    trace = trace_by("fastai", (HEADER + ROWS).encode())
    assert by_epoch(HEADER + ROWS, "loss") == [(1, 0.612345), (2, 0.412345)]
    assert by_epoch(HEADER + ROWS, "val_loss") == [(1, 0.512345), (2, 0.425)]
    assert trace.validation is not None
    assert trace.validation.metrics == {"accuracy": 0.875}


def test_the_last_of_several_fits_counts() -> None:
    """`fine_tune` fits the head first, then all layers, each with a table of its own."""
    log = HEADER + ROWS + HEADER + ROWS.splitlines(keepends=True)[0].replace("0.612345", "0.250000")
    assert by_epoch(log, "loss") == [(1, 0.25)]


@pytest.mark.parametrize("missing", ["None    ", "#na#    "])
def test_what_was_not_validated_is_missing(missing: str) -> None:
    """The training's loss is read all the same."""
    log = HEADER + ROWS.replace("0.425000", missing).replace("0.875000", missing)
    assert by_epoch(log, "val_loss") == [(1, 0.512345)]
    assert by_epoch(log, "loss")[-1] == (2, 0.412345)


@pytest.mark.parametrize("log", [ROWS, HEADER, f"{HEADER}\n0.5 0.25\nepoch 1 of 2 in 01:02\n"])
def test_without_a_row_nothing_is_read(log: str) -> None:
    """Rows without a header, and a header without rows."""
    assert "fastai" not in {trace.trainer for trace in last_part(log.encode()).traces}
