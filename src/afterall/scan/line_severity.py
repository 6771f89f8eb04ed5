"""Weigh the telling lines of a log by what came after them.

Invariant: a line is made milder, never graver: at most a warning where a training step was logged after its
last occurrence, which its evidence then says, or where training reached its own end all the same.
"""

from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from afterall.model import Finding, Severity
from afterall.scan.curves import mark_of
from afterall.scan.traces import Trace


def weigh_by_progress(lines: Iterable[Finding], traces: Sequence[Trace]) -> list[Finding]:
    """Return the findings, milder where their log shows training going on below them."""
    lines = list(lines)
    if not lines:
        return []
    last = {trace.file: _last_mark(trace) for trace in reversed(traces) if "loss" in trace.curves}
    return [_passed(line) if _mark(line) < last.get(line.subject, -1) else line for line in lines]


def weigh_by_completion(lines: Iterable[Finding], *, is_completed: bool) -> list[Finding]:
    """Return the findings, milder where training reached its own end."""
    return [_milder(line) if is_completed else line for line in lines]


def _passed(line: Finding) -> Finding:
    return replace(_milder(line), evidence={**line.evidence, "went_on": True})


def _milder(line: Finding) -> Finding:
    return replace(line, severity=min(line.gravity, Severity.WARNING))


def _mark(line: Finding) -> float:
    """Return the mark of the last place a finding names; beyond all where it names none."""
    counted, _, number = line.sources[-1].where.rpartition(" ") if line.sources else ("", "", "")
    if not number.isdecimal():
        return float("inf")
    return mark_of(int(number), None) if counted == "byte" else int(number)


def _last_mark(trace: Trace) -> int:
    return max((row.mark for row in trace.curves["loss"].readings(None)), default=-1)
