"""Take apart the names of an adapter's tensors: which module, which half, which layer.

Invariant: total over any name; what is no part of a LoRA adapter is told as such. Names: peft
(`base_model.model.….lora_A.weight`, `….lora_embedding_A`, with or without the adapter's own name before
`.weight`), torchtune (`….lora_a.weight`), MLX and GGUF (`….lora_a`), diffusers (`….lora.down.weight`),
kohya-ss and LyCORIS (`lora_unet_….lora_down.weight`).
"""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import pairwise

from msgspec import Struct

from afterall.scan.checkpoints.formats import Tensor

_PREFIX = r"(?:base_model\.model\.)?(?P<module>.+?)\."
_END = r"(?:\.(?!bias$)[^.]+)?(?:\.weight)?"
_PART = re.compile(_PREFIX + r"lora_(?:embedding_)?(?P<half>[ABab])" + _END)
_UP_OR_DOWN = re.compile(r"(?P<module>.+?)[._]lora[._](?P<half>up|down)\.weight")
_MAGNITUDE = re.compile(_PREFIX + r"lora_magnitude_vector" + _END)
_OF_ADAPTER = re.compile(r"(?:^|[._])lora[._]|^lycoris_")
_LAYER = re.compile(r"(?:^|\.)(?:layers?|h|blocks?)\.(\d{1,6})(?:\.|$)")
_NUMBER = re.compile(r"\.\d+(?=\.|$)")
_OWN = ("lora_", "magnitude", "trainable_tokens_")
_MOST_MISSING = 2
_FIRST = ("A", "a", "down")
"""What the half is called that comes first in a product."""
_TURNED = (".lora_a", ".lora_b")


class Pair(Struct):
    """The two halves of one module's adapter; None: the half is not there."""

    a: Tensor | None = None
    b: Tensor | None = None
    a_name: str = ""
    b_name: str = ""
    is_embedding: bool = False
    is_turned: bool = False
    """True where A is (in, rank) and B (rank, out): MLX multiplies so, and GGUF turns all shapes."""


def pairs(tensors: Mapping[str, Tensor]) -> dict[str, Pair]:
    """Return the LoRA pairs among `tensors` by module, the wrapper's prefix left out."""
    found: dict[str, Pair] = {}
    for name, tensor in tensors.items():
        part = _PART.fullmatch(name) if "lora_" in name else None
        part = part or (_UP_OR_DOWN.fullmatch(name) if "lora" in name else None)
        if part is None:
            continue
        pair = found.setdefault(part["module"], Pair(is_turned=name.endswith(_TURNED)))
        pair.is_embedding = "lora_embedding_" in name
        if part["half"] in _FIRST:
            pair.a, pair.a_name = tensor, name
        else:
            pair.b, pair.b_name = tensor, name
    return found


def magnitudes(names: Iterable[str]) -> set[str]:
    """Return the modules that have a DoRA magnitude."""
    found = (_MAGNITUDE.fullmatch(name) for name in names if "lora_magnitude" in name)
    return {part["module"] for part in found if part is not None}


def is_own(name: str) -> bool:
    """Return True for an adapter's own tensor, False for a weight of the model saved beside it."""
    return any(word in name for word in _OWN)


def are_adapters(names: Collection[str]) -> bool:
    """Return True where there are names and all are of an adapter, whatever the file is called.

    kohya-ss calls its files after what was trained.
    """
    for name in names:
        if ("lora" not in name and "lycoris" not in name) or _OF_ADAPTER.search(name) is None:
            return False
    return bool(names)


def layer_of(module: str) -> int | None:
    """Return the number of the layer that a module lies in, None for one outside of the layers."""
    found = _LAYER.search(module)
    return int(found[1]) if found else None


def missing_layers(modules: Iterable[str], due: Collection[int] | None = None) -> dict[str, list[int]]:
    """Return, by kind of module, the layers that have none though the others of that kind are regular.

    Layers at a constant distance are how hybrid models are built, and no gap. Where only the layers `due`
    are adapted, these are counted as if they were all.
    """
    order = sorted(due) if due is not None else None
    stacks: dict[str, dict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
    for stack, kind, layer in _placed(modules, order):
        stacks[stack][kind].add(layer)
    gaps = {}
    for kinds in stacks.values():
        every = set().union(*kinds.values())
        regular = every if _is_regular(every) else set()
        for kind, layers in kinds.items():
            missing = _gaps(layers, regular)
            if missing:
                gaps[kind] = missing if order is None else [order[place] for place in missing]
    return gaps


def _placed(modules: Iterable[str], order: list[int] | None) -> Iterator[tuple[str, str, int]]:
    """Yield each module's stack of layers, its kind, and its layer, or that layer's place in `order`.

    peft counts by the last number in a name, so that of an expert within a layer; such names are left out.
    """
    places = {layer: place for place, layer in enumerate(order)} if order is not None else None
    for module in modules:
        found = _LAYER.search(module)
        if found is None or (places is not None and len(_NUMBER.findall(module)) > 1):
            continue
        layer: int | None = int(found[1])
        if places is not None:
            layer = places.get(int(found[1]))
        if layer is not None:
            yield module[: found.start()], _LAYER.sub(".*.", module), layer


def _gaps(layers: set[int], regular: set[int]) -> list[int]:
    """Return the few layers that are missing; many missing ones are counted before they are listed."""
    most = max(_MOST_MISSING, len(layers) // 10)
    first, last = min(layers), max(layers)
    if max(last - first + 1, len(regular)) - len(layers) > most or _is_regular(layers):
        return []
    missing = (set(range(first, last + 1)) | regular) - layers
    return sorted(missing) if len(missing) <= most else []


def _is_regular(layers: set[int]) -> bool:
    ordered = sorted(layers)
    distances = {after - before for before, after in pairwise(ordered)}
    return len(distances) <= 1
