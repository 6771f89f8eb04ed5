"""Say what belongs beside a checkpoint's weights and is not there.

Invariant: nothing is missed that the layout's writer does not always write; what some runs write and others
do not is for `siblings` to compare.
"""

import re
from collections.abc import Iterable, Iterator

from afterall.model import FileRole, Finding, FindingCode, Severity
from afterall.scan.checkpoints.checks.material import Material, below, found
from afterall.scan.checkpoints.layouts.shape import NOTHING

_HF_MODEL = re.compile(r"((ft-)?model|pytorch_model)([.-].*)?\.(safetensors|bin)")
_PEFT = re.compile(r"adapter_model\.(safetensors|bin)")
_TORCH_ADAPTER = "adapter_model.pt"
_TRAINER_STATE = "trainer_state.json"
_RANDOM_STATES = re.compile(r"random_states_\d+\.pkl")


def check(material: Material) -> Iterable[Finding]:
    """Yield what is missing beside, or instead of, the weights."""
    yield from _weights(material)
    if material.place.needs != NOTHING:
        yield from _adapter(material)
        yield from _companions(material)


def _weights(material: Material) -> Iterator[Finding]:
    place, promises = material.place, material.promises
    roles = {file.role for file in material.weights}
    if not roles:
        yield found(FindingCode.WEIGHTS_MISSING, place.path, {"which": "any", "files": len(material.files)})
    elif (
        place.needs.adapter_twin
        and promises.save_adapter_only is False
        and FileRole.FULL_WEIGHTS not in roles
    ):
        yield found(FindingCode.WEIGHTS_MISSING, place.path, {"which": "full"})


def _adapter(material: Material) -> Iterator[Finding]:
    """Torchtune saves its own `.pt` first, then PEFT's form and the config, for models that PEFT knows."""
    needs = material.place.needs
    names = {file.name for file in material.files}
    peft = sorted(name for name in names if _PEFT.fullmatch(name))
    config = "adapter_config.json" in names
    directory = material.place.directory
    if (needs.adapter_twin or needs.peft_config) and peft and not config:
        beside = next(file.parent for file in material.files if file.name == peft[0])
        yield found(
            FindingCode.ADAPTER_CONFIG_MISSING, below(beside, "adapter_config.json"), {"beside": peft[0]}
        )
    if not needs.adapter_twin or ".metadata" in names:
        return
    if peft and _TORCH_ADAPTER not in names:
        missing = below(directory, _TORCH_ADAPTER)
        yield found(FindingCode.CHECKPOINT_FILE_MISSING, missing, {"which": "adapter", "beside": peft[0]})
    if _TORCH_ADAPTER in names and config and not peft:
        missing = below(directory, "adapter_model.safetensors")
        yield found(
            FindingCode.CHECKPOINT_FILE_MISSING, missing, {"which": "adapter", "beside": _TORCH_ADAPTER}
        )


def _lacks_config(names: set[str], full: list[str]) -> bool:
    """Beside an adapter TRL saves a value head under a model's name, and no configuration of its own."""
    may_be_head = any(map(_PEFT.fullmatch, names)) and not any("-of-" in name for name in full)
    return any(map(_HF_MODEL.fullmatch, full)) and not may_be_head and "config.json" not in names


def _companions(material: Material) -> Iterator[Finding]:
    place = material.place
    names = {file.name for file in material.files}
    full = [file.name for file in material.having(FileRole.FULL_WEIGHTS)]
    if place.needs.config and _lacks_config(names, full):
        yield found(FindingCode.CONFIG_MISSING, below(place.directory, "config.json"), {"beside": min(full)})
    is_copied = full and ".metadata" not in names  # torchtune's asynchronous saves leave the tokenizer out
    if place.needs.tokenizer and is_copied and not any(True for _ in material.having(FileRole.TOKENIZER)):
        yield found(FindingCode.TOKENIZER_MISSING, place.path)
    if place.needs.trainer_state and material.weights and _TRAINER_STATE not in names:
        # The HF Trainer writes it last: without it training cannot be resumed from here.
        missing = below(place.directory, _TRAINER_STATE)
        yield found(
            FindingCode.CHECKPOINT_FILE_MISSING, missing, {"which": "trainer_state"}, Severity.WARNING
        )
    if place.needs.random_states and not any(map(_RANDOM_STATES.fullmatch, names)):
        # accelerate writes them after weights, optimizer and scheduler (save_accelerator_state).
        yield found(
            FindingCode.CHECKPOINT_UNFINISHED,
            place.path,
            {"marker": "random_states_0.pkl"},
            Severity.WARNING,
        )
