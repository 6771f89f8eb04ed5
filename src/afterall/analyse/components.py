"""Measure what a checkpoint is made of: full weights by model, adapters by model and rank.

Invariant: sizes are those of files that are there and sound; weights saved in two forms count once.
"""

from collections.abc import Iterable, Sequence

from afterall.analyse.ordering import identity, natural_key, scalar_key
from afterall.model import (
    Checkpoint,
    CheckpointFile,
    ComponentSize,
    Experiment,
    FileRole,
    Scalar,
    Verdict,
)

_SAFE = ".safetensors"


def is_saved(checkpoint: Checkpoint) -> bool:
    """Tell whether anything of a checkpoint is on disk."""
    return checkpoint.verdict is not Verdict.MISSING


def adapter_only_bytes(checkpoints: Iterable[Checkpoint]) -> int | None:
    """Return what the adapters of some checkpoints take with their configuration; None without adapters."""
    sizes = []
    for checkpoint in checkpoints:
        adapter = _one_form(checkpoint.files, FileRole.ADAPTER)
        if adapter:
            configuration = [f for f in checkpoint.files if f.role is FileRole.ADAPTER_CONFIG]
            sizes.append(sum(f.size_bytes for f in (*adapter, *configuration)))
    return sum(sizes) if sizes else None


def measure_components(experiments: Sequence[Experiment]) -> tuple[ComponentSize, ...]:
    """Return the size of full weights for each model and of an adapter for each model and rank.

    Measured on the first sound checkpoint of the first experiment that has it, the final one before others;
    where none is sound, on one that could not be verified.
    """
    found: dict[tuple[object, ...], ComponentSize] = {}
    for experiment in experiments:
        model = _text(experiment, "model")
        rank = _value(experiment, "lora_rank")
        for checkpoint in _best_first(experiment.checkpoints):
            full = _size(model, None, checkpoint, FileRole.FULL_WEIGHTS)
            adapter = _size(model, rank, checkpoint, FileRole.ADAPTER)
            if full is not None:
                found.setdefault((model, "full_weights"), full)
            if adapter is not None:
                found.setdefault((model, "adapter", identity(rank)), adapter)
    return tuple(sorted(found.values(), key=_order))


def _order(size: ComponentSize) -> tuple[object, ...]:
    return (natural_key(size.model), size.component != "full_weights", scalar_key(size.lora_rank))


def _best_first(checkpoints: Iterable[Checkpoint]) -> list[Checkpoint]:
    usable = [c for c in checkpoints if c.verdict in (Verdict.OK, Verdict.UNVERIFIED)]
    return sorted(usable, key=lambda c: (c.verdict is not Verdict.OK, not c.is_final, natural_key(c.path)))


def _size(model: str, rank: Scalar, checkpoint: Checkpoint, role: FileRole) -> ComponentSize | None:
    files = _one_form(checkpoint.files, role)
    if not files:
        return None
    return ComponentSize(
        model=model,
        component=role.value,
        lora_rank=rank,
        size_bytes=sum(file.size_bytes for file in files),
        example=checkpoint.path,
    )


def _one_form(files: Iterable[CheckpointFile], role: FileRole) -> list[CheckpointFile]:
    """Return the files of a role in one form: safetensors where there are any, else the others.

    torchtune writes each adapter as adapter_model.pt and as adapter_model.safetensors.
    """
    of_role = [file for file in files if file.role is role]
    return [file for file in of_role if file.path.endswith(_SAFE)] or of_role


def _value(experiment: Experiment, parameter: str) -> Scalar:
    fact = experiment.parameters.get(parameter)
    return None if fact is None else fact.value


def _text(experiment: Experiment, parameter: str) -> str:
    value = _value(experiment, parameter)
    return "" if value is None else str(value)
