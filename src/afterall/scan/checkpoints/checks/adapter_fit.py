"""Hold an adapter's tensors against its configuration: ranks, halves, targets, layers, size.

Invariant: only what PEFT's own loading or forward pass would trip over is an error; patterns that a user
wrote are compared as text and never run as regular expressions.
Source: peft 0.6 to 0.21, tuners/lora (LoraConfig, update_layer, get_pattern_key).
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from afterall.model import FileRole, Finding, FindingCode, Scalar
from afterall.scan.checkpoints.checks.adapter_names import Pair, is_target, missing_layers, pairs
from afterall.scan.checkpoints.checks.material import Material, found, tensors_of
from afterall.scan.checkpoints.formats import Tensor
from afterall.scan.checkpoints.inspection import Inspection

_CONFIG = "adapter_config.json"
_PEFT = re.compile(r"adapter_model\.(safetensors|bin)")
_PLAIN = re.compile(r"[\w.-]+")
_LARGE_SHARE = 0.5
_TWO = 2


def check(material: Material) -> Iterable[Finding]:
    """Yield where adapter weights and adapter configuration do not fit together."""
    given = material.document(FileRole.ADAPTER_CONFIG, _CONFIG)
    for file in material.having(FileRole.ADAPTER):
        tensors = tensors_of(file)
        if not tensors:
            continue
        yield from _halves(file, pairs(tensors))
        yield from _layers(file, pairs(tensors))
        yield from _size(file, tensors)
        if given is not None and _PEFT.fullmatch(file.name) and is_lora(given[1]):
            yield from _ranks(file, given, pairs(tensors))
            yield from _targets(file, given, tensors)


def is_lora(config: Mapping[str, Any]) -> bool:
    """Return True where the configuration is of plain LoRA or one of its variants with the same shapes."""
    return config.get("peft_type", "LORA") == "LORA" and not config.get("use_bdlora")


def _halves(file: Inspection, found_pairs: Mapping[str, Pair]) -> Iterator[Finding]:
    lone = sorted(module for module, pair in found_pairs.items() if pair.a is None or pair.b is None)
    if lone:
        missing = "A" if found_pairs[lone[0]].a is None else "B"
        evidence: dict[str, Scalar] = {
            "modules": len(lone),
            "of": len(found_pairs),
            "first": lone[0],
            "missing": missing,
        }
        yield found(FindingCode.ADAPTER_HALF_MISSING, file.path, evidence)


def _layers(file: Inspection, found_pairs: Mapping[str, Pair]) -> Iterator[Finding]:
    gaps = missing_layers(found_pairs)
    if gaps:
        kind = min(gaps)
        evidence: dict[str, Scalar] = {
            "kinds": len(gaps),
            "first": kind,
            "layers": ", ".join(map(str, gaps[kind][:20])),
        }
        yield found(FindingCode.ADAPTER_LAYERS_MISSING, file.path, evidence)


def _size(file: Inspection, tensors: Mapping[str, Tensor]) -> Iterator[Finding]:
    """Whole embeddings saved with an adapter make it as large as a part of the model (unsloth #1093)."""
    others = {
        name: tensor for name, tensor in tensors.items() if "lora_" not in name and "magnitude" not in name
    }
    whole = sum(tensor.size_bytes for tensor in tensors.values())
    beside = sum(tensor.size_bytes for tensor in others.values())
    if len(others) < len(tensors) and beside > _LARGE_SHARE * whole:
        first = max(sorted(others), key=lambda name: others[name].size_bytes)
        evidence: dict[str, Scalar] = {
            "beside_bytes": beside,
            "adapter_bytes": whole - beside,
            "tensors": len(others),
            "first": first,
        }
        yield found(FindingCode.ADAPTER_OVERSIZED, file.path, evidence)


def _ranks(
    file: Inspection, given: tuple[str, Mapping[str, Any]], found_pairs: Mapping[str, Pair]
) -> Iterator[Finding]:
    path, config = given
    wrong: dict[str, tuple[int, int]] = {}
    for module, pair in sorted(found_pairs.items()):
        due, has = _rank_of(module, config), _tensor_rank(pair)
        if due is None or has is None or has == due or _is_stacked(config, has, due):
            continue
        wrong[module] = (due, has)
    if wrong:
        first, (due, has) = next(iter(wrong.items()))
        evidence: dict[str, Scalar] = {
            "config_rank": due,
            "tensor_rank": has,
            "modules": len(wrong),
            "of": len(found_pairs),
        }
        yield found(FindingCode.ADAPTER_RANK_DIFFERS, file.path, {**evidence, "first": first, "config": path})


def _rank_of(module: str, config: Mapping[str, Any]) -> int | None:
    """Return the rank the configuration gives a module, None where that cannot be told without guessing."""
    pattern = config.get("rank_pattern")
    for key, rank in pattern.items() if isinstance(pattern, dict) else ():
        if not _PLAIN.fullmatch(key):
            return None
        if is_target(module, key):
            return rank if type(rank) is int else None
    rank = config.get("r")
    return rank if type(rank) is int else None


def _tensor_rank(pair: Pair) -> int | None:
    """Return the rank that both halves have, the one that differs from B where they disagree."""
    if pair.a is None or pair.b is None or min(len(pair.a.shape), len(pair.b.shape)) < _TWO:
        return None
    return pair.a.shape[0] if pair.a.shape[0] == pair.b.shape[1] else pair.b.shape[1]


def _is_stacked(config: Mapping[str, Any], has: int, due: int) -> bool:
    """Experts' parameters are adapted in one tensor of rank × experts (peft target_parameters)."""
    return bool(config.get("target_parameters")) and due > 0 and has % due == 0


def _targets(
    file: Inspection, given: tuple[str, Mapping[str, Any]], tensors: Mapping[str, Tensor]
) -> Iterator[Finding]:
    path, config = given
    adapted = pairs(tensors)
    for key, modules in (("target_modules", adapted.keys()), ("modules_to_save", _modules(tensors))):
        targets = config.get(key)
        if not isinstance(targets, list):
            continue
        named = [target for target in targets if isinstance(target, str)]
        lost = sorted(t for t in named if not any(is_target(module, t) for module in modules))
        # PEFT names every possible head in modules_to_save; one that is there is enough.
        if lost and (key == "target_modules" or len(lost) == len(named)):
            evidence: dict[str, Scalar] = {
                "key": key,
                "targets": len(lost),
                "of": len(named),
                "first": lost[0],
            }
            yield found(FindingCode.ADAPTER_TARGET_UNMATCHED, file.path, {**evidence, "config": path})


def _modules(tensors: Mapping[str, Tensor]) -> list[str]:
    return [name.removesuffix(".weight").removesuffix(".bias") for name in tensors if "lora_" not in name]
