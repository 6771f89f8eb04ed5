"""Find adapters that training never moved: one part of them starts at zero, and a trained one leaves it.

Invariant: an error only where the initialisation named by the configuration makes that part zero at start.
Source: peft 0.6 to 0.21, tuners/lora/layer.py (update_layer, reset_lora_parameters), and of the other kinds
tuners/*/layer.py (reset_adapter_parameters, reset_boft_parameters, reset_vera_parameters).
"""

from collections.abc import Mapping
from typing import Any

from afterall.model import FindingCode, Scalar, Severity
from afterall.scan.checkpoints.checks.adapter_names import Pair, pairs
from afterall.scan.checkpoints.checks.lora_config import is_lora
from afterall.scan.checkpoints.formats import Fault, Tensor
from afterall.scan.checkpoints.values.tally import Tally

_ZERO_A = ("mica",)
_ZERO_B = (True, "gaussian", "eva")
"""EVA takes A from the data and leaves B at zero; null and false leave both at random."""
_ZERO_PARTS = {
    "ADALORA": "lora_E",
    "BOFT": "boft_R",
    "LOHA": "hada_w2_b",
    "LOKR": "lokr_w1",
    "OFT": "oft_R",
    "VERA": "vera_lambda_b",
}
"""By PEFT's name of the kind, what starts at zero in every module unless `init_weights` is false."""
_PRUNED = _ZERO_PARTS["ADALORA"]


def untrained_faults(
    tallies: Mapping[str, Tally], tensors: Mapping[str, Tensor], config: Mapping[str, Any] | None
) -> tuple[Fault, ...]:
    """Return a fault where the half that starts at zero still is: an error where it is in all modules."""
    document = config or {}
    part = _ZERO_PARTS.get(str(document.get("peft_type")))
    if part is not None:
        starts_at_zero = document.get("init_weights", document.get("init_lora_weights", True)) is True
        return _of_part(tallies, tensors, part) if starts_at_zero else ()
    start = document.get("init_lora_weights", True)
    start = start.lower() if isinstance(start, str) else start
    if not is_lora(document) or (start not in _ZERO_A and start not in _ZERO_B):
        return ()
    halves = (_zero_half(pair, start in _ZERO_A) for pair in pairs(tensors).values())
    return _still_zero(tallies, dict(halves))


def _of_part(tallies: Mapping[str, Tally], tensors: Mapping[str, Tensor], part: str) -> tuple[Fault, ...]:
    faults = _still_zero(tallies, {name: part for name in tensors if f".{part}." in f"{name}."})
    # AdaLoRA prunes whole modules by setting theirs to zero again.
    return faults if part != _PRUNED or not any(fault.severity for fault in faults) else ()


def _still_zero(tallies: Mapping[str, Tally], parts: Mapping[str, str]) -> tuple[Fault, ...]:
    """Return a fault where tensors that start at zero, given with what they are called, still are."""
    read = {name: part for name, part in parts.items() if name in tallies}
    still = sorted(name for name in read if tallies[name].all_zero)
    if not still:
        return ()
    first = still[0]
    evidence: dict[str, Scalar] = {
        "modules": len(still),
        "of": len(read),
        "first": first,
        "half": read[first],
    }
    severity = None if len(still) == len(read) else Severity.WARNING
    return (Fault(FindingCode.ADAPTER_UNTRAINED, evidence, f"tensor {first}", severity),)


def _zero_half(pair: Pair, a_starts_at_zero: bool) -> tuple[str, str]:
    """Return name and letter of the half that starts at zero; of an embedding's pair it is always A."""
    is_a = a_starts_at_zero or pair.is_embedding
    return (pair.a_name, "A") if is_a else (pair.b_name, "B")
