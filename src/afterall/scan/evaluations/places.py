"""Tell by the model's path which of an experiment's checkpoints was evaluated, where no name tells it.

Invariant: only a whole path counts, from the set's own name on, from the set, or, of an evaluation in the
experiment's directory, from there; one that no checkpoint has, or several, tells nothing.
"""

from collections.abc import Sequence

from msgspec.structs import replace

from afterall.model import Checkpoint, Evaluation


def at_their_checkpoints(
    evaluations: Sequence[Evaluation], checkpoints: Sequence[Checkpoint], home: str, set_name: str
) -> tuple[Evaluation, ...]:
    """Return the evaluations, with their checkpoints' names where the model's path is one's.

    `home` is the experiment's directory in the set, "" for the set's own; `checkpoints` are the experiment's.
    """
    return tuple(_placed(evaluation, checkpoints, home, set_name) for evaluation in evaluations)


def _placed(
    evaluation: Evaluation, checkpoints: Sequence[Checkpoint], home: str, set_name: str
) -> Evaluation:
    model = evaluation.model.rstrip("/").removeprefix("./")
    if evaluation.checkpoint is not None or not model:
        return evaluation
    inside = f"{home}/" if home and evaluation.source.file.startswith(f"{home}/") else ""
    names = {
        checkpoint.name
        for checkpoint in checkpoints
        if model in (checkpoint.path, checkpoint.path.removeprefix(inside))
        or f"/{model}".endswith(f"/{set_name}/{checkpoint.path}")
    }
    return replace(evaluation, checkpoint=names.pop()) if len(names) == 1 else evaluation
