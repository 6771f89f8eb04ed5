"""Say what findings make of a file or a checkpoint.

Invariant: only an error changes a verdict, and a verdict of OK is given only to what was looked at.
"""

from collections.abc import Iterable

from afterall.model import Finding, FindingCode, Severity, Verdict
from afterall.scan.checkpoints.formats import Fault

_INCOMPLETE = frozenset(
    {
        FindingCode.ADAPTER_CONFIG_MISSING,
        FindingCode.CHECKPOINT_FILE_MISSING,
        FindingCode.CHECKPOINT_UNFINISHED,
        FindingCode.INDEX_MISSING,
        FindingCode.RECORDED_FILE_MISSING,
        FindingCode.SHARD_MISSING,
        FindingCode.TENSOR_MISSING,
        FindingCode.WEIGHTS_MISSING,
    }
)
_UNVERIFIED = frozenset(
    {
        FindingCode.DIRECTORY_UNREADABLE,
        FindingCode.FILE_LINKED_OUTSIDE,
        FindingCode.FILE_UNREADABLE,
        FindingCode.PICKLE_RUNS_CODE,
        FindingCode.WALK_TRUNCATED,
    }
)
_ORDER = (Verdict.OK, Verdict.UNVERIFIED, Verdict.INCOMPLETE, Verdict.CORRUPT, Verdict.MISSING)
_RANKS = {verdict: rank for rank, verdict in enumerate(_ORDER)}


def verdict_of(code: FindingCode, severity: Severity) -> Verdict:
    """Return what one finding makes of whatever it is about."""
    if severity is not Severity.ERROR:
        return Verdict.OK
    if code in _INCOMPLETE:
        return Verdict.INCOMPLETE
    return Verdict.UNVERIFIED if code in _UNVERIFIED else Verdict.CORRUPT


def fault_verdict(fault: Fault) -> Verdict:
    """Return what one fault makes of its file."""
    return verdict_of(fault.code, fault.code.severity if fault.severity is None else fault.severity)


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the worst of some verdicts, OK where there is none."""
    return max(verdicts, key=_RANKS.__getitem__, default=Verdict.OK)


def verdict_of_all(findings: Iterable[Finding], at_best: Verdict = Verdict.OK) -> Verdict:
    """Return what findings together make of the checkpoint that they are about, `at_best` without any."""
    return worst([at_best, *[verdict_of(finding.code, finding.gravity) for finding in findings]])
