"""Tell what one log's telling lines and tracebacks found, each exception once.

Invariant: where the exception that ended the program is a line of the table, its code is told, with the
exception and its frame as evidence, and no traceback beside it. Such a line ended the program: it is an error
however weak the line alone would be.
"""

from collections.abc import Mapping

from afterall.model import Finding, FindingCode, Scalar, Severity, Source
from afterall.scan.logs.hits import HitReader
from afterall.scan.logs.lines import printed
from afterall.scan.logs.telling import Hit, Hits, Traceback, quote
from afterall.scan.logs.tracebacks import TracebackReader, is_of_others

_CAUSES = frozenset(
    {
        FindingCode.LINE_TIME_LIMIT,
        FindingCode.LINE_PREEMPTED,
        FindingCode.LINE_NODE_FAILURE,
        FindingCode.LINE_HOST_OUT_OF_MEMORY,
    }
)
"""What makes a killed step's or process's line an aftermath."""
_HANDLED = frozenset(
    {
        FindingCode.LINE_MODULE_MISSING,
        FindingCode.LINE_FILE_MISSING,
        FindingCode.LINE_FILE_DAMAGED,
        FindingCode.LINE_HUB_ACCESS,
        FindingCode.LINE_WANDB,
    }
)
"""What programs try, report, and do without."""
_ABORTED = 6
"""The signal with which NCCL's watchdog ends its own process."""


def line_findings(hits: HitReader, tracebacks: TracebackReader, file: str) -> list[Finding]:
    """Return at most one finding a code; what a named cause left behind is not told again."""
    guilty = tracebacks.guilty()
    killed = hits.hits.get(FindingCode.LINE_KILLED)
    told = None if guilty is None else guilty.hit
    findings = [
        _on_hits(
            code, found, told if told and told.signature.code is code else None, guilty, tracebacks, file
        )
        for code, found in hits.hits.items()
        if not _is_explained(code, found, hits.hits)
    ]
    if guilty is None or told is not None or (killed is not None and is_of_others(guilty)):
        return findings
    return [*findings, _on_traceback(guilty, tracebacks, file)]


def _is_explained(code: FindingCode, found: Hits, known: Mapping[FindingCode, Hits]) -> bool:
    """Tell whether lines are only what came of a cause that the log names too."""
    if code is FindingCode.LINE_KILLED and found.quoted.evidence.get("fatal") == _ABORTED:
        return FindingCode.LINE_NCCL in known
    cancelled = known.get(FindingCode.LINE_CANCELLED)
    was_cancelled = cancelled is not None and not cancelled.quoted.signature.is_aftermath
    has_cause = not _CAUSES.isdisjoint(known) or (code is FindingCode.LINE_KILLED and was_cancelled)
    return found.quoted.signature.is_aftermath and has_cause


def _on_hits(
    code: FindingCode,
    found: Hits,
    told: Hit | None,
    guilty: Traceback | None,
    tracebacks: TracebackReader,
    file: str,
) -> Finding:
    quoted = told or found.quoted
    evidence: dict[str, Scalar] = {"count": found.count, **quoted.evidence}
    severity = quoted.signature.severity
    if told is not None and guilty is not None:
        evidence = {**_raised(guilty, tracebacks), **evidence}
        severity = Severity.ERROR if code.severity < Severity.ERROR or severity is not None else None
    elif _waited(code, quoted, tracebacks) or (guilty is not None and _was_handled(code, quoted, guilty)):
        severity = min(code.severity, Severity.WARNING)
    return Finding(
        code=code,
        subject=file,
        evidence=evidence,
        quote=quote(printed(quoted.line.raw)),
        sources=_places(quoted, found, file),
        severity=severity,
    )


def _waited(code: FindingCode, hit: Hit, tracebacks: TracebackReader) -> bool:
    """Tell whether a rank only lost the others, where the launcher names another one as the root cause."""
    label, guilty = hit.line.label, tracebacks.rank
    return code is FindingCode.LINE_NCCL and label.isdecimal() and guilty not in (None, label)


def _was_handled(code: FindingCode, hit: Hit, guilty: Traceback) -> bool:
    """Tell whether an exception was told and gone on after: the same rank ended with another one later."""
    raised = hit.traceback
    return (
        code in _HANDLED
        and raised is not None
        and raised.start.label == guilty.start.label
        and raised.end.offset < guilty.start.offset
    )


def _on_traceback(guilty: Traceback, tracebacks: TracebackReader, file: str) -> Finding:
    evidence: dict[str, Scalar] = {"count": tracebacks.count, **_raised(guilty, tracebacks)}
    root = guilty.root
    if root is not None and root.message != guilty.message:
        evidence["first_exception"] = quote(root.message)
        if root.frame:
            evidence["first_frame"] = root.frame
    places = [guilty.end.where, guilty.start.where]
    return Finding(
        code=FindingCode.LINE_TRACEBACK,
        subject=file,
        evidence=evidence,
        quote=quote(guilty.message),
        sources=tuple(Source(file, where) for where in dict.fromkeys(places)),
    )


def _raised(guilty: Traceback, tracebacks: TracebackReader) -> dict[str, Scalar]:
    """Return what is known of the exception that ended the program."""
    evidence: dict[str, Scalar] = {"exception": guilty.exception}
    if guilty.frame:
        evidence["frame"] = guilty.frame
    if tracebacks.rank is not None:
        evidence["rank"] = int(tracebacks.rank)
    code = tracebacks.exit_code
    if code is not None:
        evidence |= {"exit_code": code} if code >= 0 else {"signal": -code}
    if is_of_others(guilty):
        evidence["is_launchers"] = True
    if guilty.exception == "KeyboardInterrupt":
        evidence["is_interrupt"] = True
    return evidence


def _places(quoted: Hit, hits: Hits, file: str) -> tuple[Source, ...]:
    """Return the places of the lines: the quoted one first, the last one last."""
    first, last = hits.first.line.where, hits.last.line.where
    shown = quoted.line.where
    places = dict.fromkeys((last,) if shown == last else (shown, first, last))
    return tuple(Source(file, where) for where in places)
