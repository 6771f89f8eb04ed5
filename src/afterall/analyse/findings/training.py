"""Tell what is missing or unsound in what training logged and evaluations scored.

Invariant: nothing that scanning already said is said again; a number that is not finite is never passed over.
"""

import math

from afterall.analyse.costs import job_name
from afterall.analyse.evaluated_checkpoints import evaluated_checkpoint
from afterall.analyse.findings.evidence import NO_LAUNCH, finding, known, progress
from afterall.analyse.readings import BADLY_ENDED, finite_metric, has_trained, is_alive, metric
from afterall.model import (
    Attempt,
    Evaluation,
    EvaluationStatus,
    Experiment,
    Finding,
    FindingCode,
    Points,
    Scalar,
    Severity,
    SlurmState,
    State,
)

_FAILED_EVALUATIONS = {
    EvaluationStatus.ERROR: FindingCode.EVALUATION_FAILED,
    EvaluationStatus.CANCELLED: FindingCode.EVALUATION_FAILED,
    EvaluationStatus.STARTED: FindingCode.EVALUATION_UNFINISHED,
    EvaluationStatus.UNREADABLE: FindingCode.EVALUATION_UNREADABLE,
}
LONGEST_QUOTE = 400


def judge_training(experiment: Experiment) -> list[Finding]:
    """Return the findings on an experiment's log, numbers and evaluations."""
    found = [*_not_finite(experiment), *_failed_evaluations(experiment)]
    if not is_alive(experiment):
        found += [*_missing(experiment), *_short(experiment)]
    told = {(f.code, f.subject) for f in experiment.findings}
    codes = {f.code for f in experiment.findings}
    by_subject = frozenset(_FAILED_EVALUATIONS.values())
    return [
        f for f in found if ((f.code, f.subject) not in told if f.code in by_subject else f.code not in codes)
    ]


def _missing(experiment: Experiment) -> list[Finding]:
    latest = experiment.latest
    if latest is not None and _may_have_logged(latest) and not experiment.logs:
        return [finding(FindingCode.LOG_MISSING, experiment, known({"job_id": job_name(latest)}))]
    # What learns from rewards may log no loss at all.
    has_loss = any(name in experiment.metrics for name in ("final_loss", "final_reward", "final_policy_loss"))
    has_loss = has_loss or bool(experiment.series.get("loss"))
    if experiment.logs and not has_loss and (has_trained(experiment) or experiment.state is State.UNKNOWN):
        evidence: dict[str, Scalar] = {"trainer": experiment.trainer, "logs": len(experiment.logs)}
        return [finding(FindingCode.NO_LOSS_FOUND, experiment, known(evidence))]
    return []


def _may_have_logged(attempt: Attempt) -> bool:
    """Tell whether a job came as far as to open its output file, here and not on another cluster."""
    if attempt.slurm_state in (SlurmState.BOOT_FAIL, SlurmState.REVOKED) or attempt.signal == NO_LAUNCH:
        return False
    return bool(attempt.start or attempt.elapsed_s)


def _short(experiment: Experiment) -> list[Finding]:
    """Return findings on training of no step, or fewer than planned, where no job's ending tells it."""
    reached = finite_metric(experiment, "global_step")
    planned = finite_metric(experiment, "planned_steps")
    if reached is None or experiment.state in BADLY_ENDED or experiment.state is State.NOT_SUBMITTED:
        return []
    if reached == 0:
        return [finding(FindingCode.ZERO_STEPS, experiment, known(progress(experiment)))]
    told = experiment.state is State.COMPLETED and experiment.completion.value is False
    if planned is None or reached >= planned or experiment.completion.value or told:
        return []
    epochs = {
        "reached_epochs": finite_metric(experiment, "epochs"),
        "planned_epochs": finite_metric(experiment, "planned_epochs"),
    }
    return [finding(FindingCode.STOPPED_EARLY, experiment, known({**progress(experiment), **epochs}))]


def _not_finite(experiment: Experiment) -> list[Finding]:
    found = []
    for name in ("loss", "val_loss"):
        series = experiment.series.get(name)
        points = series.points if series is not None else Points.of(())
        bad = [] if points.are_finite else [p.step for p in points if not math.isfinite(p.value)]
        final = metric(experiment, f"final_{name}")
        at_end = (points[-1].step in bad[-1:]) if points else False
        at_end = at_end or (final is not None and not math.isfinite(final))
        if not bad and not at_end:
            continue
        evidence: dict[str, Scalar] = {"metric": name, "at_end": at_end}
        if points:
            evidence |= {"not_finite": len(bad), "points": len(points)}
        if bad:
            evidence["first_step"] = bad[0]
        source = series.source if series is not None else experiment.metrics[f"final_{name}"].source
        found.append(
            Finding(
                code=FindingCode.LOSS_NOT_FINITE,
                experiment=experiment.name,
                subject=name,
                evidence=evidence,
                sources=(source,),
                severity=None if at_end else Severity.WARNING,
            )
        )
    return found


def _failed_evaluations(experiment: Experiment) -> list[Finding]:
    return [
        _failed_evaluation(experiment, evaluation)
        for evaluation in experiment.evaluations
        if evaluation.status in _FAILED_EVALUATIONS
    ]


def is_superseded(experiment: Experiment, failed: Evaluation) -> bool:
    """Tell whether the same task succeeded on the same checkpoint in another log."""
    return any(
        other.status is EvaluationStatus.SUCCESS
        and other.task == failed.task
        and (other.checkpoint, evaluated_checkpoint(experiment, other))
        == (failed.checkpoint, evaluated_checkpoint(experiment, failed))
        for other in experiment.evaluations
    )


def _failed_evaluation(experiment: Experiment, evaluation: Evaluation) -> Finding:
    superseded = is_superseded(experiment, evaluation)
    evidence: dict[str, Scalar] = {
        "task": evaluation.task,
        "checkpoint": evaluation.checkpoint,
        "status": evaluation.status.value,
        "superseded": superseded,
    }
    lines = evaluation.error.strip().splitlines()
    return Finding(
        code=_FAILED_EVALUATIONS[evaluation.status],
        experiment=experiment.name,
        subject=evaluation.source.file,
        evidence=known(evidence),
        quote=lines[0][:LONGEST_QUOTE] if lines else "",
        sources=(evaluation.source,),
        severity=Severity.INFO if superseded else None,
    )
