"""Judge DeepSpeed's files by rank: one of each kind from every rank that took part in the save.

Invariant: the number of ranks is what the files themselves say; where none says it, only gaps and unequal
halves are told. Source: deepspeed/runtime/engine.py (_get_zero_ckpt_name, _get_ckpt_name, _save_checkpoint,
_get_mp_rank_zero_checkpoint_names) and utils/zero_to_fp32.py (parse_optim_states).
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct

from afterall.model import Finding, FindingCode, Scalar
from afterall.scan.checkpoints.checks.material import Material, below, found
from afterall.scan.checkpoints.checks.world import World, world_of
from afterall.scan.checkpoints.inspection import Inspection

_ZERO = re.compile(
    r"(?P<before>(bf16_|fp16_)?zero_pp_rank_)(?P<rank>\d{1,6})"
    r"(?P<after>_mp_rank_(?P<slice>\d+)_(?P<half>optim|model)_states\.pt)"
)
_MODEL = re.compile(r"(?P<before>mp_rank_)(?P<rank>\d{2,6})(?P<after>_model_states\.pt)")
_MOST_RANKS = 100_000
_MOST_NAMED = 20
_PARTITIONED_WEIGHTS = 3
"""The stage of ZeRO that leaves whole weights nowhere but in the optimizer's files."""


class _Kind(Struct, frozen=True):
    """One kind of file that every rank saves, in one directory."""

    directory: str
    before: str
    after: str
    half: str
    """"optim" or "model" for what data-parallel ranks save, "" for what model-parallel ones do."""
    ranks: dict[int, Inspection]
    width: int = 1

    def name(self, rank: int) -> str:
        """Return the path of a rank's file."""
        return below(self.directory, f"{self.before}{rank:0{self.width}}{self.after}")


def check(material: Material) -> Iterable[Finding]:
    """Yield the ranks whose files are missing, or are there and did not take part."""
    kinds = _kinds(material)
    for directory in sorted({kind.directory for kind in kinds}):
        beside = [kind for kind in kinds if kind.directory == directory]
        world = world_of(file for kind in beside for _, file in sorted(kind.ranks.items()))
        for kind in (*beside, *_absent(beside, world)):
            count = world.partitions if kind.half else world.slices
            yield from _missing(kind, count)
            yield from _extra(kind, count)
        if world.partitions is None:
            yield from _halves(beside)


def _kinds(material: Material) -> list[_Kind]:
    groups: dict[tuple[str, str, str, str], dict[int, Inspection]] = {}
    widths: dict[tuple[str, str, str, str], int] = {}
    for file in material.files:
        parts = _ZERO.fullmatch(file.name) or _MODEL.fullmatch(file.name)
        if parts is not None:
            key = (file.parent, parts["before"], parts["after"], parts.groupdict().get("half", ""))
            groups.setdefault(key, {})[int(parts["rank"])] = file
            widths[key] = min(widths.get(key, len(parts["rank"])), len(parts["rank"]))
    return [_Kind(*key, ranks, widths[key]) for key, ranks in sorted(groups.items())]


def _absent(beside: Sequence[_Kind], world: World) -> Iterator[_Kind]:
    """Yield the kinds of which no file is there: a model-parallel rank's, or the optimizer's in ZeRO-3."""
    halves = {kind.half: kind for kind in beside if kind.half}
    if "model" in halves and "optim" not in halves and world.stage == _PARTITIONED_WEIGHTS:
        before = "bf16_zero_pp_rank_" if world.is_bf16 else "zero_pp_rank_"
        after = halves["model"].after.replace("_model_", "_optim_")
        halves["optim"] = _Kind(halves["model"].directory, before, after, "optim", {})
        yield halves["optim"]
    there = {kind.after for kind in beside}
    for kind in halves.values():
        for rank in range(min(world.slices or 0, _MOST_NAMED)):
            after = f"_mp_rank_{rank:02}_{kind.half}_states.pt"
            if after != kind.after and after not in there:
                yield _Kind(kind.directory, kind.before, after, kind.half, {})


def _missing(kind: _Kind, count: int | None) -> Iterator[Finding]:
    end = max(kind.ranks, default=0) if count is None else count
    if end > _MOST_RANKS:
        return
    missing = [rank for rank in range(end) if rank not in kind.ranks]
    of = max(kind.ranks, default=-1) + 1 if count is None else count
    for rank in missing[:_MOST_NAMED]:
        yield found(FindingCode.SHARD_MISSING, kind.name(rank), {"missing": len(missing), "of": of})


def _extra(kind: _Kind, count: int | None) -> Iterator[Finding]:
    """An earlier save of the same name by more ranks: DeepSpeed leaves their files where they are."""
    extra = [rank for rank in sorted(kind.ranks) if count is not None and rank >= count]
    for rank in extra[:_MOST_NAMED]:
        evidence: dict[str, Scalar] = {
            "rank": rank,
            "ranks": count,
            "size_bytes": kind.ranks[rank].size_bytes,
        }
        yield found(FindingCode.SHARD_EXTRA, kind.ranks[rank].path, evidence)


def _halves(beside: Sequence[_Kind]) -> Iterator[Finding]:
    """ZeRO-3 saves model and optimizer by rank: as many of one as of the other."""
    optimizer = {kind.after: kind for kind in beside if kind.half == "optim"}
    for model in (kind for kind in beside if kind.half == "model"):
        partner = optimizer.get(model.after.replace("_model_", "_optim_"))
        if partner is not None and max(partner.ranks) != max(model.ranks):
            evidence: dict[str, Scalar] = {
                "ranks": max(model.ranks) + 1,
                "optimizer_ranks": max(partner.ranks) + 1,
            }
            yield found(FindingCode.SHARD_MISSING, model.directory, evidence)
