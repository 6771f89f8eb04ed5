"""Find adapters that training never moved: LoRA starts with one half at zero, and a trained one leaves it.

Invariant: an error only where the initialisation named by the configuration makes that half zero at start.
Source: peft 0.6 to 0.21, tuners/lora/layer.py (update_layer, reset_lora_parameters).
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


def untrained_faults(
    tallies: Mapping[str, Tally], tensors: Mapping[str, Tensor], config: Mapping[str, Any] | None
) -> tuple[Fault, ...]:
    """Return a fault where the half that starts at zero still is: an error where it is in all modules."""
    document = config or {}
    start = document.get("init_lora_weights", True)
    start = start.lower() if isinstance(start, str) else start
    if not is_lora(document) or (start not in _ZERO_A and start not in _ZERO_B):
        return ()
    halves = (_zero_half(pair, start in _ZERO_A) for pair in pairs(tensors).values())
    read = {name: half for name, half in halves if name in tallies}
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
