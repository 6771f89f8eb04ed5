"""Find adapters that training never moved: LoRA starts with one half at zero, and a trained one leaves it.

Invariant: an error only where the initialisation named by the configuration makes that half zero at start.
Source: peft tuners/lora/config.py (init_lora_weights), layer.py (reset_lora_parameters).
"""

from collections.abc import Mapping
from typing import Any

from afterall.model import FindingCode, Scalar, Severity
from afterall.scan.checkpoints.checks.adapter_names import Pair, pairs
from afterall.scan.checkpoints.formats import Fault, Tensor
from afterall.scan.checkpoints.values.tally import Tally

_ZERO_A = ("mica",)
_ZERO_B = (True, "gaussian")


def untrained_faults(
    tallies: Mapping[str, Tally], tensors: Mapping[str, Tensor], config: Mapping[str, Any] | None
) -> tuple[Fault, ...]:
    """Return a fault where the half that starts at zero still is: an error where it is in all modules."""
    start = (config or {}).get("init_lora_weights", True)
    if start not in _ZERO_A and start not in _ZERO_B:
        return ()
    halves = [_zero_half(pair, start in _ZERO_A) for pair in pairs(tensors).values()]
    names = [name for name in halves if name in tallies]
    still = sorted(name for name in names if tallies[name].all_zero)
    if not still:
        return ()
    half = "A" if start in _ZERO_A else "B"
    evidence: dict[str, Scalar] = {"modules": len(still), "of": len(names), "first": still[0], "half": half}
    severity = None if len(still) == len(names) else Severity.WARNING
    return (Fault(FindingCode.ADAPTER_UNTRAINED, evidence, f"tensor {still[0]}", severity),)


def _zero_half(pair: Pair, a_starts_at_zero: bool) -> str:
    """Return the name of the half that starts at zero; for embeddings it is A (reset_lora_parameters)."""
    return pair.a_name if a_starts_at_zero != pair.is_embedding else pair.b_name
