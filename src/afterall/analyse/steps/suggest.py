"""Put all suggestions together: what failed first, what lies ready next, then what to try besides.

Invariant: alike suggestions are one, in the order of their experiments.
"""

from collections.abc import Iterable, Mapping, Sequence

from afterall.analyse.groundwork import Groundwork
from afterall.analyse.stand_ins import are_same_state
from afterall.analyse.steps.evaluating import evaluation_steps
from afterall.analyse.steps.further import further_steps
from afterall.analyse.steps.lengthening import better_steps, lengthening_steps
from afterall.analyse.steps.modes import mode_steps
from afterall.analyse.steps.shell import lines
from afterall.analyse.steps.submissions import submission_steps, wait_for_others
from afterall.analyse.steps.uneven import uneven_steps
from afterall.analyse.steps.unscored import unscored_steps
from afterall.model import BetterCheckpoint, Experiment, Finding, NextStep, NextStepKind, SetLayout

_ORDER = (
    NextStepKind.WAIT,
    NextStepKind.RESUBMIT,
    NextStepKind.SUBMIT,
    NextStepKind.FIX_MODE,
    NextStepKind.RERUN_EVALUATION,
    NextStepKind.EVALUATE,
    NextStepKind.EARLIER_CHECKPOINT,
    NextStepKind.COMPARE_EVALUATIONS,
    NextStepKind.MORE_SEEDS,
    NextStepKind.INTERMEDIATE_VALUES,
    NextStepKind.BEYOND_RANGE,
    NextStepKind.LONGER_TRAINING,
)


def suggest(
    ground: Groundwork, findings: Sequence[Finding], better: Sequence[BetterCheckpoint] = ()
) -> tuple[NextStep, ...]:
    """Return the next steps in the order in which a person would take them.

    `better` are the checkpoints that scores prefer to their run's last one.
    """
    layout = ground.material.layout
    steps = [
        *submission_steps(layout, ground.experiments, findings),
        *wait_for_others(ground.material.matched.unplaced),
        *mode_steps(layout, findings),
        *_evaluations(layout, ground.experiments),
        *further_steps(ground),
        *better_steps(better),
        *lengthening_steps(ground.experiments, findings),
    ]
    steps += unscored_steps(ground, steps)
    return tuple(sorted(_merged(steps), key=lambda step: _ORDER.index(step.kind)))


def _evaluations(layout: SetLayout, experiments: Sequence[Experiment]) -> list[NextStep]:
    """Return the evaluations to run, those of final checkpoints first, none of a checkpoint twice.

    Of one state under two names, the one that other runs have a score of is asked for, unless a script of
    the set's own lies ready for the last.
    """
    by_name = {experiment.name: experiment for experiment in experiments}
    steps, uneven = evaluation_steps(layout, experiments), uneven_steps(layout, experiments)
    ready = [step for step in steps if step.details.get("how") == "slurm"]
    asked = {(step.experiments, step.details.get("checkpoint")) for step in steps}
    uneven = [
        s
        for s in uneven
        if (s.experiments, s.details["checkpoint"]) not in asked and not _repeats(s, ready, by_name)
    ]
    return [*(s for s in steps if s in ready or not _repeats(s, uneven, by_name)), *uneven]


def _repeats(step: NextStep, others: Iterable[NextStep], by_name: Mapping[str, Experiment]) -> bool:
    """Tell whether another step asks for an evaluation of the same state of the same run."""
    if step.kind is not NextStepKind.EVALUATE:
        return False
    run = by_name[step.experiments[0]]
    named = {checkpoint.name: checkpoint for checkpoint in run.checkpoints}
    own = named[str(step.details["checkpoint"])]
    return any(
        are_same_state(run, own, named[str(other.details["checkpoint"])])
        for other in others
        if other.experiments == step.experiments
    )


def _merged(steps: Iterable[NextStep]) -> list[NextStep]:
    groups: dict[tuple[object, ...], list[NextStep]] = {}
    for step in steps:
        groups.setdefault((step.kind, step.because, repr(sorted(step.details.items()))), []).append(step)
    return [
        NextStep(
            kind=group[0].kind,
            experiments=tuple(dict.fromkeys(name for step in group for name in step.experiments)),
            command=lines(line for step in group for line in step.command.split("\n")),
            details=group[0].details,
            because=group[0].because,
        )
        for group in groups.values()
    ]
