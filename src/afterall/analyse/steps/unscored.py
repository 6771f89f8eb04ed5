"""Suggest to evaluate at all, where a set has neither a score nor a script that would give one.

Invariant: it is only said where runs that came to their end could be evaluated and nothing in the set asks
for anything first; no command is made up.
"""

from collections.abc import Sequence

from afterall.analyse.groundwork import Groundwork
from afterall.analyse.readings import has_diverged, has_trained
from afterall.analyse.steps.evaluating import final_checkpoint
from afterall.analyse.steps.further import may_go_on
from afterall.model import NextStep, NextStepKind

_LATER = frozenset(
    {
        NextStepKind.MORE_SEEDS,
        NextStepKind.INTERMEDIATE_VALUES,
        NextStepKind.BEYOND_RANGE,
        NextStepKind.LONGER_TRAINING,
    }
)
"""More training, which is better chosen once the models that are there have a score."""


def unscored_steps(ground: Groundwork, steps: Sequence[NextStep]) -> list[NextStep]:
    """Return the suggestion, beside `steps`, to evaluate the two or more good models of a set without any."""
    is_scored = any(run.evaluations or run.layout.eval_scripts for run in ground.experiments)
    if is_scored or may_go_on(ground) or any(step.kind not in _LATER for step in steps):
        return []
    good = [run for run in ground.experiments if has_trained(run) and not has_diverged(run)]
    names = tuple(run.name for run in good if final_checkpoint(run) is not None)
    return [NextStep(kind=NextStepKind.EVALUATE, experiments=names)] if len(names) > 1 else []
