"""Compare the two copies of an adapter that torchtune saves: its own `.pt`, and the form that PEFT loads.

Invariant: names differ by design and rows may be permuted, so what must be the same is compared: layer, half
and shape of every tensor. Source: torchtune 0.2 to main, models/convert_weights.py
(tune_to_peft_adapter_weights); before 0.5 its own file is `adapter_N.pt`.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

from afterall.model import FileRole, Finding, FindingCode, Scalar
from afterall.scan.checkpoints.checks.adapter_names import layer_of
from afterall.scan.checkpoints.checks.material import Material, found, tensors_of
from afterall.scan.checkpoints.formats import Tensor
from afterall.scan.checkpoints.inspection import Inspection

_TORCHTUNE = re.compile(r"adapter_(model|\d+)\.pt")
_PEFT = ("adapter_model.safetensors", "adapter_model.bin")
_PART = re.compile(r"(?i:lora_(embedding_)?[ab]|magnitude)")

Kind = tuple[int, str, tuple[int, ...]]
"""Layer, -1 outside of the layers; which half; shape."""


def check(material: Material) -> Iterable[Finding]:
    """Yield where the two copies of an adapter do not hold the same tensors."""
    by_directory: dict[str, dict[str, Inspection]] = defaultdict(dict)
    for file in material.having(FileRole.ADAPTER):
        by_directory[file.parent][file.name] = file
    for files in by_directory.values():
        peft = next((files[name] for name in _PEFT if name in files), None)
        own = next((files[name] for name in sorted(files) if _TORCHTUNE.fullmatch(name)), None)
        if own is not None and peft is not None:
            yield from _compare(own, peft)


def _compare(own: Inspection, peft: Inspection) -> Iterable[Finding]:
    first, second = tensors_of(own), tensors_of(peft)
    if first is None or second is None:
        return
    kinds = _kinds(first), _kinds(second)
    if kinds[0] != kinds[1]:
        layer, part, shape = min((kinds[0] - kinds[1]) + (kinds[1] - kinds[0]))
        evidence: dict[str, Scalar] = {
            "tensors": len(first),
            "other_tensors": len(second),
            "layer": layer if layer >= 0 else None,
            "part": part,
            "shape": "×".join(map(str, shape)),
        }
        yield found(FindingCode.ADAPTER_COPIES_DIFFER, own.path, {**evidence, "other": peft.path})


def _kinds(tensors: Mapping[str, Tensor]) -> Counter[Kind]:
    return Counter(_kind(name, tensor) for name, tensor in tensors.items())


def _kind(name: str, tensor: Tensor) -> Kind:
    layer = layer_of(name)
    part = _PART.search(name)
    return (-1 if layer is None else layer, part[0].lower() if part else "", tensor.shape)
