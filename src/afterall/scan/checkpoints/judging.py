"""Turn a checkpoint's files, inspected one by one, into one `Checkpoint` with its verdict and findings.

Invariant: pure, and the same for the same files in whatever order they were inspected.
"""

from collections.abc import Iterable, Iterator

from afterall.model import (
    Checkpoint,
    CheckpointFile,
    CheckpointKind,
    EntryKind,
    FileRole,
    Finding,
    FindingCode,
    Scalar,
    Source,
    Tier,
    Verdict,
)
from afterall.scan.checkpoints.checks import CHECKS, TRAINER_CHECKS, Check, Material, adapter_fit
from afterall.scan.checkpoints.checks.distributed import vouched
from afterall.scan.checkpoints.checks.held_progress import Held, held_progress
from afterall.scan.checkpoints.checks.material import found
from afterall.scan.checkpoints.formats import Fault
from afterall.scan.checkpoints.inspection import Inspection
from afterall.scan.checkpoints.layouts.shape import WEIGHT_ROLES, Place
from afterall.scan.checkpoints.verdicts import fault_verdict, verdict_of_all, worst

_COPIED_S = 60
_NONE: frozenset[str] = frozenset()
_UNTOLD = Held()
_EVERY_CHECK = (*CHECKS, *TRAINER_CHECKS)


def judge(material: Material, tier: Tier) -> Checkpoint:
    """Return the checkpoint that these files are, looked at as deep as `tier` says."""
    place = material.place
    is_plain = all(file.name.endswith(".safetensors") for file in material.files)
    checks = CHECKS if is_plain else _EVERY_CHECK
    good = _NONE if is_plain else vouched(material)
    held = _UNTOLD if is_plain else held_progress(material)
    files = tuple([_file(file, file.path in good) for file in material.files])
    findings = tuple(sorted(_findings(material, files, good, checks), key=_order))
    unverified = any(
        file.verdict is Verdict.UNVERIFIED and (file.role in WEIGHT_ROLES or place.is_alone) for file in files
    )
    return Checkpoint(
        name=place.name,
        path=place.path,
        layout=place.layout,
        kind=_kind(files),
        verdict=verdict_of_all(findings, Verdict.UNVERIFIED if unverified else Verdict.OK),
        tier=None if place.is_alone and not _was_read(material) else tier,
        size_bytes=sum([file.size_bytes for file in files]),
        files=files,
        epoch=place.epoch if place.epoch is not None else held.epoch,
        step=place.step if place.step is not None else held.step,
        is_final=place.is_final,
        findings=findings,
    )


def unseen(place: Place) -> Checkpoint:
    """Return the checkpoint of a directory that could not be listed: nothing can be said of what it holds."""
    return Checkpoint(
        name=place.name,
        path=place.path,
        layout=place.layout,
        kind=CheckpointKind.UNKNOWN,
        verdict=Verdict.UNVERIFIED,
        tier=None,
        size_bytes=0,
        epoch=place.epoch,
        step=place.step,
        is_final=place.is_final,
    )


def _findings(
    material: Material, files: tuple[CheckpointFile, ...], good: frozenset[str], checks: tuple[Check, ...]
) -> Iterator[Finding]:
    for file, judged in zip(material.files, files, strict=True):
        for fault in file.faults:
            if fault.code is not FindingCode.FILE_NOT_VERIFIABLE or file.role in WEIGHT_ROLES:
                yield _finding(file.path, fault)
        if file.role in WEIGHT_ROLES:
            yield from _about_weights(file, judged, file.path in good)
    if not material.is_whole:
        yield found(
            FindingCode.FILE_NOT_VERIFIABLE, material.place.path, {"reason": "too_many_tensors_to_compare"}
        )
    if material.place.is_alone and not _was_read(material):
        yield _unread(material.files[0])
    if material.place.is_alone:
        yield from adapter_fit.check(material)
    elif not material.place.is_lone or material.having(FileRole.ADAPTER):
        for check in checks:
            yield from check(material)
    yield from _late(material)


def _was_read(material: Material) -> bool:
    return any(file.contents is not None for file in material.files)


def _unread(file: Inspection) -> Finding:
    """Return why a file that was named by itself was not opened."""
    if file.entry.kind is EntryKind.OTHER:
        return found(FindingCode.FILE_UNREADABLE, file.path, {"reason": "not_a_regular_file"})
    return found(FindingCode.FILE_NOT_VERIFIABLE, file.path, {"reason": "unknown_format"})


def _finding(path: str, fault: Fault) -> Finding:
    return Finding(
        code=fault.code,
        subject=path,
        evidence=fault.evidence,
        severity=fault.severity,
        sources=(Source(path, fault.where),),
    )


def _about_weights(file: Inspection, judged: CheckpointFile, is_vouched: bool) -> Iterator[Finding]:
    """A file of weights must hold some, and where nobody can tell, the report says so."""
    contents = file.contents
    if judged.verdict is Verdict.UNVERIFIED and not is_vouched and not file.faults:
        yield found(FindingCode.FILE_NOT_VERIFIABLE, file.path, {"reason": "unknown_format"})
    if (
        contents is not None
        and contents.format != "safetensors"
        and file.outline is not None
        and not file.outline.count
        and not file.faults
    ):
        yield found(FindingCode.NO_TENSORS, file.path, {"size_bytes": file.size_bytes})
    yield from _hollow(file)
    entry, now = file.entry, file.identity
    if now is not None and file.target is None and now[2:] != (entry.size_bytes, entry.mtime_ns):
        yield found(
            FindingCode.FILE_STILL_CHANGING,
            file.path,
            {"before_bytes": entry.size_bytes, "now_bytes": now[2]},
        )


def _hollow(file: Inspection) -> Iterator[Finding]:
    """A model or adapter as libraries load it may hold tensors, and not one number in them.

    DeepSpeed's own files of ZeRO-3 hold such tensors on purpose.
    """
    outline = file.outline
    is_loaded = file.role is FileRole.ADAPTER or file.name.startswith("pytorch_model")
    if is_loaded and not file.faults and outline is not None and outline.count > 0 == outline.parameters:
        evidence: dict[str, Scalar] = {"tensors": outline.count, "of": outline.count}
        evidence |= {"first": min(outline.names)} if outline.names else {}
        yield found(FindingCode.TENSORS_WITHOUT_ELEMENTS, file.path, evidence)


def _late(material: Material) -> Iterator[Finding]:
    """Weights changed after the job's end, in a checkpoint that was not copied as a whole."""
    end = material.promises.ended_ns
    if end is None or not any(file.entry.mtime_ns <= end for file in material.files):
        return
    late = [file for file in material.weights if file.entry.mtime_ns > end + _COPIED_S * 10**9]
    if late:
        last = max(late, key=lambda file: (file.entry.mtime_ns, file.path))
        after_s = (last.entry.mtime_ns - end) // 10**9
        yield found(FindingCode.FILE_NEWER_THAN_JOB, last.path, {"files": len(late), "after_end_s": after_s})


def _file(file: Inspection, is_vouched: bool) -> CheckpointFile:
    contents = file.contents
    verdict = worst(map(fault_verdict, file.faults)) if file.faults else Verdict.OK
    if verdict is Verdict.OK and not is_vouched and (contents is None or not contents.is_judged):
        verdict = Verdict.UNVERIFIED
    return _told(file, verdict)


def _told(file: Inspection, verdict: Verdict) -> CheckpointFile:
    contents, outline = file.contents, file.outline
    return CheckpointFile(
        path=file.path,
        role=file.role,
        size_bytes=file.size_bytes,
        verdict=verdict,
        format=contents.format if contents is not None else "",
        tensors=None if outline is None else outline.count,
        parameters=None if outline is None else outline.parameters,
        dtypes=() if outline is None else outline.dtypes,
        digest=file.digest,
        blocks=file.blocks,
    )


def _kind(files: Iterable[CheckpointFile]) -> CheckpointKind:
    roles = {file.role for file in files}
    match FileRole.FULL_WEIGHTS in roles, FileRole.ADAPTER in roles:
        case True, True:
            return CheckpointKind.FULL_AND_ADAPTER
        case True, False:
            return CheckpointKind.FULL
        case False, True:
            return CheckpointKind.ADAPTER
        case _:
            return CheckpointKind.RESUME_ONLY if FileRole.OPTIMIZER in roles else CheckpointKind.UNKNOWN


def _order(finding: Finding) -> tuple[int, str, str, str]:
    return (-finding.gravity, finding.subject, finding.code.value, finding.sources[0].where)
