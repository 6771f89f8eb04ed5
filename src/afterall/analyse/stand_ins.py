"""Tell which checkpoints are one state of their run, so that the score of one speaks for the other.

Invariant: weights of other names or sizes, or with other digests, are never called the same; what rests on
the step or the epoch alone says so. Where the last state cannot be used, only a good checkpoint of the very
step or epoch that the run ended at stands for it.
"""

import math
from collections.abc import Sequence

from afterall.analyse.comparisons import SAME_EPOCH
from afterall.analyse.evaluated_checkpoints import evaluated_checkpoint, place_of
from afterall.analyse.readings import has_trained
from afterall.model import (
    Checkpoint,
    CheckpointFile,
    Evaluation,
    EvaluationStatus,
    Experiment,
    FileRole,
    StandIn,
    Verdict,
)

_WEIGHTS = frozenset({FileRole.FULL_WEIGHTS, FileRole.ADAPTER})


def find_stand_ins(experiments: Sequence[Experiment]) -> tuple[StandIn, ...]:
    """Return the last checkpoints without a score that are the same state as one that has a score."""
    return tuple(
        found for e in experiments for c in e.checkpoints if c.is_final and (found := _stand_in(e, c))
    )


def are_same_state(experiment: Experiment, a: Checkpoint, b: Checkpoint) -> bool:
    """Tell whether two checkpoints of a run hold the same state, as far as is known.

    The last state that a run promised belongs to its last step, unless the run put its best one there
    (`load_best_model_at_end`, transformers TrainingArguments): then equal digests alone tell.
    """
    if a == b:
        return True
    return a.kind is b.kind and _alike(a, b) and (_are_compared(a, b) or _at_one_place(experiment, a, b))


def _stand_in(experiment: Experiment, final: Checkpoint) -> StandIn | None:
    scored = [c for e in experiment.evaluations if (c := _scored(experiment, e)) is not None]
    if final in scored:
        return None
    is_good = final.verdict is Verdict.OK
    speaks = are_same_state if is_good else _saved_the_end
    same = [c for c in scored if speaks(experiment, final, c)]
    if not same:
        return None
    return StandIn(
        experiment=experiment.name,
        checkpoint=final.name,
        evaluated=same[0].name,
        step=same[0].step,
        is_compared=is_good and _are_compared(final, same[0]),
    )


def _saved_the_end(experiment: Experiment, final: Checkpoint, other: Checkpoint) -> bool:
    """Tell whether a good checkpoint holds what a run ended with, though its last state's files are bad."""
    is_good = other.verdict is Verdict.OK and not other.is_final
    return is_good and _at_one_place(experiment, final, other)


def _scored(experiment: Experiment, evaluation: Evaluation) -> Checkpoint | None:
    has_score = evaluation.status is EvaluationStatus.SUCCESS and not evaluation.is_validation
    return evaluated_checkpoint(experiment, evaluation) if has_score else None


def _at_one_place(experiment: Experiment, a: Checkpoint, b: Checkpoint) -> bool:
    """Tell whether one is the last state and the other was saved at the run's last step, or epoch."""
    if a.is_final is b.is_final or not has_trained(experiment) or _keeps_best(experiment, a, b):
        return False
    (step_a, epoch_a), (step_b, epoch_b) = place_of(experiment, a), place_of(experiment, b)
    if step_a is not None and step_b is not None:
        return step_a == step_b
    return epoch_a is not None and epoch_b is not None and math.isclose(epoch_a, epoch_b, rel_tol=SAME_EPOCH)


def _keeps_best(experiment: Experiment, *checkpoints: Checkpoint) -> bool:
    """Tell whether the last state may be the best one instead."""
    loads = experiment.parameters.get("load_best_model_at_end")
    return (loads is not None and loads.value is True) or any("best" in c.name.lower() for c in checkpoints)


def _weights(checkpoint: Checkpoint) -> dict[str, CheckpointFile]:
    return {f.path.rpartition("/")[2]: f for f in checkpoint.files if f.role in _WEIGHTS}


def _alike(a: Checkpoint, b: Checkpoint) -> bool:
    """Tell whether both have weights, in files of the same names and sizes, none with another digest."""
    first, second = _weights(a), _weights(b)
    return (
        first.keys() == second.keys()
        and bool(first)
        and all(_may_be_same(first[name], second[name]) for name in first)
    )


def _may_be_same(a: CheckpointFile, b: CheckpointFile) -> bool:
    return a.size_bytes == b.size_bytes and (not (a.digest and b.digest) or a.digest == b.digest)


def _are_compared(a: Checkpoint, b: Checkpoint) -> bool:
    """Tell whether the weights of both were read whole, for checkpoints that are alike."""
    return all(file.digest for each in (a, b) for file in _weights(each).values())
