"""Gather the telling lines of one log: for each code how often, first, last, and the one worth quoting.

Invariant: a line that shows words instead of saying them tells nothing, nor does one that was cut off, nor an
exception that Python ignored.
"""

from afterall.model import FindingCode, Scalar, Severity
from afterall.scan.logs.lines import Line, strip_codes
from afterall.scan.logs.reader import LineReader
from afterall.scan.logs.signatures import SIGNATURES, Signature
from afterall.scan.logs.telling import Hit, Hits, Traceback, is_shown
from afterall.scan.logs.tracebacks import TracebackReader
from afterall.scan.secrets import mask_secrets

_NAMES = frozenset({"job_id", "step", "host", "port", "tasks", "worker"})
"""Groups whose digits are a name and no number."""


class HitReader(LineReader):
    """Reads what the table of signatures describes; `tracebacks` has read each line before it."""

    triggers = tuple(dict.fromkeys(row.trigger for row in SIGNATURES))

    def __init__(self, tracebacks: TracebackReader) -> None:
        self.hits: dict[FindingCode, Hits] = {}
        self._tracebacks = self.leader = tracebacks

    @property
    def wants_next(self) -> bool:
        """True where a traceback has ended: a coloured exception's record holds no literal in one piece."""
        return self._tracebacks.has_just_ended

    def read(self, line: Line) -> None:
        """Take a line if it is one of the table's; of one line each code counts once."""
        self._tracebacks.has_just_ended = False
        plain = strip_codes(line.raw)
        rows = [row for row in SIGNATURES if row.literal in plain]
        if not rows or is_shown(line.text) or not (line.is_complete or line.text.endswith(" ***")):
            return
        traceback = self._tracebacks.ended_at(line)
        if traceback is not None and traceback.is_ignored:
            return
        words = line.text.encode()
        told: set[FindingCode] = set()
        for row in rows:
            raised = traceback or (self._tracebacks.continued_at(line) if row.continues else None)
            hit = None if row.code in told else _hit(row, line, words, raised)
            if hit is not None:
                told.add(row.code)
                self._take(hit)

    def _take(self, hit: Hit) -> None:
        code, traceback = hit.signature.code, hit.traceback
        if traceback is not None and _tells_more(hit, traceback):
            traceback.hit = hit
        known = self.hits.get(code)
        if known is None:
            self.hits[code] = Hits(1, hit, hit, hit)
            return
        known.count += 1
        known.last = hit
        if code is FindingCode.LINE_COPY_FAILED or _strength(hit) > _strength(known.quoted):
            known.quoted = hit


def _tells_more(hit: Hit, traceback: Traceback) -> bool:
    """Tell whether a line is a traceback's exception, or the reason for it where that was communication."""
    known = traceback.hit
    if known is None or known.line.offset < traceback.end.offset:
        return True
    return known.signature.code is FindingCode.LINE_NCCL is not hit.signature.code


def _strength(hit: Hit) -> tuple[bool, bool]:
    """Rank what to quote: sure before unsure, a cause before its aftermath, else the earlier."""
    return (hit.signature.severity is not Severity.WARNING, not hit.signature.is_aftermath)


def _hit(row: Signature, line: Line, words: bytes, traceback: Traceback | None) -> Hit | None:
    found = row.pattern.search(words)
    if found is None or (row.refusal is not None and row.refusal.search(words)):
        return None
    groups = {name: value.decode("utf-8", "replace") for name, value in found.groupdict().items() if value}
    evidence: dict[str, Scalar] = {
        name: int(value)
        if value.isdecimal() and len(value) < 19 and name not in _NAMES
        else mask_secrets(value.strip())
        for name, value in groups.items()
    }
    return Hit(line, row, evidence, traceback)
