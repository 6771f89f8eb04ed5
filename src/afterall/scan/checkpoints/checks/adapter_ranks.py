"""Hold the ranks of an adapter's pairs against each other and against its configuration.

Invariant: a rank is called wrong only where neither `r` nor any pattern that may mean the module gives it.
Source: peft 0.6 to 0.21, tuners/lora/layer.py (update_layer, ParamWrapper), tuners/lora/model.py; for
queries, keys and values in one module litgpt/lora.py (LoRAQKVLinear), after loralib's MergedLinear.
"""

import re
from collections.abc import Iterator, Mapping

from afterall.model import Finding, FindingCode, Scalar
from afterall.scan.checkpoints.checks.adapter_names import Pair
from afterall.scan.checkpoints.checks.lora_config import LoraConfig, endings
from afterall.scan.checkpoints.checks.material import found
from afterall.scan.checkpoints.inspection import Inspection

_NESTED = ".base_layer"
_MERGED = re.compile(r"(?:^|\.)(?:qkv|attn\.attn|c_attn)$")
_PARTS = (2, 3)
"""Of queries, keys and values, how many are adapted beside each other in one A."""


def check_halves_agree(file: Inspection, found_pairs: Mapping[str, Pair]) -> Iterator[Finding]:
    """Yield one finding where A and B of a module cannot be multiplied, whatever a configuration says."""
    wrong = {
        module: ranks
        for module, ranks in ((module, _ranks(pair)) for module, pair in sorted(found_pairs.items()))
        if ranks is not None and ranks[0] != ranks[1] and not _is_merged(module, *ranks)
    }
    if wrong:
        first, (a_rank, b_rank) = next(iter(wrong.items()))
        evidence: dict[str, Scalar] = {"a_rank": a_rank, "b_rank": b_rank, "modules": len(wrong)}
        evidence |= {"of": len(found_pairs), "first": first}
        yield found(FindingCode.ADAPTER_RANK_DIFFERS, file.path, evidence)


def check_ranks(file: Inspection, found_pairs: Mapping[str, Pair], config: LoraConfig) -> Iterator[Finding]:
    """Yield one finding where modules have another rank than the configuration gives them."""
    wrong: dict[str, tuple[int, int]] = {}
    for module, pair in sorted(found_pairs.items()):
        ranks = _ranks(pair)
        due = config.ranks.due(module)[1]
        if ranks is None or ranks[0] != ranks[1] or due is None:
            continue
        if not config.ranks.allows(module, ranks[0]) and not _is_stacked(module, ranks[0], config):
            wrong[module] = (due, ranks[0])
    if wrong:
        first, (due, has) = next(iter(wrong.items()))
        evidence: dict[str, Scalar] = {"config_rank": due, "tensor_rank": has, "modules": len(wrong)}
        evidence |= {"of": len(found_pairs), "first": first, "config": config.path}
        yield found(FindingCode.ADAPTER_RANK_DIFFERS, file.path, evidence)


def _ranks(pair: Pair) -> tuple[int, int] | None:
    """Return the ranks of A (rank, in, …) and of B (out, rank, …); None where they cannot be told."""
    shapes = pair.a.shape if pair.a is not None else (), pair.b.shape if pair.b is not None else ()
    if pair.is_turned:
        # Of experts, three dimensions, MLX keeps the halves as others do.
        shapes = (shapes[0][::-1], shapes[1][::-1]) if len(shapes[0]) == len(shapes[1]) == 2 else ((), ())
    match shapes:
        case (a_rank, _, *_), (_, b_rank, *_):
            return a_rank, b_rank
        case _:
            return None


def _is_merged(module: str, a_rank: int, b_rank: int) -> bool:
    """Queries, keys and values in one module have an A each, one below the other, and one B."""
    return _MERGED.search(module) is not None and any(a_rank == parts * b_rank for parts in _PARTS)


def _is_stacked(module: str, rank: int, config: LoraConfig) -> bool:
    """Experts' parameters are adapted in one tensor of rank × experts; further ones nest in the first."""
    while module.endswith(_NESTED):
        module = module.removesuffix(_NESTED)
    if "" not in config.parameters and config.parameters.isdisjoint(endings(module)):
        return False
    default = config.ranks.default
    return config.ranks.vary or default is None or (default > 0 and rank % default == 0)
