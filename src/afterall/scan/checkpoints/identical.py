"""Find checkpoints of one run whose weights are the same byte for byte: training did not move between them.

Invariant: nothing is called identical that was not compared whole; a difference is usually found in the first
block, so that only true copies are read to their end.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

from afterall.model import Checkpoint, CheckpointFile, Entry, Finding, FindingCode, Scalar, Verdict
from afterall.scan.checkpoints.checks.material import found
from afterall.scan.checkpoints.layouts.shape import WEIGHT_ROLES
from afterall.scan.checkpoints.opening import OpenFile, open_path

_BLOCK_BYTES = 4 << 20


def identical(root: Path, checkpoints: Sequence[Checkpoint], entries: dict[str, Entry]) -> Iterator[Finding]:
    """Yield a finding for every checkpoint that holds the same weights as the one before it in its run."""
    runs: dict[tuple[str, str], list[Checkpoint]] = defaultdict(list)
    for each in checkpoints:
        if each.verdict is not Verdict.MISSING and not each.is_final:
            runs[each.layout, each.path.rpartition("/")[0]].append(each)
    for run in runs.values():
        for before, after in pairwise(run):
            pairs = _pairs(before, after, entries)
            if pairs and all(_are_equal(root, first, second) for first, second in pairs):
                size = sum(first.size_bytes for first, _ in pairs)
                evidence: dict[str, Scalar] = {
                    "with_checkpoint": before.path,
                    "files": len(pairs),
                    "size_bytes": size,
                }
                yield found(FindingCode.CHECKPOINTS_IDENTICAL, after.path, evidence)


Pair = tuple[CheckpointFile, CheckpointFile]


def _pairs(before: Checkpoint, after: Checkpoint, entries: dict[str, Entry]) -> list[Pair]:
    """Return the weights of both by name, [] where names or sizes differ or they are one file."""
    named = [
        {file.path.removeprefix(each.path): file for file in each.files if file.role in WEIGHT_ROLES}
        for each in (before, after)
    ]
    if named[0].keys() != named[1].keys():
        return []
    pairs = [(named[0][name], named[1][name]) for name in sorted(named[0])]
    for first, second in pairs:
        one, other = entries.get(first.path), entries.get(second.path)
        if first.size_bytes != second.size_bytes or one is None or other is None:
            return []
        if one.identity == other.identity:
            return []
    return sorted(pairs, key=lambda pair: pair[0].size_bytes)


def _are_equal(root: Path, first: CheckpointFile, second: CheckpointFile) -> bool:
    try:
        with open_path(root, first.path) as one, open_path(root, second.path) as other:
            return _have_same_bytes(one, other)
    except OSError:
        return False


def _have_same_bytes(one: OpenFile, other: OpenFile) -> bool:
    """Compare two files of one size from their ends, where the weights are: headers are alike anyway."""
    for end in range(one.size, 0, -_BLOCK_BYTES):
        begin = max(0, end - _BLOCK_BYTES)
        if one.read(begin, end - begin) != other.read(begin, end - begin):
            return False
    return one.size == other.size
