"""Compare the two copies of an adapter that torchtune saves: its own `.pt`, and PEFT's safetensors.

Invariant: names differ by design and rows may be permuted, so number and shapes of the tensors are compared.
Source: torchtune 0.5 to main, models/convert_weights.py (tune_to_peft_adapter_weights).
"""

from collections import Counter, defaultdict
from collections.abc import Iterable

from afterall.model import FileRole, Finding, FindingCode, Scalar
from afterall.scan.checkpoints.checks.material import Material, found, tensors_of
from afterall.scan.checkpoints.inspection import Inspection

_TORCH = "adapter_model.pt"
_PEFT = ("adapter_model.safetensors", "adapter_model.bin")


def check(material: Material) -> Iterable[Finding]:
    """Yield where the two copies of an adapter do not hold the same tensors."""
    by_directory: dict[str, dict[str, Inspection]] = defaultdict(dict)
    for file in material.having(FileRole.ADAPTER):
        by_directory[file.parent][file.name] = file
    for files in by_directory.values():
        peft = next((files[name] for name in _PEFT if name in files), None)
        if _TORCH in files and peft is not None:
            yield from _compare(files[_TORCH], peft)


def _compare(own: Inspection, peft: Inspection) -> Iterable[Finding]:
    first, second = tensors_of(own), tensors_of(peft)
    if first is None or second is None:
        return
    shapes = [Counter(tensor.shape for tensor in tensors.values()) for tensors in (first, second)]
    if shapes[0] != shapes[1]:
        differing = (shapes[0] - shapes[1]) + (shapes[1] - shapes[0])
        shape = min(differing)
        evidence: dict[str, Scalar] = {
            "tensors": len(first),
            "other_tensors": len(second),
            "shape": "×".join(map(str, shape)),
        }
        yield found(FindingCode.ADAPTER_COPIES_DIFFER, own.path, {**evidence, "other": peft.path})
