"""Tell which checkpoint of a run an evaluation is of, and where in training that stands.

Invariant: a checkpoint is only named where the evaluation's log does, by its name or path.
"""

from afterall.analyse.measures import whole
from afterall.analyse.ordering import natural_key
from afterall.analyse.readings import finite_metric
from afterall.model import Checkpoint, Evaluation, Experiment


def evaluated_checkpoint(experiment: Experiment, evaluation: Evaluation) -> Checkpoint | None:
    """Return the checkpoint that was evaluated, None where the log names none of this run's."""
    return next((c for c in experiment.checkpoints if evaluation.checkpoint in (c.name, c.path)), None)


def age(checkpoint: Checkpoint) -> tuple[int, int, object]:
    """Return a sort key by which a run's later states stand behind earlier ones: epochs first, then steps."""
    return (
        -1 if checkpoint.epoch is None else checkpoint.epoch,
        -1 if checkpoint.step is None else checkpoint.step,
        natural_key(checkpoint.path),
    )


def place_of(experiment: Experiment, checkpoint: Checkpoint | None) -> tuple[int | None, float | None]:
    """Return the step, and how many epochs were done, of a checkpoint; of the last state, the run's own."""
    if checkpoint is None or checkpoint.is_final:
        return whole(finite_metric(experiment, "global_step")), finite_metric(experiment, "epochs")
    return checkpoint.step, None if checkpoint.epoch is None else float(checkpoint.epoch + 1)
