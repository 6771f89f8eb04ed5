"""Read single values as Slurm's commands print them.

Invariant: total and silent: text that is not what it should be gives None or an empty string, since one odd
value must not cost its record.
"""

import re
from datetime import UTC, datetime

from afterall.model import SlurmState

_NOTHING = frozenset(
    {"", "(null)", "None", "N/A", "Unknown", "None assigned", "NOT_SET", "UNLIMITED", "INVALID"}
)
"""What Slurm's commands print for a value that is not there."""

_STATES = {state.value: state for state in SlurmState}
_DURATION = re.compile(r"(?:([0-9]{1,9})-)?(?:([0-9]{1,9}):)?([0-9]{1,9}):([0-9]{2})(?:\.[0-9]+)?")
_SIZE = re.compile(r"([0-9]{1,18}(?:\.[0-9]{1,9})?)([KMGTPE]?)[nc]?")
_EXPONENT = {"": 0, "K": 1, "M": 2, "G": 3, "T": 4, "P": 5, "E": 6}


def parse_text(text: str) -> str:
    """Return `text`, empty where Slurm prints a word for "nothing"."""
    return "" if text.strip() in _NOTHING else text


def parse_count(text: str) -> int | None:
    """Return a plain non-negative number."""
    return int(text) if re.fullmatch(r"[0-9]{1,18}", text) else None


def parse_epoch(text: str) -> datetime | None:
    """Return epoch seconds (SLURM_TIME_FORMAT=%s) as a time in UTC; 0, "Unknown" and "None" are no time."""
    seconds = parse_count(text)
    if not seconds:
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, OSError, ValueError):
        return None


def parse_duration(text: str) -> int | None:
    """Return seconds of [DAYS-][[HOURS:]MINUTES:]SECONDS, as scontrol's RunTime and squeue's %l."""
    found = _DURATION.fullmatch(text)
    if found is None:
        return None
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds


def parse_minutes(text: str) -> int | None:
    """Return seconds of TimelimitRaw's minutes; "UNLIMITED" and "Partition_Limit" are no number."""
    minutes = parse_count(text)
    return None if minutes is None else minutes * 60


def elapsed_of(seconds: int | None, start: datetime | None) -> int | None:
    """Return how long a job has run, None where it has not started: Slurm says 0 of a job that waits."""
    return seconds if seconds or start is not None else None


def parse_state(text: str) -> SlurmState | None:
    """Return the state of "CANCELLED by 1001", "COMPLETED", or, cut in a narrow column, "OUT_OF_ME+"."""
    word = next(iter(text.split(maxsplit=1)), "")
    if not word.endswith("+"):
        return _STATES.get(word)
    begun = [state for name, state in _STATES.items() if name.startswith(word[:-1])]
    exact = _STATES.get(word[:-1])
    return exact or (begun[0] if len(begun) == 1 else None)


def parse_exit(text: str) -> tuple[int | None, int | None]:
    """Return exit code and signal of "1:0" or "0:9"."""
    code, _, signal = text.partition(":")
    return parse_count(code), parse_count(signal)


def parse_size(text: str, bare_unit: str = "") -> int | None:
    """Return bytes of "6040K", "37.71G" or a bare number in `bare_unit`: Slurm's units are powers of 1024.

    Before 21.08 ReqMem ended in n or c (per node, per core); the letter is dropped.
    """
    found = _SIZE.fullmatch(text.strip())
    if found is None:
        return None
    number, exponent = found[1], _EXPONENT[found[2] or bare_unit]
    return int(number) * 1024**exponent if number.isdigit() else int(float(number) * 1024**exponent)


def parse_tres(text: str) -> dict[str, str]:
    """Return trackable resources, "cpu=9,gres/gpu:a100=1,mem=60G", by name."""
    pairs = (item.partition("=") for item in text.split(","))
    return {name.strip(): value.strip() for name, _, value in pairs if value}


def count_gpus(tres: dict[str, str]) -> int | None:
    """Return the GPUs of an allocation: 0 where it holds none, None where nothing is listed.

    A job that asked for a type has both "gres/gpu" and "gres/gpu:TYPE"; the latter are counted only without
    the former. gres/gpumem and gres/gpuutil are other things.
    """
    if not tres:
        return None
    if "gres/gpu" in tres:
        return parse_count(tres["gres/gpu"])
    return sum(parse_count(value) or 0 for name, value in tres.items() if name.startswith("gres/gpu:"))


def memory_bytes(tres: dict[str, str]) -> int | None:
    """Return an allocation's memory, over all nodes; a bare number is MiB, as slurmdbd stores it."""
    size = parse_size(tres.get("mem", ""), bare_unit="M")
    return size or None
