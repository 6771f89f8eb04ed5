"""Fold what a job's steps say into the job: peak memory, real exit code, whether its memory killed it.

Invariant: numbers decide; a kill signal alone is no evidence of a memory kill, and an exit code is put
right only where two rows agree on it.
"""

from collections.abc import Sequence

from afterall.model import SlurmState
from afterall.observe.values import memory_bytes, parse_count, parse_exit, parse_size, parse_state, parse_tres

Row = dict[str, str]
"""One line of sacct's answer by column name."""

_SIGKILL = 9
_KILLED_CODES = frozenset({_SIGKILL, 128 + _SIGKILL})
_LEFT_OF_128 = frozenset({0, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 31, 127})
"""What is left of a shell's 128 + signal after 128 is subtracted, without 1, 2 and 3, which programs choose
themselves; 0 is what is left of 128 in a job that FAILED, 127 of 255."""


def fold_max_rss(rows: Sequence[Row]) -> int | None:
    """Return the largest resident memory of any task of any step, in bytes; None where none was sampled.

    MaxRSS stands on steps only. Without a suffix it is bytes (--noconvert).
    """
    sizes = [_max_rss(row) for row in rows]
    return max((size for size in sizes if size), default=None)


def fold_exit_code(row: Row, steps: Sequence[Row], *, subtracts_128: bool | None) -> tuple[int | None, bool]:
    """Return the exit code where it is certain to be 128 more than shown, else None, and whether it may be.

    A code S:0 beside a step (or a derived code) 0:S is the shell's 128 + S: the batch script passed on that
    its step died by signal S. A newer sacct shows 137 as it is, so `subtracts_128` False leaves everything
    alone.
    """
    code, signal = parse_exit(row["ExitCode"])
    if subtracts_128 is False or code is None or signal or parse_state(row["State"]) is not SlurmState.FAILED:
        return None, False
    deaths = {parse_exit(text)[1] for text in (row["DerivedExitCode"], *(step["ExitCode"] for step in steps))}
    if code and code in deaths:
        return 128 + code, False
    return None, code in _LEFT_OF_128


def memory_kill(row: Row, steps: Sequence[Row]) -> str:
    """Return what shows that a FAILED job died of its memory, or nothing.

    Slurm says OUT_OF_MEMORY only where cgroups tell it so; jobacct_gather's kill is `FAILED 9:0` with a step
    `CANCELLED 0:9` whose MaxRSS is over the memory of its allocation [measured, 22.05.8].
    """
    if parse_state(row["State"]) is not SlurmState.FAILED:
        return ""
    for step in steps:
        if parse_state(step["State"]) is SlurmState.OUT_OF_MEMORY:
            return f"step {step['JobIDRaw']} ended OUT_OF_MEMORY"
    for step in steps:
        used, limit = _max_rss(step), _limit_bytes(step) or _limit_bytes(row)
        if used and limit and used >= limit and any(_was_killed(each) for each in (row, step)):
            return f"step {step['JobIDRaw']} used {used} of {limit} bytes"
    return ""


def _max_rss(row: Row) -> int | None:
    sizes = (parse_size(row["MaxRSS"]), parse_size(parse_tres(row["TRESUsageInMax"]).get("mem", "")))
    return max((size for size in sizes if size), default=None)


def _limit_bytes(row: Row) -> int | None:
    """Return the memory of one node: an allocation's is over all its nodes, a task's MaxRSS is on one."""
    total = memory_bytes(parse_tres(row["AllocTRES"])) or memory_bytes(parse_tres(row["ReqTRES"]))
    return total // max(1, parse_count(row["NNodes"]) or 1) if total else None


def _was_killed(row: Row) -> bool:
    code, signal = parse_exit(row["ExitCode"])
    return signal == _SIGKILL or code in _KILLED_CODES or parse_exit(row["DerivedExitCode"])[1] == _SIGKILL
