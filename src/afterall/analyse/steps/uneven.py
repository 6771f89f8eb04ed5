"""Suggest the evaluations that most runs of the set have and some lack, so that they can be compared.

Invariant: an evaluation is only asked for of a checkpoint that was verified and found good, and where at
least two other runs, and more than half of those that could, have a score of the same task and checkpoint.
"""

from collections.abc import Iterable, Sequence

from afterall.analyse.evaluated_checkpoints import evaluated_checkpoint
from afterall.analyse.readings import has_diverged, is_alive
from afterall.analyse.steps.evaluating import by_hand, is_evaluated
from afterall.analyse.steps.shell import lines
from afterall.model import (
    Checkpoint,
    EvaluationStatus,
    Experiment,
    NextStep,
    NextStepKind,
    SetLayout,
    Verdict,
)

FEWEST = 2


def uneven_steps(layout: SetLayout, experiments: Sequence[Experiment]) -> list[NextStep]:
    """Return a step for each checkpoint that others of the set have a score of and an experiment has not."""
    return [
        step
        for task, name in sorted({pair for experiment in experiments for pair in _scored(experiment)})
        for step in _missing(layout, experiments, (task, name))
    ]


def _missing(
    layout: SetLayout, experiments: Sequence[Experiment], pair: tuple[str, str]
) -> Iterable[NextStep]:
    task, name = pair
    having = [experiment for experiment in experiments if pair in _scored(experiment)]
    over = [experiment for experiment in experiments if not is_alive(experiment)]
    lacking = [(e, c) for e in over if (c := _good(e, name)) is not None and not is_evaluated(e, c)]
    if len(having) < FEWEST or len(having) <= len(lacking):
        return
    for experiment, checkpoint in lacking:
        how, commands = by_hand(layout, experiment, checkpoint)
        if commands:
            yield NextStep(
                kind=NextStepKind.EVALUATE,
                experiments=(experiment.name,),
                command=lines(commands),
                details={"checkpoint": name, "how": how, "task": task},
            )


def _scored(experiment: Experiment) -> set[tuple[str, str]]:
    """Return the tasks and checkpoints, by name, of which the experiment has a score."""
    found = set()
    for evaluation in experiment.evaluations:
        checkpoint = evaluated_checkpoint(experiment, evaluation)
        has_score = evaluation.status is EvaluationStatus.SUCCESS and not evaluation.is_validation
        if has_score and checkpoint is not None:
            found.add((evaluation.task, checkpoint.name))
    return found


def _good(experiment: Experiment, name: str) -> Checkpoint | None:
    is_lost = has_diverged(experiment)
    good = (c for c in experiment.checkpoints if c.name == name and c.verdict is Verdict.OK)
    return next((c for c in good if not (c.is_final and is_lost)), None)
