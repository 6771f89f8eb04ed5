"""Gather the telling lines of one log: for each code how often, first, last, and the one worth quoting."""

from msgspec import Struct

from afterall.model import Finding, FindingCode, Scalar, Severity, Source
from afterall.scan.logs.lines import Line, printed, strip_codes
from afterall.scan.logs.reader import LineReader
from afterall.scan.logs.signatures import SIGNATURES, Signature
from afterall.scan.secrets import mask_secrets

QUOTE_LENGTH = 500
_CAUSES = frozenset(
    {
        FindingCode.LINE_TIME_LIMIT,
        FindingCode.LINE_PREEMPTED,
        FindingCode.LINE_NODE_FAILURE,
        FindingCode.LINE_HOST_OUT_OF_MEMORY,
    }
)
"""What makes a killed step's line an aftermath."""


class Hit(Struct, frozen=True):
    """One telling line, by which row it was told, and what the row's groups hold."""

    line: Line
    signature: Signature
    evidence: dict[str, Scalar]


class Hits(Struct):
    """All telling lines of one code: the first, the last, and the quoted one."""

    count: int
    first: Hit
    last: Hit
    quoted: Hit


class HitReader(LineReader):
    """Reads what the table of signatures describes."""

    triggers = tuple(dict.fromkeys(row.literal for row in SIGNATURES))

    def __init__(self) -> None:
        self.hits: dict[FindingCode, Hits] = {}

    def read(self, line: Line) -> None:
        """Take a line if it is one of the table's; of one line each code counts once."""
        plain = b""
        told: set[FindingCode] = set()
        for row in SIGNATURES:
            if row.literal in line.raw and row.code not in told:
                plain = plain or strip_codes(line.raw)
                hit = _hit(row, line, plain)
                if hit is not None:
                    told.add(row.code)
                    self._take(hit)

    def findings(self, file: str) -> list[Finding]:
        """Return at most one finding a code; what a named cause left behind is not told again."""
        codes = set(self.hits)
        return [
            _finding(code, hits, file)
            for code, hits in self.hits.items()
            if not (hits.quoted.signature.is_aftermath and codes & _CAUSES)
        ]

    def _take(self, hit: Hit) -> None:
        code = hit.signature.code
        known = self.hits.get(code)
        if known is None:
            self.hits[code] = Hits(1, hit, hit, hit)
            return
        known.count += 1
        known.last = hit
        if code is FindingCode.LINE_COPY_FAILED or _strength(hit) > _strength(known.quoted):
            known.quoted = hit


def quote(text: str) -> str:
    """Return a line as it may stand in a report: without secrets, and not without end."""
    return mask_secrets(text.strip())[:QUOTE_LENGTH]


def _strength(hit: Hit) -> tuple[bool, bool]:
    """Rank what to quote: sure before unsure, a cause before its aftermath, else the earlier."""
    return (hit.signature.severity is None, not hit.signature.is_aftermath)


def _hit(row: Signature, line: Line, plain: bytes) -> Hit | None:
    found = row.pattern.search(plain)
    if found is None or (row.refusal is not None and row.refusal.search(plain)):
        return None
    groups = {name: value.decode("utf-8", "replace") for name, value in found.groupdict().items() if value}
    evidence: dict[str, Scalar] = {
        name: int(value)
        if value.isdecimal() and len(value) < 19 and name != "job_id"
        else mask_secrets(value)
        for name, value in groups.items()
    }
    return Hit(line, row, evidence)


def _places(hits: Hits) -> dict[str, None]:
    """Return the places of the lines: the quoted one first, the last one last."""
    quoted, first, last = (hit.line.where for hit in (hits.quoted, hits.first, hits.last))
    return dict.fromkeys((last,) if quoted == last else (quoted, first, last))


def _finding(code: FindingCode, hits: Hits, file: str) -> Finding:
    places = _places(hits)
    sure: Severity | None = hits.quoted.signature.severity
    return Finding(
        code=code,
        subject=file,
        evidence={"count": hits.count, **hits.quoted.evidence},
        quote=quote(printed(hits.quoted.line.raw)),
        sources=tuple(Source(file, where) for where in places),
        severity=sure,
    )
