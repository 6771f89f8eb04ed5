"""Find checkpoints of one run whose weights are the same byte for byte: training did not move between them.

Invariant: nothing is called identical that was not read whole: the digests of all its bytes are compared.
"""

from collections.abc import Iterator, Mapping, Sequence

from afterall.model import Checkpoint, CheckpointFile, Entry, Finding, FindingCode, Scalar
from afterall.scan.checkpoints.checks.material import found
from afterall.scan.checkpoints.layouts.shape import WEIGHT_ROLES
from afterall.scan.checkpoints.succession import successive

Pair = tuple[CheckpointFile, CheckpointFile]


def any_digest(checkpoints: Sequence[Checkpoint]) -> bool:
    """Return whether any file was read whole: what holds the same can be told of no other."""
    return any(file.digest for each in checkpoints for file in each.files)


def identical(checkpoints: Sequence[Checkpoint], entries: Mapping[str, Entry]) -> Iterator[Finding]:
    """Yield a finding for every checkpoint that holds the same weights as the one before it in its run."""
    if not any_digest(checkpoints):
        return
    for before, after in successive(checkpoints):
        pairs = _pairs(before, after, entries)
        if pairs and all(first.digest and first.digest == second.digest for first, second in pairs):
            evidence: dict[str, Scalar] = {
                "with_checkpoint": before.path,
                "files": len(pairs),
                "size_bytes": sum(first.size_bytes for first, _ in pairs),
            }
            yield found(FindingCode.CHECKPOINTS_IDENTICAL, after.path, evidence)


def _pairs(before: Checkpoint, after: Checkpoint, entries: Mapping[str, Entry]) -> list[Pair]:
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
    return pairs
