"""Find what every checkpoint holds again and training never changes: tokenizers, configurations, a base.

Invariant: pure; only files that were read whole and have the same digest, name and size are called repeated,
and nothing is counted that takes no space of its own (hard links, reflinks).
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence

from msgspec import Struct

from afterall.model import (
    Checkpoint,
    CheckpointFile,
    CheckpointKind,
    Entry,
    EntryKind,
    FileRole,
    Finding,
    FindingCode,
    Scalar,
)
from afterall.scan.checkpoints.checks.material import found
from afterall.scan.checkpoints.identical import any_digest

LEAST_BYTES = 1 << 20
"""Less than this is not worth a word."""
_ROLES = (FileRole.TOKENIZER, FileRole.MODEL_CONFIG, FileRole.FULL_WEIGHTS)
_SEVERAL = 2

Content = tuple[FileRole, str, int, str]
"""Role, name, size and digest."""


class _Copy(Struct, frozen=True):
    """One file with the checkpoint that it lies in."""

    checkpoint: Checkpoint
    file: CheckpointFile


def repeated(
    checkpoints: Sequence[Checkpoint],
    entries: Mapping[str, Entry],
    reflinks: Collection[tuple[str, str]] = (),
) -> Iterator[Finding]:
    """Yield one finding for all repeated tokenizers, one for configurations, and one for each repeated base.

    `reflinks` are paths of an earlier and a later file that share every byte on disk.
    """
    groups: dict[tuple[FileRole, tuple[str, ...]], list[list[_Copy]]] = defaultdict(list)
    for (role, *_), copies in _contents(checkpoints, entries, {later for _, later in reflinks}).items():
        homes = tuple(dict.fromkeys(copy.checkpoint.path for copy in copies))
        if len(homes) >= _SEVERAL:
            # Shards of one base lie in the same checkpoints.
            groups[role, homes if role is FileRole.FULL_WEIGHTS else ()].append(copies)
    for (role, _), group in sorted(groups.items(), key=lambda item: (_ROLES.index(item[0][0]), item[0][1])):
        yield from _told(role, group)


def _contents(
    checkpoints: Sequence[Checkpoint], entries: Mapping[str, Entry], shared: Collection[str]
) -> dict[Content, list[_Copy]]:
    """Return every file that takes space of its own by what it holds, in the order of the checkpoints."""
    contents: dict[Content, list[_Copy]] = defaultdict(list)
    seen: set[tuple[int, int]] = set()
    for checkpoint in checkpoints if any_digest(checkpoints) else ():
        for file in checkpoint.files:
            entry = entries.get(file.path)
            if file.role not in _ROLES or not file.digest or not file.size_bytes or file.path in shared:
                continue
            if entry is None or entry.kind is not EntryKind.FILE or entry.identity in seen:
                continue
            seen.add(entry.identity)
            name = file.path.rpartition("/")[2]
            contents[file.role, name, file.size_bytes, file.digest].append(_Copy(checkpoint, file))
    return contents


def _told(role: FileRole, group: Sequence[Sequence[_Copy]]) -> Iterator[Finding]:
    freed = sum(copies[0].file.size_bytes * (len(copies) - 1) for copies in group)
    if freed < LEAST_BYTES:
        return
    largest = max(group, key=lambda copies: copies[0].file.size_bytes)
    first = largest[0]
    evidence: dict[str, Scalar] = {
        "what": role.value,
        "files": len(group),
        "copies": sum(map(len, group)),
        "size_bytes": sum(copies[0].file.size_bytes for copies in group),
        "repeated_bytes": freed,
        "checkpoints": len({copy.checkpoint.path for copies in group for copy in copies}),
        "original": first.file.path,
    }
    if _never_change(role, largest):
        evidence["copy"] = largest[1].file.path
    yield found(FindingCode.FILES_REPEATED, first.checkpoint.path, evidence)


def _never_change(role: FileRole, copies: Sequence[_Copy]) -> bool:
    """Full weights are a base that nothing writes to only where an adapter beside them is what is trained."""
    trained_beside = all(copy.checkpoint.kind is CheckpointKind.FULL_AND_ADAPTER for copy in copies)
    return role is not FileRole.FULL_WEIGHTS or trained_beside
