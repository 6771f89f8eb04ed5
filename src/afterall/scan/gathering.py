"""Gather everything one experiment left behind: its logs by attempt, and the files of trainers and loggers.

Invariant: nothing is read twice. What an earlier attempt left is kept apart, and its logs are only read
where the attempt that counts left no training loss. A copy of what a run printed is only read where no log
of its job shows training, and its lines are only told where that log's have nothing to tell: none is told
twice.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

from msgspec import Struct
from msgspec.structs import replace

from afterall.model import (
    Attempt,
    Entry,
    EntryKind,
    Finding,
    FindingCode,
    MatchedExperiment,
    Scalar,
    Severity,
    Source,
    State,
)
from afterall.scan.attempt_logs import logs_by_attempt
from afterall.scan.guarded import read_guarded, unreadable
from afterall.scan.iterations import place_iterations
from afterall.scan.logs.aftermath import without_stops
from afterall.scan.logs.reading import LogPart, read_log
from afterall.scan.traces import Trace
from afterall.scan.trainers import TRAINERS, TraceFiles, make_readers

MOST_EARLIER_LOGS = 3
CLOCK_SLACK_NS = 120 * 10**9
"""How far a file server's clock may be from Slurm's."""


class Material(Struct):
    """What was read."""

    traces: list[Trace] = []
    """Of the attempt that counts."""
    earlier: list[Trace] = []
    """Of earlier attempts, or of earlier parts of one log, the latest first."""
    lines: list[Finding] = []
    """Findings on lines in the logs of the attempt that counts."""
    findings: list[Finding] = []


def gather_material(set_dir: Path, matched: MatchedExperiment) -> Material:
    """Read the logs of the attempt that counts, all trace files, and earlier logs where they are needed."""
    material = Material()
    latest = matched.attempts[-1] if matched.attempts else None
    copies = _transcripts(matched)
    logs = [log for log in matched.logs if log.path not in {copy.path for copy in copies}]
    first, *rest = logs_by_attempt(logs, latest)
    for log in first:
        _take_latest(set_dir, log.path, material)
    has_log_of_training = any(map(shows_training, material.traces))
    for trace in _traces_in_files(set_dir, matched, material):
        is_fresh = _is_fresh(matched, trace.mtime_ns, trace.job_id)
        (material.traces if is_fresh else material.earlier).append(trace)
    # Where Slurm tells of no attempt, a copy may be of any of those that left logs.
    fresh = [e for e in copies if _is_fresh(matched, e.mtime_ns) and not (latest is None and rest)]
    _take_copies(set_dir, () if has_log_of_training else fresh, material)
    earlier = [log.path for group in rest for log in group][:MOST_EARLIER_LOGS]
    for path in [*earlier, *(copy.path for copy in copies if copy not in fresh)]:
        if any(shows_training(trace) for trace in (*material.traces, *material.earlier)):
            break
        material.earlier += [t for part in reversed(_parts(set_dir, path, material)) for t in part.traces]
    material.lines = without_stops(material.lines)
    place_iterations(material.traces)
    place_iterations(material.earlier)
    return material


def shows_training(trace: Trace) -> bool:
    """Tell whether a trace holds a training loss, or that no step was taken."""
    return "loss" in trace.curves or "mean_loss" in trace.curves or "global_step" in trace.facts


def _transcripts(matched: MatchedExperiment) -> list[Entry]:
    """Return the files in which a tracker or trainer kept what a run printed."""
    files = [entry for entry in matched.layout.entries if entry.kind is EntryKind.FILE]
    return [entry for trainer in TRAINERS for choose in trainer.transcripts for entry in choose(files)]


def _take_copies(set_dir: Path, copies: Iterable[Entry], material: Material) -> None:
    """Take copies of what the attempt that counts printed, as far as the first that shows training."""
    for copy in copies:
        known = len(material.traces)
        _take_latest(set_dir, copy.path, material, is_copy=True)
        if any(map(shows_training, material.traces[known:])):
            return


def _take_latest(set_dir: Path, path: str, material: Material, *, is_copy: bool = False) -> None:
    """Take a log of the attempt that counts, or a copy of what it holds."""
    parts = _parts(set_dir, path, material)
    if not parts:
        return
    *before, last = parts
    for part in reversed(before):
        _go_on(last, part)
    material.traces += last.traces
    material.lines += () if is_copy and material.lines else last.findings
    material.earlier += [trace for part in reversed(before) for trace in part.traces]
    if before or last.restarts:
        material.findings.append(_shared(path, parts))
    if not last.is_read_whole:
        problem = "too large: its middle was not read"
        material.findings.append(unreadable(path, FindingCode.LOG_UNREADABLE, problem))


def _go_on(last: LogPart, before: LogPart) -> None:
    """Join the curves of a job that resumed to those it resumed from: both stand in the same log."""
    earlier = {(trace.trainer, trace.origin): trace for trace in before.traces}
    for trace in last.traces:
        known = earlier.get((trace.trainer, trace.origin))
        for key, curve in trace.curves.items():
            if known is not None and key in known.curves:
                curve.continue_from(known.curves[key])


def _parts(set_dir: Path, path: str, material: Material) -> tuple[LogPart, ...]:
    parts, problem = read_guarded(set_dir, path, FindingCode.LOG_UNREADABLE, _read_log)
    material.findings += [problem] if problem is not None else []
    return parts or ()


def _read_log(file: IO[bytes], name: str) -> tuple[LogPart, ...]:
    return read_log(file, name, make_readers)


def _shared(path: str, parts: tuple[LogPart, ...]) -> Finding:
    """Return the finding on a log that holds more runs than the one that counts."""
    job_ids = list(dict.fromkeys(part.job_id for part in parts if part.job_id is not None))
    evidence: dict[str, Scalar] = {"jobs": len(parts) + parts[-1].restarts}
    if len(job_ids) > 1:
        evidence["job_ids"] = ", ".join(job_ids)
    return Finding(
        code=FindingCode.LOG_SHARED_BY_JOBS, subject=path, evidence=evidence, sources=(Source(path),)
    )


def _traces_in_files(set_dir: Path, matched: MatchedExperiment, material: Material) -> Iterator[Trace]:
    files = [entry for entry in matched.layout.entries if entry.kind is EntryKind.FILE]
    for kind in (kind for trainer in TRAINERS for kind in trainer.files):
        for entry in kind.choose(files):
            trace = _trace_in(set_dir, entry, kind, material)
            if trace is not None:
                yield trace


def _trace_in(set_dir: Path, entry: Entry, kind: TraceFiles, material: Material) -> Trace | None:
    trace, problem = read_guarded(set_dir, entry.path, FindingCode.LOG_UNREADABLE, kind.read)
    if trace is None and problem is None and not (entry.size_bytes or kind.may_be_empty):
        empty = unreadable(entry.path, FindingCode.LOG_UNREADABLE, "is empty")
        problem = replace(empty, severity=Severity.WARNING)
    material.findings += [problem] if problem is not None else []
    if trace is not None:
        trace.mtime_ns = entry.mtime_ns
    return trace


def _is_fresh(matched: MatchedExperiment, mtime_ns: int | None, job_id: str | None = None) -> bool:
    """Tell whether a file can be of the attempt that counts: it names its job, or is no older."""
    latest = matched.attempts[-1] if matched.attempts else None
    if latest is None:
        return True
    if job_id is not None:
        return job_id == latest.job_id
    if latest.state is State.PENDING:
        return len(matched.attempts) == 1
    return not _is_older(mtime_ns, latest)


def _is_older(mtime_ns: int | None, attempt: Attempt) -> bool:
    if attempt.start is None or mtime_ns is None:
        return False
    return mtime_ns < attempt.start.timestamp() * 1e9 - CLOCK_SLACK_NS
