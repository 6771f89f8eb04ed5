"""Hold what a configuration names as adapted or saved against the modules that are there.

Invariant: a name is called unmatched only where no other setting keeps it from having weights.
Source: peft 0.6 to 0.21, tuners/tuners_utils.py (check_target_module_exists), utils/other.py
(_set_trainable, TrainableTokensWrapper).
"""

from collections.abc import Iterator, Mapping, Sequence

from afterall.model import Finding, FindingCode, Scalar
from afterall.scan.checkpoints.checks.adapter_names import Pair
from afterall.scan.checkpoints.checks.lora_config import LoraConfig, endings
from afterall.scan.checkpoints.checks.material import found
from afterall.scan.checkpoints.formats import Tensor
from afterall.scan.checkpoints.inspection import Inspection

_TOKENS = "trainable_token_indices"
_TOKENS_TENSOR = "trainable_tokens_delta"


def check_targets(
    file: Inspection, found_pairs: Mapping[str, Pair], tensors: Mapping[str, Tensor], config: LoraConfig
) -> Iterator[Finding]:
    """Yield a finding for each setting that names what has no weights."""
    lost = _lost_targets(found_pairs, config)
    if lost:
        yield _unmatched(file, config, "target_modules", (lost, len(config.targets)))
    unsaved = _unsaved(tensors, config)
    # PEFT names every possible head in modules_to_save; one that is there is enough.
    if unsaved and len(unsaved) == len(config.saved):
        yield _unmatched(file, config, "modules_to_save", (unsaved, len(unsaved)))
    if config.has_tokens and not any(_TOKENS_TENSOR in name for name in tensors):
        yield _unmatched(file, config, _TOKENS, ([_TOKENS_TENSOR], 1))


def _unmatched(file: Inspection, config: LoraConfig, key: str, lost: tuple[Sequence[str], int]) -> Finding:
    names, of = lost
    evidence: dict[str, Scalar] = {"key": key, "targets": len(names), "of": of, "first": names[0]}
    return found(FindingCode.ADAPTER_TARGET_UNMATCHED, file.path, {**evidence, "config": config.path})


def _lost_targets(found_pairs: Mapping[str, Pair], config: LoraConfig) -> list[str]:
    """Where modules are excluded by a pattern, or layers chosen, nobody can tell whether one is missed."""
    if config.excluded is None or config.layers is not None:
        return []
    there = {end for module in found_pairs for end in endings(module)}
    return sorted(target for target in set(config.targets) - there if not _is_spared(target, config))


def _is_spared(target: str, config: LoraConfig) -> bool:
    """A module that is excluded, or lies in one that is saved whole, gets no adapter."""
    excluded = config.excluded or frozenset()
    if not excluded.isdisjoint(endings(target)):
        return True
    return any(f".{saved}." in f".{target}." for saved in config.saved)


def _unsaved(tensors: Mapping[str, Tensor], config: LoraConfig) -> list[str]:
    """PEFT takes every module whose name ends in the one given, and saves all that lies below it."""
    left = sorted(set(config.saved))
    for name in tensors:
        if not left:
            break
        left = [saved for saved in left if f"{saved}." not in name]
    return left
