"""Hold what was read of checkpoints against the digests that a manifest has of their files.

Invariant: the tier `against` is given only to a checkpoint of whose files of weights every one was read whole
and is in the manifest; what is in the manifest and not on disk is told.
"""

import os
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest

from msgspec.structs import replace

from afterall.model import (
    Checkpoint,
    CheckpointFile,
    CheckpointKind,
    Entry,
    Finding,
    FindingCode,
    Scalar,
    Tier,
    Verdict,
)
from afterall.scan.checkpoints.checks.material import found
from afterall.scan.checkpoints.layouts.shape import WEIGHT_ROLES
from afterall.scan.checkpoints.manifest import BLOCK_BYTES, Manifest, Recorded
from afterall.scan.checkpoints.verdicts import verdict_of_all, worst

Record = Mapping[str, Recorded]
"""A manifest's files, by the paths that they have now."""


def placed(manifest: Manifest, base: str) -> Record:
    """Return a manifest's files by absolute path; `base` is the directory that holds all that was named.

    Where `base` and the directory that was recorded have nothing to do with each other, the files are looked
    for below `base`: the set was moved or copied as a whole.
    """
    is_here = _is_in(base, manifest.root) or _is_in(manifest.root, base)
    home = manifest.root if is_here else base
    return {os.path.normpath(os.path.join(home, path)): file for path, file in manifest.files.items()}


def below(record: Record, root: str, start: str) -> Record:
    """Return the record of what lies at or below `start`, by paths relative to `root` as `start` is."""
    top = os.path.normpath(os.path.join(root, start))
    return {os.path.relpath(path, root): file for path, file in record.items() if _is_in(path, top)}


def held_against(
    checkpoints: Sequence[Checkpoint], record: Record, entries: Mapping[str, Entry]
) -> tuple[Checkpoint, ...]:
    """Return the checkpoints with what differs from the record, and those that it has and nobody else."""
    seen = {file.path for each in checkpoints for file in each.files}
    lost: dict[str, list[str]] = defaultdict(list)
    for path in sorted(record.keys() - seen):
        lost[path.rpartition("/")[0]].append(path)
    held = tuple(_held(each, record, entries, lost) for each in checkpoints)
    return (*held, *(_gone(directory, paths) for directory, paths in lost.items()))


def _held(
    each: Checkpoint, record: Record, entries: Mapping[str, Entry], lost: dict[str, list[str]]
) -> Checkpoint:
    """Return one checkpoint held against the record; of `lost`, what lay in it is taken."""
    inside = [d for d in lost if _is_in(d, each.path)] if each.files and each.path not in record else []
    gone = [path for directory in sorted(inside) for path in lost.pop(directory)]
    findings = [*_differing(each, record, entries), *(_missing(path, 1) for path in gone)]
    weights = [file for file in each.files if file.role in WEIGHT_ROLES]
    is_held = bool(weights) and all(file.digest and file.path in record for file in weights)
    tier = Tier.AGAINST if is_held and each.tier is Tier.VALUES else each.tier
    if not findings and tier is each.tier:
        return each
    verdict = worst((each.verdict, verdict_of_all(findings)))
    return replace(each, tier=tier, verdict=verdict, findings=(*each.findings, *findings))


def _differing(each: Checkpoint, record: Record, entries: Mapping[str, Entry]) -> Iterator[Finding]:
    unknown = [file for file in each.files if file.digest and file.path not in record]
    for file in each.files:
        recorded = record.get(file.path)
        if recorded is not None and file.digest and file.digest != recorded.digest:
            yield _differs(file, recorded, entries.get(file.path))
    weights = [file for file in unknown if file.role in WEIGHT_ROLES]
    if weights:
        evidence: dict[str, Scalar] = {"files": len(unknown), "other": weights[0].path}
        yield found(FindingCode.NOT_IN_MANIFEST, each.path, evidence)


def _differs(file: CheckpointFile, recorded: Recorded, entry: Entry | None) -> Finding:
    """Return what differs: the size, or in which blocks the bytes, and whether a program can have done it."""
    evidence: dict[str, Scalar] = {"size_bytes": file.size_bytes}
    if file.size_bytes != recorded.size_bytes:
        evidence |= {"recorded_bytes": recorded.size_bytes}
        return found(FindingCode.DIGEST_DIFFERS, file.path, evidence)
    blocks = list(zip_longest(file.blocks or (file.digest,), recorded.blocks or (recorded.digest,)))
    wrong = [index for index, (now, then) in enumerate(blocks) if now != then]
    evidence |= {
        "blocks": len(wrong),
        "of": len(blocks),
        "first_byte": wrong[0] * BLOCK_BYTES,
        "end_byte": min((wrong[-1] + 1) * BLOCK_BYTES, file.size_bytes),
    }
    is_same_age = entry is not None and entry.mtime_ns == recorded.mtime_ns
    if is_same_age:
        evidence["unmodified"] = True
    where = f"byte {evidence['first_byte']}"
    finding = found(FindingCode.DIGEST_DIFFERS, file.path, evidence)
    return replace(finding, sources=tuple(replace(source, where=where) for source in finding.sources))


def _missing(path: str, files: int) -> Finding:
    return found(FindingCode.RECORDED_FILE_MISSING, path, {"files": files} if files > 1 else {})


def _gone(directory: str, paths: list[str]) -> Checkpoint:
    """Return what stands for a directory of which only the manifest knows."""
    return Checkpoint(
        name=directory.rpartition("/")[2],
        path=directory,
        layout="manifest",
        kind=CheckpointKind.UNKNOWN,
        verdict=Verdict.MISSING,
        tier=None,
        size_bytes=0,
        findings=(_missing(paths[0], len(paths)),),
    )


def _is_in(path: str, directory: str) -> bool:
    return path == directory or path.startswith(directory.rstrip("/") + "/")
