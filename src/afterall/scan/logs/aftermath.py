"""Tell what in a log only followed on a cause that the same log names.

Invariant: pure, and only of lines whose own words allow it; a cause is never hidden by what came of it.
"""

from collections.abc import Mapping, Sequence

from afterall.model import Finding, FindingCode
from afterall.scan.logs.blame import is_of_others, was_sent
from afterall.scan.logs.telling import Hit, Hits, Traceback

_CAUSES = frozenset(
    {
        FindingCode.LINE_TIME_LIMIT,
        FindingCode.LINE_PREEMPTED,
        FindingCode.LINE_NODE_FAILURE,
        FindingCode.LINE_HOST_OUT_OF_MEMORY,
    }
)
"""What makes a killed step's or process's line an aftermath."""
_ABORTING = frozenset(
    {
        FindingCode.LINE_NCCL,
        FindingCode.LINE_GPU_ERROR,
        FindingCode.LINE_CUDA_OUT_OF_MEMORY,
        FindingCode.LINE_HOST_OUT_OF_MEMORY,
    }
)
"""What native code ends its process over by `std::terminate`, that is by signal 6."""
_NEAR_BYTES = 1 << 16
"""How far from its reason an abort or a stop may stand: stacks are printed in between, for each rank."""
_STOPPING = _ABORTING | {FindingCode.LINE_CANCELLED, FindingCode.LINE_DISK_FULL, FindingCode.LINE_DIVERGED}
"""What ends one process, also without an exception, and has its launcher or Slurm tell the others to end."""
_ABORT = 6
_ABORTED = frozenset({"Aborted", "SIGABRT", "return code = -6"})
_BY_SIGNAL = frozenset({130, 137, 143})
"""Exit codes of shells and programs that were stopped from outside."""

Known = Mapping[FindingCode, Hits]


def came_of_it(code: FindingCode, found: Hits, known: Known, guilty: Traceback | None) -> bool:
    """Tell whether the lines of a code are only what came of a cause that the log names too."""
    quoted = found.quoted
    if _is_told_otherwise(quoted):
        return True
    if code is FindingCode.LINE_KILLED and _is_abort(quoted):
        return _has_reason(quoted, _ABORTING, known, guilty)
    if "stopped" in quoted.evidence and _has_reason(quoted, _STOPPING, known, guilty):
        return True
    if not quoted.signature.is_aftermath:
        return False
    if code is FindingCode.LINE_CANCELLED and _failed_before(quoted, known):
        return True
    return not _CAUSES.isdisjoint(known) or (code is FindingCode.LINE_KILLED and _was_cancelled(known))


def was_stopped(guilty: Traceback, known: Known, exit_code: int | None) -> bool:
    """Tell whether a traceback only shows that Slurm ended the job, as the log says."""
    return was_sent(guilty, exit_code) and (not _CAUSES.isdisjoint(known) or _was_cancelled(known))


def without_stops(lines: Sequence[Finding]) -> list[Finding]:
    """Return what the logs of one attempt tell, without who was told to end where Slurm says by whom.

    Programs and Slurm often write into different logs.
    """
    told = any(line.code in _CAUSES or line.code is FindingCode.LINE_CANCELLED for line in lines)
    return [line for line in lines if not (told and "stopped" in line.evidence)]


def _is_told_otherwise(hit: Hit) -> bool:
    """Tell whether a line's exception is told by the reason that stands below it in its message."""
    raised = hit.traceback
    told = raised.hit if raised is not None else None
    return (
        raised is not None
        and told is not None
        and told.signature.code is not hit.signature.code
        and told.line.offset >= raised.end.offset
    )


def _is_abort(hit: Hit) -> bool:
    return hit.evidence.get("crash") in _ABORTED or hit.evidence.get("fatal") == _ABORT


def _has_reason(hit: Hit, reasons: frozenset[FindingCode], known: Known, guilty: Traceback | None) -> bool:
    """Tell whether one of these reasons, or the exception that ended the program, stands near a line."""
    lines = [known[reason].last.line for reason in reasons if reason in known]
    if guilty is not None and not is_of_others(guilty):
        lines.append(guilty.end)
    return any(abs(line.offset - hit.line.offset) < _NEAR_BYTES for line in lines)


def _failed_before(hit: Hit, known: Known) -> bool:
    """Tell whether srun ended the step because a task had failed, as `--kill-on-bad-exit` has it do."""
    exited, killed = known.get(FindingCode.LINE_TASK_EXITED), known.get(FindingCode.LINE_KILLED)
    failed = (
        [exited.first] if exited and exited.first.evidence.get("exit_code", 143) not in _BY_SIGNAL else []
    )
    crashed = [killed.first] if killed and "crash" in killed.first.evidence else []
    return any(one.line.offset < hit.line.offset for one in (*failed, *crashed))


def _was_cancelled(known: Known) -> bool:
    cancelled = known.get(FindingCode.LINE_CANCELLED)
    return cancelled is not None and not cancelled.quoted.signature.is_aftermath
