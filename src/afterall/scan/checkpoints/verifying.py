"""Verify what a person names on the command line: files, checkpoint directories, runs, or whole sets.

Invariant: what was named is judged by what lies in it alone; nothing was promised here, so nothing but parts
of a checkpoint can be missing.
"""

import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from afterall.errors import BadInput
from afterall.model import (
    Checkpoint,
    CheckpointKind,
    EntryKind,
    Finding,
    FindingCode,
    Scalar,
    Severity,
    Source,
    Tier,
    Verdict,
)
from afterall.scan.checkpoints.across import compared, linked
from afterall.scan.checkpoints.checks.material import PATH_EVIDENCE, found
from afterall.scan.checkpoints.examining import Examination, examine
from afterall.scan.checkpoints.identical import identical
from afterall.scan.checkpoints.layouts import Place, find_places
from afterall.scan.checkpoints.progress import Progress
from afterall.scan.checkpoints.verdicts import verdict_of_all, worst
from afterall.scan.checkpoints.walking import Walk, entry_of, walk

ALONE = "file"
"""The layout of a file that was named by itself."""

_HUB_SNAPSHOT = re.compile(r"(?P<repository>.*/models--[^/]+)/snapshots/[^/]+")


class _Named(Struct, frozen=True):
    """One path as it was typed, and where it is."""

    typed: str
    root: Path
    """What no link may leave."""
    start: str
    """The path relative to the root."""
    walk: Walk
    places: tuple[Place, ...]


def verify(
    paths: Sequence[Path], depth: Tier = Tier.QUICK, progress: Callable[[Progress], None] | None = None
) -> tuple[Checkpoint, ...]:
    """Return every checkpoint at or below `paths`, in order, paths as typed; a path named twice counts once.

    A directory that holds none is told as one that is missing, what could not be listed as not verifiable.
    `progress` is called from this thread. Raises BadInput for a path that is not there or cannot be listed.
    """
    named = [_survey(path) for path in dict.fromkeys(paths)]
    sizes = [sum(entry.size_bytes for place in each.places for entry in place.entries) for each in named]
    checkpoints: list[Checkpoint] = []
    for index, each in enumerate(named):
        report = _shifted(progress, sum(sizes[:index]), sum(sizes)) if progress is not None else None
        checkpoints.extend(_as_typed(checkpoint, each) for checkpoint in _verify(each, depth, report))
    return tuple(checkpoints)


def _survey(path: Path) -> _Named:
    try:
        place = Path(os.path.realpath(path))
        entry = entry_of(place.name, place.lstat())
        if entry.kind is EntryKind.DIRECTORY:
            os.scandir(place).close()
    except (OSError, ValueError) as error:
        problem = error.strerror if isinstance(error, OSError) else None
        raise BadInput(path, problem or str(error)) from error
    root, start = place.parent, place.name
    if entry.kind is not EntryKind.DIRECTORY:
        alone = Place(name=start, path=start, directory="", layout=ALONE, entries=(entry,), is_alone=True)
        return _Named(str(path), root, start, Walk((entry,)), (alone,))
    hub = _HUB_SNAPSHOT.match(str(place))
    if hub is not None:
        # The hub's cache keeps the files beside the snapshots and links to them.
        root = Path(hub["repository"])
        start = os.path.relpath(place, root)
    if not place.name:
        start = ""
    walked = walk(root, start)
    return _Named(str(path), root, start, walked, find_places(walked.entries))


def _shifted(
    progress: Callable[[Progress], None], before_bytes: int, total_bytes: int
) -> Callable[[Progress], None]:
    return lambda each: progress(Progress(each.path, before_bytes + each.done_bytes, total_bytes))


def _verify(each: _Named, depth: Tier, report: Callable[[Progress], None] | None) -> tuple[Checkpoint, ...]:
    checkpoints = compared(tuple(examine(each.places, Examination(each.root, depth, report=report))))
    entries = {entry.path: entry for entry in each.walk.entries}
    about = list(linked(checkpoints, entries))
    if depth is not Tier.QUICK:
        about.extend(identical(each.root, checkpoints, entries))
    unseen = _unseen(each)
    about.extend(unseen)
    by_path: dict[str, list[Finding]] = {}
    for finding in about:
        by_path.setdefault(finding.subject, []).append(finding)
    told = tuple(_with(checkpoint, by_path.get(checkpoint.path, [])) for checkpoint in checkpoints)
    known = {checkpoint.path for checkpoint in checkpoints}
    others = [_unlooked(finding, Verdict.UNVERIFIED) for finding in unseen if finding.subject not in known]
    return (*told, *others) or (_nothing(each),)


def _with(checkpoint: Checkpoint, findings: list[Finding]) -> Checkpoint:
    if not findings:
        return checkpoint
    verdict = worst((checkpoint.verdict, verdict_of_all(findings)))
    return replace(checkpoint, findings=(*checkpoint.findings, *findings), verdict=verdict)


def _unseen(each: _Named) -> list[Finding]:
    """Return what could not be looked into: errors here, since nothing else would tell of it."""
    error = Severity.ERROR
    told = [found(FindingCode.DIRECTORY_UNREADABLE, path, severity=error) for path in each.walk.unreadable]
    if each.walk.is_truncated:
        seen: dict[str, Scalar] = {"entries": len(each.walk.entries)}
        told.append(found(FindingCode.WALK_TRUNCATED, each.start, seen, error))
    return told


def _nothing(each: _Named) -> Checkpoint:
    """Return what stands for a directory in which there is no checkpoint."""
    return _unlooked(found(FindingCode.NO_CHECKPOINTS, each.start), Verdict.MISSING)


def _unlooked(finding: Finding, verdict: Verdict) -> Checkpoint:
    return Checkpoint(
        name=finding.subject.rpartition("/")[2],
        path=finding.subject,
        layout="directory",
        kind=CheckpointKind.UNKNOWN,
        verdict=verdict,
        tier=None,
        size_bytes=0,
        findings=(finding,),
    )


def _as_typed(checkpoint: Checkpoint, each: _Named) -> Checkpoint:
    """Return a checkpoint with every path in it as a person would type it from where they are."""

    def typed(path: str) -> str:
        inside = path[len(each.start) :].lstrip("/") if path.startswith(each.start) else path
        if each.typed == ".":
            return inside or "."
        prefix = each.typed.rstrip("/")
        return f"{prefix}/{inside}" if inside else prefix or "/"

    return replace(
        checkpoint,
        path=typed(checkpoint.path),
        files=tuple(replace(file, path=typed(file.path)) for file in checkpoint.files),
        findings=tuple(_finding_as_typed(finding, typed) for finding in checkpoint.findings),
    )


def _finding_as_typed(finding: Finding, typed: Callable[[str], str]) -> Finding:
    return replace(
        finding,
        subject=typed(finding.subject),
        evidence={
            key: typed(value) if key in PATH_EVIDENCE and isinstance(value, str) else value
            for key, value in finding.evidence.items()
        },
        sources=tuple(Source(typed(source.file), source.where) for source in finding.sources),
    )
