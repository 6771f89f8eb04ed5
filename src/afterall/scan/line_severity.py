"""Weigh the telling lines of a log by what came after them.

Invariant: a line is made milder, never graver: at most a warning where a training step was logged after its
last occurrence, which its evidence then says, or where training reached its own end all the same. One step
proves nothing where another failure stands below it: when a rank fails, the others still log the step they
were in.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from heapq import nlargest

from msgspec.structs import replace

from afterall.model import Finding, Severity
from afterall.scan.curves import mark_of
from afterall.scan.traces import Trace


def weigh_by_progress(lines: Iterable[Finding], traces: Sequence[Trace]) -> list[Finding]:
    """Return the findings, milder where their log shows training going on below them."""
    lines = list(lines)
    if not lines:
        return []
    steps = {trace.file: _last_steps(trace) for trace in reversed(traces) if "loss" in trace.curves}
    lowest: dict[str, float] = {}
    for line in lines:
        if math.isfinite(mark := _mark(line)):
            lowest[line.subject] = max(mark, lowest.get(line.subject, -1))
    return [_passed(line) if _goes_on_after(line, steps, lowest) else line for line in lines]


def weigh_by_completion(lines: Iterable[Finding], *, is_completed: bool) -> list[Finding]:
    """Return the findings, milder where training reached its own end."""
    return [_milder(line) if is_completed else line for line in lines]


def _goes_on_after(line: Finding, steps: Mapping[str, tuple[int, int]], lowest: Mapping[str, float]) -> bool:
    """Tell whether steps stand below a line, and more than one where a failure follows on them."""
    last_but_one, last = steps.get(line.subject, (-1, -1))
    return _mark(line) < (last_but_one if lowest.get(line.subject, -1) > last else last)


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


def _last_steps(trace: Trace) -> tuple[int, int]:
    """Return the marks of the last two logged steps, the earlier first; -1 for one that is not there."""
    last, last_but_one, *_ = (*nlargest(2, (row.mark for row in trace.curves["loss"].readings(None))), -1, -1)
    return last_but_one, last
