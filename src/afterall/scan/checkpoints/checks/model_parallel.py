"""Judge Megatron's directories by rank: one for every tensor-parallel rank of every stage of the pipeline.

Invariant: the number of ranks is what the `args` in the files say; with expert parallelism it is not judged.
Source: Megatron-LM megatron/training/checkpointing.py (get_checkpoint_name).
"""

import re
from collections import defaultdict
from collections.abc import Iterable

from afterall.model import Finding, FindingCode
from afterall.scan.checkpoints.checks.material import Material, below, found
from afterall.scan.checkpoints.checks.world import world_of
from afterall.scan.checkpoints.inspection import Inspection

_RANK = re.compile(r"mp_rank_\d{2,6}(_\d{3,6})?")
_WEIGHTS = re.compile(r"model(_optim)?_rng\.pt")
_MOST_NAMED = 20


def check(material: Material) -> Iterable[Finding]:
    """Yield the ranks whose weights are missing."""
    for directory, ranks in sorted(_directories(material).items()):
        world = world_of(file for _, file in sorted(ranks.items()))
        pipeline = world.pipeline or 1
        named = [f"mp_rank_{rank:02}" for rank in range(world.tensor or 0)]
        if pipeline > 1:
            named = [f"{name}_{stage:03}" for name in named for stage in range(pipeline)]
        missing = [name for name in named if name not in ranks]
        held = next(iter(ranks.values())).name
        for name in missing[:_MOST_NAMED]:
            subject = below(directory, f"{name}/{held}")
            yield found(FindingCode.SHARD_MISSING, subject, {"missing": len(missing), "of": len(named)})


def _directories(material: Material) -> dict[str, dict[str, Inspection]]:
    """Return the weights of each rank by its directory's name, for every directory that holds ranks."""
    found_in: dict[str, dict[str, Inspection]] = defaultdict(dict)
    for file in material.files:
        if _WEIGHTS.fullmatch(file.name) is None:
            continue
        above, _, rank = file.parent.rpartition("/")
        if _RANK.fullmatch(rank):
            found_in[above][rank] = file
    return found_in
