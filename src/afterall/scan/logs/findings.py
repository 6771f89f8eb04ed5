"""Tell what one log's telling lines and tracebacks found, each exception once.

Invariant: where the exception that ended the program is a line of the table, its code is told, with the
exception and its frame as evidence, and no traceback beside it. Such a line ended the program: it is an error
however weak the line alone would be.
"""

from afterall.model import Finding, FindingCode, Scalar, Severity, Source
from afterall.scan.logs.aftermath import came_of_it, was_stopped
from afterall.scan.logs.blame import is_of_others, lost_others
from afterall.scan.logs.hits import HitReader
from afterall.scan.logs.lines import printed
from afterall.scan.logs.telling import Hit, Hits, Traceback, quote
from afterall.scan.logs.tracebacks import TracebackReader

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
        if not came_of_it(code, found, hits.hits, guilty)
    ]
    if guilty is None or told is not None or (killed is not None and is_of_others(guilty)):
        return findings
    if was_stopped(guilty, hits.hits, tracebacks.exit_code):
        return findings
    return [*findings, _on_traceback(guilty, tracebacks, file)]


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
    elif _is_beside(code, quoted, guilty, tracebacks.rank):
        severity = min(code.severity, Severity.WARNING)
    return Finding(
        code=code,
        subject=file,
        evidence=evidence,
        quote=quote(printed(quoted.line.raw)),
        sources=_places(quoted, found, file),
        severity=severity,
    )


def _is_beside(code: FindingCode, hit: Hit, guilty: Traceback | None, rank: str | None) -> bool:
    """Tell whether a line is not why the program ended, with `rank` as the launcher's root cause."""
    if code is FindingCode.LINE_NCCL and _waited(hit, guilty, rank):
        return True
    return guilty is not None and _was_handled(code, hit, guilty)


def _waited(hit: Hit, guilty: Traceback | None, rank: str | None) -> bool:
    """Tell whether a rank only lost the others: another one is the root cause, or ended by itself before."""
    label = hit.line.label
    if not label.isdecimal():
        return False
    if rank is not None:
        return label != rank
    return (
        guilty is not None
        and guilty.start.label.isdecimal()
        and guilty.start.label != label
        and guilty.end.offset < hit.line.offset
        and not lost_others(guilty)
    )


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
    evidence: dict[str, Scalar] = {"is_usage": True} if guilty.is_usage else {}
    if guilty.exception:
        evidence["exception"] = guilty.exception
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
