"""Verify what a person names on the command line: files, checkpoint directories, runs, or whole sets.

Invariant: what was named is judged by what lies in it alone; nothing was promised here, so nothing but parts
of a checkpoint, and what a manifest has, can be missing.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from afterall.model import (
    Checkpoint,
    CheckpointKind,
    EntryKind,
    Finding,
    FindingCode,
    Scalar,
    Severity,
    Tier,
    Verdict,
)
from afterall.scan.checkpoints.across import compared, told_together
from afterall.scan.checkpoints.against import Record, below, held_against, placed
from afterall.scan.checkpoints.as_typed import as_typed, typed_in
from afterall.scan.checkpoints.checks.material import found
from afterall.scan.checkpoints.examining import Examination, examine
from afterall.scan.checkpoints.manifest import Manifest, Recorded
from afterall.scan.checkpoints.memory_file import (
    memory_directory,
    read_memory,
    remembers_any,
    write_memory,
)
from afterall.scan.checkpoints.progress import Progress
from afterall.scan.checkpoints.remembering import Memory
from afterall.scan.checkpoints.resume_points import resume_points
from afterall.scan.checkpoints.sharing import Hiring
from afterall.scan.checkpoints.surveying import Named, survey
from afterall.scan.checkpoints.verdicts import verdict_of_all, worst
from afterall.scan.helpers import HelperProcess

Tell = Callable[[Progress], None]


class Asked(Struct, frozen=True, kw_only=True):
    """How to verify: how deep, with how many threads, against what, and whom to tell of progress."""

    depth: Tier = Tier.QUICK
    jobs: int | None = None
    """Most threads at a time; None: as many as the file system lets wait."""
    manifest: Manifest | None = None
    """What the files were when they were recorded; None: nothing to hold them against."""
    records: bool = False
    """True: every file is read for its digest, in the values tier."""
    remembers: bool = False
    """True: what was found of a file that has not changed since is used again, and kept for the next time.

    With a manifest nothing is: bits that rot change neither size nor time, and only reading shows them.
    """
    progress: Tell | None = None
    """Called from the asking thread."""

    @property
    def reads_all(self) -> bool:
        """True where every file is read, whatever it holds."""
        return self.records or self.manifest is not None


class Verified(Struct, frozen=True):
    """What was found, paths as typed; and where asked for, the digest of every file that was read whole."""

    checkpoints: tuple[Checkpoint, ...]
    base: str = ""
    """The directory, absolute, that everything that was named lies in."""
    recorded: Mapping[str, Recorded] = {}
    """By path relative to `base`."""


def verify(
    paths: Sequence[Path], depth: Tier = Tier.QUICK, progress: Tell | None = None
) -> tuple[Checkpoint, ...]:
    """Return every checkpoint at or below `paths`, remembering nothing; otherwise as `verify_as`."""
    return verify_as(paths, Asked(depth=depth, progress=progress)).checkpoints


def verify_as(paths: Sequence[Path], asked: Asked) -> Verified:
    """Return every checkpoint at or below `paths`, in order; a path named twice counts once.

    A directory that holds none is told as one that is missing, what could not be listed as not verifiable.
    Raises BadInput for a path that is not there or cannot be listed.
    """
    with Hiring(asked.jobs) as crew:
        named = _surveyed(tuple(dict.fromkeys(paths)), asked, crew)
        if len(named) == 1:
            return _verified(named, asked, (crew,))
    return _verified(named, asked, [Hiring(asked.jobs) for _ in named])


def _surveyed(paths: Sequence[Path], asked: Asked, crew: Hiring) -> list[Named]:
    """Return what was named; for one path alone `crew` is hired meanwhile, where its files will be judged."""

    def expect(files: int) -> None:
        if not asked.remembers or not remembers_any(Path(os.path.realpath(paths[0]))):
            crew.expect(files)

    is_early = len(paths) == 1 and asked.depth is Tier.QUICK
    return [survey(path, asked.jobs, expect if is_early else None) for path in paths]


def _verified(named: Sequence[Named], asked: Asked, crews: Iterable[Hiring]) -> Verified:
    base = os.path.commonpath([each.directory for each in named])
    record = None if asked.manifest is None else placed(asked.manifest, base)
    checkpoints: list[Checkpoint] = []
    recorded: dict[str, Recorded] = {}
    told: set[str] = set()
    before, total = 0, 0 if asked.progress is None else sum(each.size_bytes for each in named)
    for each, crew in zip(named, crews, strict=True):
        tell = None if asked.progress is None else _shifted(asked.progress, before, total)
        before += 0 if tell is None else each.size_bytes
        with _memory(each, asked) as (memory, known):
            result = known
            if result is None:
                with crew:
                    if asked.depth is Tier.QUICK:
                        crew.expect(len(each.walk.entries))
                    seen = _verify(each, _how(each, asked, memory, tell, crew.helpers), record)
                recorded.update(_recorded(seen, each, base) if asked.records else ())
                typed = typed_in(each)
                result = tuple([as_typed(checkpoint, typed) for checkpoint in seen])
                memory.keep_outcome(_question(each, asked), each.walk, result)
            elif tell is not None:
                tell(Progress(each.start, each.size_bytes, each.size_bytes))
        checkpoints += _untold(result, each, told) if len(named) > 1 else result
    return Verified(tuple(checkpoints), base, recorded)


def _untold(found: Sequence[Checkpoint], each: Named, told: set[str]) -> list[Checkpoint]:
    """Return what no path named before has told of already; add it to what was told.

    Several checkpoints may lie at one place, as a run's final model and other weights beside it.
    """
    below_it = [os.path.relpath(checkpoint.path, each.typed) for checkpoint in found]
    places = [os.path.normpath(os.path.join(each.root, each.start, path)) for path in below_it]
    new = [checkpoint for checkpoint, place in zip(found, places, strict=True) if place not in told]
    told.update(places)
    return new


def _shifted(progress: Tell, before_bytes: int, total_bytes: int) -> Tell:
    return lambda each: progress(Progress(each.path, before_bytes + each.done_bytes, total_bytes))


def _how(
    each: Named, asked: Asked, memory: Memory, tell: Tell | None, helpers: tuple[HelperProcess, ...]
) -> Examination:
    return Examination(
        each.root,
        asked.depth,
        jobs=asked.jobs,
        helpers=helpers,
        reads_all=asked.reads_all,
        memory=memory,
        report=tell,
    )


def _question(each: Named, asked: Asked) -> tuple[Tier, str, str, str]:
    return (asked.depth, str(each.root), each.start, each.typed)


@contextmanager
def _memory(each: Named, asked: Asked) -> Iterator[tuple[Memory, tuple[Checkpoint, ...] | None]]:
    """Remember while the block lasts, and keep what was learned however it ends.

    With the memory comes what is known of all that was named, None where anything of it has changed.
    """
    if not asked.remembers or asked.reads_all:
        yield Memory(keeps=False), None
        return
    directory = memory_directory(each.directory)
    memory = read_memory(directory)
    known = memory.outcome(_question(each, asked), each.walk)
    if known is None and each.looks_like_set:
        directory = memory_directory(each.directory, looks_like_set=True)
        memory = read_memory(directory)
    try:
        yield memory, known
    finally:
        write_memory(directory, memory)


def _verify(each: Named, how: Examination, record: Record | None) -> tuple[Checkpoint, ...]:
    """Return the checkpoints of one named path, their paths relative to its root."""
    checkpoints = compared(tuple(examine(each.places, how)))
    entries = {entry.path: entry for entry in each.walk.entries}
    if record is not None:
        checkpoints = held_against(checkpoints, below(record, str(each.root), each.start), entries)
    unseen = _unseen(each)
    resumed = resume_points(each.root, checkpoints, entries)
    about = [*told_together(each.root, checkpoints, entries), *resumed.findings, *unseen]
    by_path: dict[str, list[Finding]] = {}
    for finding in about:
        by_path.setdefault(finding.subject, []).append(finding)
    every = (*checkpoints, *resumed.missing)
    told = tuple(_with(checkpoint, by_path.get(checkpoint.path, [])) for checkpoint in every)
    known = {checkpoint.path for checkpoint in checkpoints}
    others = [_unlooked(finding, Verdict.UNVERIFIED) for finding in unseen if finding.subject not in known]
    return (*told, *others) or (_nothing(each),)


def _recorded(checkpoints: Iterable[Checkpoint], each: Named, base: str) -> Iterator[tuple[str, Recorded]]:
    """Yield what a manifest keeps of every file that was read whole."""
    entries = {entry.path: entry for entry in each.walk.entries}
    for checkpoint in checkpoints:
        for file in checkpoint.files:
            entry = entries.get(file.path)
            if not file.digest or entry is None:
                continue
            mtime_ns = entry.mtime_ns if entry.kind is EntryKind.FILE else None
            path = os.path.relpath(os.path.join(each.root, file.path), base)
            yield path, Recorded(file.size_bytes, file.digest, file.blocks, mtime_ns)


def _with(checkpoint: Checkpoint, findings: list[Finding]) -> Checkpoint:
    if not findings:
        return checkpoint
    verdict = worst((checkpoint.verdict, verdict_of_all(findings)))
    return replace(checkpoint, findings=(*checkpoint.findings, *findings), verdict=verdict)


def _unseen(each: Named) -> list[Finding]:
    """Return what could not be looked into: errors here, since nothing else would tell of it."""
    error = Severity.ERROR
    told = [found(FindingCode.DIRECTORY_UNREADABLE, path, severity=error) for path in each.walk.unreadable]
    if each.walk.is_truncated:
        seen: dict[str, Scalar] = {"entries": len(each.walk.entries)}
        told.append(found(FindingCode.WALK_TRUNCATED, each.start, seen, error))
    return told


def _nothing(each: Named) -> Checkpoint:
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
