"""Compare the checkpoints of one run with each other: what one lacks that all the others have, and copies.

Invariant: only checkpoints of one layout in one directory are compared whose names differ in numbers alone,
for `final` and `merged` need not be alike; at least two must agree before a third is said to lack something.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from msgspec.structs import replace

from afterall.model import Checkpoint, Entry, FileRole, Finding, FindingCode, Scalar, Severity
from afterall.scan.checkpoints.base_model import missing_bases
from afterall.scan.checkpoints.checks.material import below, found
from afterall.scan.checkpoints.identical import identical
from afterall.scan.checkpoints.layouts.shape import WEIGHT_ROLES
from afterall.scan.checkpoints.reflinks import find_reflinks
from afterall.scan.checkpoints.repeated import repeated
from afterall.scan.checkpoints.verdicts import verdict_of_all, worst

_LEAST_AGREEING = 2
_COMPARED = {
    FileRole.FULL_WEIGHTS: Severity.ERROR,
    FileRole.ADAPTER: Severity.ERROR,
    FileRole.WEIGHTS_INDEX: Severity.WARNING,
    FileRole.ADAPTER_CONFIG: Severity.WARNING,
    FileRole.MODEL_CONFIG: Severity.WARNING,
    FileRole.TOKENIZER: Severity.INFO,
}
_DISTRIBUTED = ".metadata"
_NUMBER = re.compile(r"\d+")


def compared(checkpoints: Sequence[Checkpoint]) -> tuple[Checkpoint, ...]:
    """Return the checkpoints with what each lacks beside its siblings."""
    groups = [group for group in _groups(checkpoints) if len(group) > _LEAST_AGREEING]
    lacking = {path: findings for group in groups for path, findings in _lacking(group)}
    if not lacking:
        return tuple(checkpoints)
    return tuple(_with(each, lacking.get(each.path, ())) for each in checkpoints)


def told_together(
    root: Path, checkpoints: Sequence[Checkpoint], entries: Mapping[str, Entry]
) -> Iterator[Finding]:
    """Yield what the checkpoints of a run, or of a whole path, have to do with each other and their base."""
    reflinks = find_reflinks(root, checkpoints, entries)
    yield from linked(checkpoints, entries, reflinks)
    yield from identical(checkpoints, entries)
    yield from repeated(checkpoints, entries, reflinks)
    yield from missing_bases(root, checkpoints)


def linked(
    checkpoints: Sequence[Checkpoint],
    entries: Mapping[str, Entry],
    reflinks: Collection[tuple[str, str]] = (),
) -> Iterator[Finding]:
    """Yield one finding for every checkpoint whose weights are hard links or reflinks of an earlier one's.

    `reflinks` are paths of an earlier and a later file that share every byte on disk.
    """
    homes = {file.path: each.path for each in checkpoints for file in each.files} if reflinks else {}
    sources = {later: (homes.get(earlier, ""), "reflink") for earlier, later in reflinks}
    sources |= _hard_links(checkpoints, entries)
    for each in checkpoints if sources else ():
        weights = [file for file in each.files if file.role in WEIGHT_ROLES]
        shared: dict[tuple[str, str], list[int]] = defaultdict(list)
        for file in weights:
            earlier, how = sources.get(file.path, ("", ""))
            if earlier not in ("", each.path):
                shared[earlier, how].append(entries[file.path].size_bytes)
        for (earlier, how), sizes in sorted(shared.items()):
            evidence: dict[str, Scalar] = {"with_checkpoint": earlier, "shared_bytes": sum(sizes), "how": how}
            evidence |= {"files": len(sizes), "of": len(weights)}
            yield found(FindingCode.CHECKPOINTS_LINKED, each.path, evidence)


def _hard_links(
    checkpoints: Sequence[Checkpoint], entries: Mapping[str, Entry]
) -> dict[str, tuple[str, str]]:
    """Return the checkpoint that had each file first, for those that have several names."""
    first: dict[tuple[int, int], str] = {}
    sources = {}
    for each in checkpoints:
        for file in each.files:
            entry = entries.get(file.path)
            if entry is not None and entry.links >= _LEAST_AGREEING:
                sources[file.path] = (first.setdefault(entry.identity, each.path), "hard_link")
    return sources


def _groups(checkpoints: Sequence[Checkpoint]) -> Iterable[list[Checkpoint]]:
    groups: dict[tuple[str, str, str], list[Checkpoint]] = defaultdict(list)
    for each in checkpoints:
        is_file = len(each.files) == 1 and each.files[0].path == each.path
        inside = f"{each.path}/"
        if each.tier is None or is_file or not all(file.path.startswith(inside) for file in each.files):
            continue
        if not each.is_final and not any(f.path.endswith(_DISTRIBUTED) for f in each.files):
            home, _, name = each.path.rpartition("/")
            groups[each.layout, home, _NUMBER.sub("#", name)].append(each)
    return groups.values()


def _lacking(group: list[Checkpoint]) -> Iterator[tuple[str, tuple[Finding, ...]]]:
    having: dict[tuple[str, FileRole], set[str]] = defaultdict(set)
    for each in group:
        for file in each.files:
            if file.role in _COMPARED:
                having[file.path.removeprefix(f"{each.path}/"), file.role].add(each.path)
    others = max(len(group) - 1, _LEAST_AGREEING)
    rare = [(key, paths) for key, paths in sorted(having.items()) if len(paths) == others < len(group)]
    for each in group:
        findings = [_lack(each, *key, others) for key, paths in rare if each.path not in paths]
        yield each.path, tuple(finding for finding in findings if not _is_told(each, finding))


def _lack(each: Checkpoint, name: str, role: FileRole, others: int) -> Finding:
    subject = below(each.path, name)
    evidence: dict[str, Scalar] = {"which": role.value, "others": others}
    return found(FindingCode.CHECKPOINT_FILE_MISSING, subject, evidence, _COMPARED[role])


def _is_told(each: Checkpoint, finding: Finding) -> bool:
    """A check that knows the file better has told of it already."""
    known = {told.subject for told in each.findings}
    nothing_there = any(told.code is FindingCode.WEIGHTS_MISSING for told in each.findings)
    return finding.subject in known or (nothing_there and finding.evidence["which"] in WEIGHT_ROLES)


def _with(each: Checkpoint, more: tuple[Finding, ...]) -> Checkpoint:
    if not more:
        return each
    findings = (*each.findings, *more)
    return replace(each, findings=findings, verdict=worst((each.verdict, verdict_of_all(more))))
