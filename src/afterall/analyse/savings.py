"""Say which checkpoints a finished run could do without: all but its last, the best, and those still needed.

Invariant: nothing is said to be free of a run that did not reach its end, whose job lives, or whose last
checkpoint is not good, nor what may be no checkpoint; a file of which a hard link stays, in the set or
elsewhere, frees nothing.
"""

import math
from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from afterall.analyse.evaluated_checkpoints import evaluated_checkpoint
from afterall.analyse.evaluation_measures import score_direction
from afterall.analyse.readings import finite_metric, has_trained, is_alive
from afterall.model import (
    Checkpoint,
    CheckpointKind,
    Direction,
    Entry,
    EntryKind,
    EvaluationStatus,
    Experiment,
    NextStep,
    Verdict,
)


class Savings(Struct, frozen=True):
    """The checkpoints that could go, relative to the set, and the bytes that would be free."""

    paths: tuple[str, ...] = ()
    size_bytes: int = 0


def find_savings(
    experiments: Sequence[Experiment], wanted: Mapping[str, Direction], steps: Sequence[NextStep] = ()
) -> Savings:
    """Return what could be freed in all experiments together.

    `wanted` gives the direction of some scores, by "task/scorer/metric"; `steps` are still to be done, and
    need the checkpoints that they name.
    """
    needed = {(run, step.details.get("checkpoint")) for step in steps for run in step.experiments}
    paths = tuple(
        c.path
        for experiment in experiments
        for c in _spare(experiment, wanted)
        if needed.isdisjoint({(experiment.name, c.name), (experiment.name, c.path)})
    )
    return Savings(paths, _freed(experiments, frozenset(paths)))


def _spare(experiment: Experiment, wanted: Mapping[str, Direction]) -> list[Checkpoint]:
    saved = _saved(experiment)
    if len(saved) < 2 or not has_trained(experiment) or is_alive(experiment):
        return []
    last = saved[-1]
    if last.verdict is not Verdict.OK:
        return []
    removable = _removable(experiment) - {c.path for c in (last, *_best(experiment, wanted))}
    return [c for c in saved if c.path in removable and c.kind is not CheckpointKind.UNKNOWN]


def _saved(experiment: Experiment) -> list[Checkpoint]:
    return [c for c in experiment.checkpoints if c.files and c.verdict is not Verdict.MISSING]


def _best(experiment: Experiment, wanted: Mapping[str, Direction]) -> list[Checkpoint]:
    """Return the checkpoints that were best by validation loss, or by any score of an evaluation."""
    step = finite_metric(experiment, "best_val_step")
    found = [c for c in experiment.checkpoints if step is not None and c.step == step]
    for told in _scores(experiment, wanted).values():
        top = max(value for value, _ in told)
        found += [checkpoint for value, checkpoint in told if value == top]
    return found


def _scores(
    experiment: Experiment, wanted: Mapping[str, Direction]
) -> dict[tuple[str, str], list[tuple[float, Checkpoint]]]:
    """Return each score's values, larger ones better, with the checkpoints that have them."""
    scores: dict[tuple[str, str], list[tuple[float, Checkpoint]]] = {}
    for evaluation in experiment.evaluations:
        checkpoint = evaluated_checkpoint(experiment, evaluation)
        if checkpoint is None or evaluation.status is not EvaluationStatus.SUCCESS:
            continue
        for name, value in evaluation.metrics.items():
            direction = score_direction(evaluation.task, name, wanted)
            if direction is not Direction.UNKNOWN and math.isfinite(value):
                better = value if direction is Direction.UP else -value
                scores.setdefault((evaluation.task, name), []).append((better, checkpoint))
    return scores


def _removable(experiment: Experiment) -> set[str]:
    """Return the directories within the run's own that no other checkpoint lies in."""
    root = experiment.layout.path
    entries = experiment.layout.entries
    directories = {entry.path for entry in entries if entry.kind is EntryKind.DIRECTORY}
    directories -= {above for checkpoint in experiment.checkpoints for above in _above(checkpoint.path)}
    return {path for path in directories if not root or path.startswith(f"{root}/")}


def _freed(experiments: Sequence[Experiment], spare: frozenset[str]) -> int:
    """Return the bytes of files all of whose links lie in these directories; they hold no kept checkpoint."""
    kept: set[tuple[int, int]] = set()
    gone: dict[tuple[int, int], list[Entry]] = {}
    for entry in (stored.entry for experiment in experiments for stored in experiment.files):
        if spare.isdisjoint(_above(entry.path)):
            kept.add(entry.identity)
        elif entry.kind is EntryKind.FILE:
            gone.setdefault(entry.identity, []).append(entry)
    return sum(
        links[0].size_bytes for i, links in gone.items() if i not in kept and len(links) >= links[0].links
    )


def _above(path: str) -> Iterator[str]:
    """Yield the directories that a path lies in, the innermost first."""
    while path := path.rpartition("/")[0]:
        yield path
