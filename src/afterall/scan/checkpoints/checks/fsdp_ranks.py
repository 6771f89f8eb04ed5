"""Judge the shards that verl saves by rank: one of each kind from every rank.

Invariant: the number of ranks is what every file's name says; a kind of which no file is there was not asked
for. Source: verl utils/checkpoint/fsdp_checkpoint_manager.py (`checkpoint.save_contents`).
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from itertools import islice

from afterall.model import Finding, FindingCode
from afterall.scan.checkpoints.checks.material import Material, below, found

_SHARD = re.compile(
    r"(?P<kind>model|optim|extra_state)_world_size_(?P<of>\d{1,6})_rank_(?P<rank>\d{1,6})\.pt"
)
_MOST_RANKS = 100_000
_MOST_NAMED = 20


def check(material: Material) -> Iterable[Finding]:
    """Yield the ranks whose shards are missing."""
    ranks: dict[tuple[str, str, int], set[int]] = defaultdict(set)
    for file in material.files:
        parts = _SHARD.fullmatch(file.name)
        if parts is not None and int(parts["of"]) <= _MOST_RANKS:
            ranks[file.parent, parts["kind"], int(parts["of"])].add(int(parts["rank"]))
    for (directory, kind, of), there in sorted(ranks.items()):
        missing = of - sum(rank < of for rank in there)
        for rank in islice((rank for rank in range(of) if rank not in there), _MOST_NAMED):
            subject = below(directory, f"{kind}_world_size_{of}_rank_{rank}.pt")
            yield found(FindingCode.SHARD_MISSING, subject, {"missing": missing, "of": of})
