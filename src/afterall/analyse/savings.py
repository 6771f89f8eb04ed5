"""Say which checkpoints a finished run could do without: all but its last and those that were best.

Invariant: nothing is said to be free of a run that did not reach its end, whose job lives, or whose last
checkpoint is not good; what the kept ones share with the others by hard links frees nothing.
"""

import math
from collections.abc import Sequence

from msgspec import Struct

from afterall.analyse.evaluation_measures import direction_of, evaluated_checkpoint
from afterall.analyse.readings import finite_metric, has_trained, is_alive
from afterall.model import Checkpoint, Direction, EntryKind, Experiment, Verdict

Identity = tuple[int, int]


class Savings(Struct, frozen=True):
    """The checkpoints that could go, relative to the set, and the bytes that would be free."""

    paths: tuple[str, ...] = ()
    size_bytes: int = 0


def find_savings(experiments: Sequence[Experiment]) -> Savings:
    """Return what could be freed in all experiments together."""
    found = [savings for experiment in experiments if (savings := _of(experiment)).paths]
    paths = tuple(path for savings in found for path in savings.paths)
    return Savings(paths, sum(savings.size_bytes for savings in found))


def _of(experiment: Experiment) -> Savings:
    saved = [c for c in experiment.checkpoints if c.files and c.verdict is not Verdict.MISSING]
    if len(saved) < 2 or not has_trained(experiment) or is_alive(experiment):
        return Savings()
    last = saved[-1]
    if last.verdict is not Verdict.OK:
        return Savings()
    kept = [last, *_best(experiment), *(c for c in saved if not _stands_alone(c, experiment))]
    spare = [c for c in saved if c not in kept]
    shared = {identity for checkpoint in kept for identity, _ in _files(checkpoint, experiment)}
    freed = {i: size for c in spare for i, size in _files(c, experiment) if i not in shared}
    return Savings(tuple(checkpoint.path for checkpoint in spare), sum(freed.values()))


def _best(experiment: Experiment) -> list[Checkpoint]:
    """Return the checkpoints that were best by validation loss, or by any score of an evaluation."""
    step = finite_metric(experiment, "best_val_step")
    found = [c for c in experiment.checkpoints if step is not None and c.step == step]
    scores: dict[tuple[str, str], list[tuple[float, Checkpoint]]] = {}
    for evaluation in experiment.evaluations:
        checkpoint = evaluated_checkpoint(experiment, evaluation)
        for name, value in evaluation.metrics.items() if checkpoint is not None else ():
            sign = {Direction.UP: 1, Direction.DOWN: -1}.get(direction_of(name), 0)
            if sign and checkpoint is not None and math.isfinite(value):
                scores.setdefault((evaluation.task, name), []).append((sign * value, checkpoint))
    for told in scores.values():
        top = max(value for value, _ in told)
        found += [checkpoint for value, checkpoint in told if value == top]
    return found


def _stands_alone(checkpoint: Checkpoint, experiment: Experiment) -> bool:
    """Tell whether a checkpoint is a directory within the run's own that can be removed as a whole."""
    root = experiment.layout.path
    others = [c for c in experiment.checkpoints if c is not checkpoint]
    inside = checkpoint.path.startswith(f"{root}/") if root else bool(checkpoint.path)
    is_directory = any(
        entry.path == checkpoint.path and entry.kind is EntryKind.DIRECTORY
        for entry in experiment.layout.entries
    )
    return inside and is_directory and not any(c.path.startswith(f"{checkpoint.path}/") for c in others)


def _files(checkpoint: Checkpoint, experiment: Experiment) -> list[tuple[Identity, int]]:
    return [
        (stored.entry.identity, stored.entry.size_bytes)
        for stored in experiment.files
        if stored.entry.path.startswith(f"{checkpoint.path}/")
    ]
