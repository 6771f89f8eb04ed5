"""Hold an adapter's tensors against each other and against the configuration in their directory.

Invariant: only what PEFT's own loading or forward pass would trip over, or pass over in silence, is an error.
Source: peft 0.6 to 0.21, tuners/lora/layer.py (update_layer), utils/save_and_load.py.
"""

import re
from collections.abc import Iterable, Iterator, Mapping

from afterall.model import FileRole, Finding, FindingCode, Scalar
from afterall.scan.checkpoints.checks.adapter_names import Pair, is_own, magnitudes, missing_layers, pairs
from afterall.scan.checkpoints.checks.adapter_ranks import check_halves_agree, check_ranks
from afterall.scan.checkpoints.checks.adapter_targets import check_targets
from afterall.scan.checkpoints.checks.lora_config import LoraConfig, is_lora, parse_lora_config
from afterall.scan.checkpoints.checks.material import Material, found, tensors_of
from afterall.scan.checkpoints.formats import Tensor
from afterall.scan.checkpoints.inspection import Inspection

_PEFT = re.compile(r"adapter_model\.(safetensors|bin)")
_LARGE_SHARE = 0.5
_MOST_NAMED = 20
_MAGNITUDE = "lora_magnitude_vector"


def check(material: Material) -> Iterable[Finding]:
    """Yield where adapter weights and adapter configuration do not fit together."""
    documents = material.adapter_configs()
    for file in material.having(FileRole.ADAPTER):
        tensors = tensors_of(file)
        if not tensors:
            continue
        given = documents.get(file.parent)
        judged = given is None or is_lora(given[1])
        fits = given is not None and judged and _PEFT.fullmatch(file.name) is not None
        config = parse_lora_config(*given) if given is not None and fits else None
        found_pairs = pairs(tensors) if judged else {}
        yield from _size(file, tensors)
        yield from _alone(file, found_pairs, config)
        if config is not None:
            yield from check_ranks(file, found_pairs, config)
            yield from check_targets(file, found_pairs, tensors, config)
            yield from _magnitudes(file, found_pairs, tensors, config)


def _alone(file: Inspection, found_pairs: Mapping[str, Pair], config: LoraConfig | None) -> Iterator[Finding]:
    """Yield what tensors say without a configuration, which only limits where layers are looked for."""
    lone = [module for module, pair in found_pairs.items() if pair.a is None or pair.b is None]
    if lone:
        first = min(lone)
        yield _part_missing(
            file, lone, len(found_pairs), "lora_A" if found_pairs[first].a is None else "lora_B"
        )
    yield from check_halves_agree(file, found_pairs)
    if config is None or not config.drops_layers:
        yield from _layers(file, found_pairs, config)


def _magnitudes(
    file: Inspection, found_pairs: Mapping[str, Pair], tensors: Mapping[str, Tensor], config: LoraConfig
) -> Iterator[Finding]:
    """Where DoRA's magnitudes are missing, PEFT goes on with those of the base, in silence."""
    lacking = found_pairs.keys() - magnitudes(tensors) if config.has_magnitudes else ()
    if lacking:
        yield _part_missing(file, lacking, len(found_pairs), _MAGNITUDE)


def _part_missing(file: Inspection, modules: Iterable[str], of: int, part: str) -> Finding:
    named = sorted(modules)
    evidence: dict[str, Scalar] = {"modules": len(named), "of": of, "first": named[0], "missing": part}
    return found(FindingCode.ADAPTER_HALF_MISSING, file.path, evidence)


def _layers(
    file: Inspection, found_pairs: Mapping[str, Pair], config: LoraConfig | None
) -> Iterator[Finding]:
    gaps = missing_layers(found_pairs, config.layers if config is not None else None)
    if gaps:
        kind = min(gaps)
        evidence: dict[str, Scalar] = {
            "kinds": len(gaps),
            "first": kind,
            "layers": ", ".join(map(str, gaps[kind][:_MOST_NAMED])),
        }
        yield found(FindingCode.ADAPTER_LAYERS_MISSING, file.path, evidence)


def _size(file: Inspection, tensors: Mapping[str, Tensor]) -> Iterator[Finding]:
    """Whole embeddings saved with an adapter make it as large as a part of the model (unsloth #1093)."""
    others = {name: tensor for name, tensor in tensors.items() if not is_own(name)}
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
