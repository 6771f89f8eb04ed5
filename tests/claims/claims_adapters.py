"""Compute anew what findings say of adapters: from their tensors and their configuration."""

import json
import re

from claims.claims_checking import Checker, Facts
from claims.claims_reading import Json, Told
from claims.weights_reading import ADAPTER, Weights, read_weights, records_of, size_of

_LAYERS = range(2)
"""Of the model whose adapters are broken."""


def _modules(weights: Weights) -> dict[str, dict[str, list[int]]]:
    """Return the shapes of each module's halves, by "lora_A" and "lora_B"."""
    modules: dict[str, dict[str, list[int]]] = {}
    for name, tensor in weights.tensors.items():
        module, _, rest = name.removeprefix("base_model.model.").partition(".lora_")
        if rest:
            modules.setdefault(module, {})[f"lora_{rest[0]}"] = tensor["shape"]
    return modules


def rank(told: Told, finding: Json) -> Facts:
    """Return the adapter's rank by its shapes, and by its configuration."""
    modules = _modules(read_weights(told.subject(finding)))
    config = json.loads((told.set_dir / finding["evidence"]["config"]).read_text("utf-8"))
    other = [name for name, halves in modules.items() if halves["lora_A"][0] != config["r"]]
    return {
        "tensor_rank": modules[other[0]]["lora_A"][0],
        "config_rank": config["r"],
        "modules": len(other),
        "of": len(modules),
    }


def half(told: Told, finding: Json) -> Facts:
    """Return how many modules lack a half."""
    modules = _modules(read_weights(told.subject(finding)))
    lacking = sorted(name for name, halves in modules.items() if len(halves) == 1)
    return {"modules": len(lacking), "of": len(modules), "first": lacking[0]}


def copies(told: Told, finding: Json) -> Facts:
    """Return how many tensors each of an adapter's two forms holds; their sizes are not the same."""
    own = records_of(told.subject(finding))
    other = read_weights(told.set_dir / finding["evidence"]["other"]).tensors
    assert sorted(own.values()) != sorted(map(size_of, other.values()))
    facts: Facts = {"tensors": len(own), "other_tensors": len(other)}
    layer = finding["evidence"].get("layer")
    return facts if layer is None else {**facts, "layer": layer if layer in _LAYERS else None}


def targets(told: Told, finding: Json) -> Facts:
    """Return how many of the targets no tensor's name holds."""
    names = list(read_weights(told.subject(finding)).tensors)
    config = json.loads((told.set_dir / finding["evidence"]["config"]).read_text("utf-8"))
    wanted = config[finding["evidence"]["key"]]
    lost = [target for target in wanted if not any(f".{target}." in name for name in names)]
    return {"targets": len(lost), "of": len(wanted), "first": min(lost, key=wanted.index)}


def oversized(told: Told, finding: Json) -> Facts:
    """Return the bytes of an adapter's own tensors, and of others; both forms of it hold the same."""
    tensors = read_weights(told.subject(finding).with_name(ADAPTER)).tensors
    own = sum(size_of(tensor) for name, tensor in tensors.items() if ".lora_" in name)
    beside = [size_of(tensor) for name, tensor in tensors.items() if ".lora_" not in name]
    return {"adapter_bytes": own, "beside_bytes": sum(beside), "tensors": len(beside)}


def untrained(told: Told, finding: Json) -> Facts:
    """Return in how many modules the half that starts at zero is all zero."""
    weights = read_weights(told.subject(finding))
    halves = [name for name in weights.tensors if f".lora_{finding['evidence']['half']}." in name]
    zero = [name for name in halves if not any(weights.numbers(name))]
    return {"modules": len(zero), "of": len(halves), "first": min(zero)}


def layers(told: Told, finding: Json) -> Facts:
    """Return the layers between others that have no adapter, and how many kinds of modules lack them."""
    kinds: dict[str, set[int]] = {}
    for module in _modules(read_weights(told.subject(finding))):
        found = re.fullmatch(r"(.*)\.layers\.(\d+)\.(.*)", module)
        assert found is not None
        kinds.setdefault(f"{found[1]}.*.{found[3]}", set()).add(int(found[2]))
    lacking = {kind: set(range(max(own))) - own for kind, own in kinds.items() if set(range(max(own))) - own}
    first = min(lacking)
    return {
        "kinds": len(lacking),
        "layers": ", ".join(map(str, sorted(lacking[first]))),
        "first": first,
    }


CHECKERS: dict[str, Checker] = {
    "adapter_rank_differs": rank,
    "adapter_half_missing": half,
    "adapter_copies_differ": copies,
    "adapter_target_unmatched": targets,
    "adapter_oversized": oversized,
    "adapter_untrained": untrained,
    "adapter_layers_missing": layers,
}
