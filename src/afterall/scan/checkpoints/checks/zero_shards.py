"""Judge DeepSpeed's and Megatron's files by rank: every rank up to the highest one must be there.

Invariant: the number of ranks is not written anywhere that can be read safely, so only gaps are told.
Source: deepspeed/runtime/engine.py (_get_zero_ckpt_name, _get_ckpt_name).
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator

from afterall.model import Finding, FindingCode, Scalar
from afterall.scan.checkpoints.checks.material import Material, below, found

_ZERO = re.compile(
    r"(?P<before>(bf16_|fp16_)?zero_pp_rank_)(?P<rank>\d{1,6})(?P<after>_mp_rank_\d+_(optim|model)_states\.pt)"
)
_MODEL = re.compile(r"(?P<before>mp_rank_)(?P<rank>\d{2,6})(?P<after>_model_states\.pt)")
_MOST_RANKS = 100_000
_MOST_NAMED = 20


def check(material: Material) -> Iterable[Finding]:
    """Yield the ranks whose files are missing between others."""
    groups: dict[tuple[str, str, str], dict[int, int]] = defaultdict(dict)
    for file in material.files:
        parts = _ZERO.fullmatch(file.name) or _MODEL.fullmatch(file.name)
        if parts is not None:
            groups[file.parent, parts["before"], parts["after"]][int(parts["rank"])] = len(parts["rank"])
    for (directory, before, after), ranks in sorted(groups.items()):
        yield from _gaps(directory, (before, after), ranks)
    yield from _halves(groups)


def _gaps(directory: str, name: tuple[str, str], ranks: dict[int, int]) -> Iterator[Finding]:
    highest = max(ranks)
    if highest > _MOST_RANKS:
        return
    missing = [rank for rank in range(highest) if rank not in ranks]
    width = min(ranks.values())
    for rank in missing[:_MOST_NAMED]:
        subject = below(directory, f"{name[0]}{rank:0{width}}{name[1]}")
        yield found(FindingCode.SHARD_MISSING, subject, {"missing": len(missing), "of": highest + 1})


def _halves(groups: dict[tuple[str, str, str], dict[int, int]]) -> Iterator[Finding]:
    """ZeRO-3 saves model and optimizer by rank: as many of one as of the other."""
    for (directory, before, after), ranks in sorted(groups.items()):
        other = after.replace("_model_", "_optim_")
        partner = next(
            (r for (d, b, a), r in groups.items() if d == directory and a == other and "zero" in b), None
        )
        if "zero" in before and after != other and partner is not None and max(partner) != max(ranks):
            evidence: dict[str, Scalar] = {"ranks": max(ranks) + 1, "optimizer_ranks": max(partner) + 1}
            yield found(FindingCode.SHARD_MISSING, directory, evidence)
