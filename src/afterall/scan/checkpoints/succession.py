"""Put the checkpoints of each run one after the other, so that each can be held against the one before it.

Invariant: pure; only what is there counts, and a final state, which may be a copy of the last one, does not.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise

from afterall.model import Checkpoint, Verdict


def successive(checkpoints: Sequence[Checkpoint]) -> Iterator[tuple[Checkpoint, Checkpoint]]:
    """Yield each two checkpoints of one layout and directory that follow each other, in their order."""
    runs: dict[tuple[str, str], list[Checkpoint]] = defaultdict(list)
    for each in checkpoints:
        if each.verdict is not Verdict.MISSING and not each.is_final:
            runs[each.layout, each.path.rpartition("/")[0]].append(each)
    for run in runs.values():
        yield from pairwise(run)
