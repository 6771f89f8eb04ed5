"""Take apart the names of an adapter's tensors: which module, which half, which layer.

Invariant: total over any name; what is no part of a LoRA pair is told as such. Names: peft
(`base_model.model.….lora_A.weight`), torchtune (`….lora_a.weight`), diffusers (`….lora.down.weight`).
"""

import re
from collections.abc import Iterable, Mapping
from itertools import pairwise

from msgspec import Struct

from afterall.scan.checkpoints.formats import Tensor

_PART = re.compile(
    r"(?:base_model\.model\.)?(?P<module>.+?)\."
    r"(?:(?P<embedding>lora_embedding_)|lora_)(?P<half>[ABab])(?:\.[^.]+)?(?:\.weight)?"
)
_LAYER = re.compile(r"(?:^|\.)(?:layers?|h|blocks?)\.(\d{1,6})(?:\.|$)")


class Pair(Struct):
    """The two halves of one module's adapter; None: the half is not there."""

    a: Tensor | None = None
    b: Tensor | None = None
    a_name: str = ""
    b_name: str = ""
    is_embedding: bool = False


def pairs(tensors: Mapping[str, Tensor]) -> dict[str, Pair]:
    """Return the LoRA pairs among `tensors` by module, the wrapper's prefix left out."""
    found: dict[str, Pair] = {}
    for name, tensor in tensors.items():
        part = _PART.fullmatch(name)
        if part is None:
            continue
        pair = found.setdefault(part["module"], Pair(is_embedding=part["embedding"] is not None))
        if part["half"] in "Aa":
            pair.a, pair.a_name = tensor, name
        else:
            pair.b, pair.b_name = tensor, name
    return found


def layer_of(module: str) -> int | None:
    """Return the number of the layer that a module lies in, None for one outside of the layers."""
    found = _LAYER.search(module)
    return int(found[1]) if found else None


def is_target(module: str, target: str) -> bool:
    """Return True where PEFT's `target_modules` entry `target` means this module."""
    return module == target or module.endswith(f".{target}")


def missing_layers(modules: Iterable[str]) -> dict[str, list[int]]:
    """Return, by kind of module, the layers that have none though the others of that kind are regular.

    Layers at a constant distance are how hybrid models are built, and no gap.
    """
    by_kind: dict[str, set[int]] = {}
    for module in modules:
        layer = layer_of(module)
        if layer is not None:
            by_kind.setdefault(_LAYER.sub(".*.", module), set()).add(layer)
    every = set().union(*by_kind.values()) if by_kind else set()
    gaps = {}
    for kind, layers in by_kind.items():
        missing = sorted((set(range(min(layers), max(layers) + 1)) | _regular(every)) - layers)
        if missing and not _is_regular(layers) and len(missing) <= max(2, len(layers) // 10):
            gaps[kind] = missing
    return gaps


def _regular(layers: set[int]) -> set[int]:
    return layers if _is_regular(layers) else set()


def _is_regular(layers: set[int]) -> bool:
    ordered = sorted(layers)
    distances = {after - before for before, after in pairwise(ordered)}
    return len(distances) <= 1
