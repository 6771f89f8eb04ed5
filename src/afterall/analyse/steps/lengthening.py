"""Suggest what curves and scores ask for: longer training, or an earlier checkpoint.

Invariant: a suggestion that rests on a curve has its finding; longer training is not suggested of a run whose
validation loss rose again or that a shorter schedule ended.
"""

from collections.abc import Iterable, Sequence

from afterall.analyse.health.reading import points_of
from afterall.analyse.readings import finite_metric
from afterall.model import (
    BetterCheckpoint,
    Experiment,
    Finding,
    FindingCode,
    NextStep,
    NextStepKind,
    Scalar,
)

_AGAINST = frozenset({FindingCode.OVERFITTING, FindingCode.LOSS_ROSE, FindingCode.LEARNING_RATE_ENDED})


def lengthening_steps(experiments: Iterable[Experiment], findings: Sequence[Finding]) -> list[NextStep]:
    """Return the suggestions, in the order of the experiments."""
    told: dict[str | None, dict[FindingCode, Finding]] = {}
    for finding in findings:
        told.setdefault(finding.experiment, {})[finding.code] = finding
    steps = []
    for experiment in experiments:
        own = told.get(experiment.name, {})
        if FindingCode.STILL_FALLING in own and not _AGAINST & set(own) and _validation_falls(experiment):
            steps.append(_longer(experiment))
        earlier = own.get(FindingCode.OVERFITTING)
        if earlier is not None and earlier.evidence.get("checkpoint"):
            steps.append(_earlier(experiment, earlier))
    return steps


def better_steps(better: Iterable[BetterCheckpoint]) -> list[NextStep]:
    """Return the suggestion to use a checkpoint that scores clearly better than the last one."""
    return [
        NextStep(
            kind=NextStepKind.EARLIER_CHECKPOINT,
            experiments=(each.experiment,),
            details={
                "checkpoint": each.path or each.checkpoint,
                "metric": each.metric,
                "measured": f"{each.value!r}, {each.last_value!r}",
            },
        )
        for each in better
    ]


def _validation_falls(experiment: Experiment) -> bool:
    """Tell whether the last validation is the lowest one; True where there is none."""
    points = points_of(experiment, "val_loss")
    return not points or points[-1].value <= min(point.value for point in points)


def _longer(experiment: Experiment) -> NextStep:
    epochs = finite_metric(experiment, "planned_epochs")
    details: dict[str, Scalar] = {}
    if epochs is not None:
        details["epochs"] = epochs if epochs % 1 else int(epochs)
    return NextStep(
        kind=NextStepKind.LONGER_TRAINING,
        experiments=(experiment.name,),
        details=details,
        because=FindingCode.STILL_FALLING,
    )


def _earlier(experiment: Experiment, finding: Finding) -> NextStep:
    kept = ("checkpoint", "lowest", "last")
    return NextStep(
        kind=NextStepKind.EARLIER_CHECKPOINT,
        experiments=(experiment.name,),
        details={key: finding.evidence[key] for key in kept},
        because=FindingCode.OVERFITTING,
    )
