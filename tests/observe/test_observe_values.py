"""Check how single values of Slurm's commands are read."""

from datetime import UTC, datetime

import pytest

from afterall.model import SlurmState
from afterall.observe.values import (
    count_gpus,
    memory_bytes,
    parse_count,
    parse_duration,
    parse_epoch,
    parse_exit,
    parse_minutes,
    parse_size,
    parse_state,
    parse_text,
    parse_tres,
)


@pytest.mark.parametrize("state", list(SlurmState), ids=str)
def test_every_state_is_read(state: SlurmState) -> None:
    """Each of Slurm's words gives its state."""
    assert parse_state(state.value) is state


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("CANCELLED by 1001", SlurmState.CANCELLED),
        ("CANCELLED+", SlurmState.CANCELLED),
        ("OUT_OF_ME+", SlurmState.OUT_OF_MEMORY),
        ("REQUEUE+", None),
        ("REQUEUED+", SlurmState.REQUEUED),
        ("completed", None),
        ("COMPLETED_BY_MAGIC", None),
        ("", None),
        ("   ", None),
        ("+", None),
    ],
)
def test_state_words(text: str, state: SlurmState | None) -> None:
    """The first word decides, a cut one where only one state begins so, and an unknown one is no state."""
    assert parse_state(text) is state


@pytest.mark.parametrize(
    "text", ["Unknown", "None", "N/A", "0", "", "2026-11-23T19:11:23", "-5", "٣", "9" * 400]
)
def test_no_time(text: str) -> None:
    """What is no epoch second is no time."""
    assert parse_epoch(text) is None


def test_time() -> None:
    """Epoch seconds are a time in UTC."""
    assert parse_epoch("1795417883") == datetime(2026, 11, 23, 7, 11, 23, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("00:01:27", 87),
        ("2:00:00", 7200),
        ("5:00", 300),
        ("365-00:00:00", 31536000),
        ("UNLIMITED", None),
        ("NOT_SET", None),
        ("7", None),
    ],
)
def test_durations(text: str, seconds: int | None) -> None:
    """Durations of squeue and scontrol are seconds; words are none."""
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    ("text", "seconds"), [("15", 900), ("525600", 31536000), ("UNLIMITED", None), ("Partition_Limit", None)]
)
def test_time_limits(text: str, seconds: int | None) -> None:
    """TimelimitRaw is in minutes; no limit and the partition's are no number."""
    assert parse_minutes(text) == seconds


@pytest.mark.parametrize(
    ("text", "pair"),
    [("1:0", (1, 0)), ("0:9", (0, 9)), ("137:0", (137, 0)), ("", (None, None)), ("9", (9, None))],
)
def test_exit_codes(text: str, pair: tuple[int | None, int | None]) -> None:
    """An exit code and a signal are read apart."""
    assert parse_exit(text) == pair


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("1342562304", 1342562304),
        ("6040K", 6040 * 1024),
        ("37.71G", int(37.71 * 1024**3)),
        ("10000Mn", 10000 * 1024**2),
        ("5000Mc", 5000 * 1024**2),
        ("0", 0),
        ("", None),
        ("16?", None),
        ("1e9", None),
        ("9" * 400, None),
    ],
)
def test_sizes(text: str, size: int | None) -> None:
    """Units are powers of 1024, and a bare number is bytes."""
    assert parse_size(text) == size


@pytest.mark.parametrize(
    ("tres", "gpus"),
    [
        ("billing=64,cpu=9,gres/cpu=9,gres/gpu:a100_3g.20gb=1,gres/gpu=1,mem=60G,node=1", 1),
        ("cpu=8,gres/gpu:a100=2,gres/gpu:h100=1,mem=1G", 3),
        ("cpu=8,gres/gpumem=40G,gres/gpuutil=99,mem=1G", 0),
        ("cpu=4,mem=900M", 0),
        ("", None),
    ],
)
def test_gpus(tres: str, gpus: int | None) -> None:
    """GPUs are counted once, typed ones only without an untyped count, and utilisation is no GPU."""
    assert count_gpus(parse_tres(tres)) == gpus


@pytest.mark.parametrize(
    ("tres", "size"),
    [
        ("mem=900M", 900 * 1024**2),
        ("mem=1.50G", 3 * 1024**3 // 2),
        ("mem=900", 900 * 1024**2),
        ("mem=0", None),
        ("cpu=1", None),
    ],
)
def test_memory(tres: str, size: int | None) -> None:
    """An allocation's memory is in powers of 1024, a bare number in MiB, and 0 is no limit."""
    assert memory_bytes(parse_tres(tres)) == size


def test_words_for_nothing() -> None:
    """What Slurm prints for a missing value is empty; anything else stays as it is."""
    assert [parse_text(text) for text in ("(null)", "None", "N/A", "None assigned", "n[1-2]")] == [""] * 4 + [
        "n[1-2]"
    ]


def test_counts_are_plain_digits() -> None:
    """A count is ASCII digits alone."""
    assert [parse_count(text) for text in ("7", "+7", "7.0", "٧", "")] == [7, None, None, None, None]
