"""Read off an experiment what many comparisons ask: did it run, did it train, what number did it reach.

Invariant: a missing or unusable value is None, and is never taken for zero or for success.
"""

import math

from afterall.analyse.ordering import to_float
from afterall.model import Attempt, Experiment, Fact, FindingCode, SlurmSource, State, Verdict

BADLY_ENDED = frozenset(
    {State.FAILED, State.TIMEOUT, State.CANCELLED, State.OUT_OF_MEMORY, State.NODE_FAIL, State.PREEMPTED}
)

ENOUGH_POINTS = 40
"""Logged losses of which the last ten are the end."""


def number_of(fact: Fact | None) -> float | None:
    """Return a fact's number, NaN and infinity included; None where it has none."""
    value = None if fact is None else fact.value
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return to_float(value)


def metric(experiment: Experiment, name: str) -> float | None:
    """Return a metric as a number, NaN and infinity included."""
    return number_of(experiment.metrics.get(name))


def finite_metric(experiment: Experiment, name: str) -> float | None:
    """Return a metric as a finite number, else None."""
    value = metric(experiment, name)
    return value if value is not None and math.isfinite(value) else None


def mean_last_loss(experiment: Experiment) -> float | None:
    """Return the mean of the last logged training losses, NaN included, where it speaks of the run's end.

    Scanning takes ten; of a run that logged few, they are most of it, and their mean lies far above its end.
    """
    series = experiment.series.get("loss")
    if series is not None and len(series.points) < ENOUGH_POINTS:
        return None
    return metric(experiment, "mean_last_loss")


def hides_divergence(experiment: Experiment) -> bool:
    """Tell whether the logged training loss looks sound while the gradients were NaN to the end.

    HF Trainer logs 0.0, or an earlier mean, in place of a loss that is not finite.
    """
    return any(
        f.code is FindingCode.LOSS_NOT_FINITE
        and f.subject == "grad_norm"
        and f.evidence.get("at_end") is True
        for f in experiment.findings
    )


def has_diverged(experiment: Experiment) -> bool:
    """Tell whether the training loss, or the gradients behind it, ended as no number: then so did weights."""
    loss = metric(experiment, "final_loss")
    return hides_divergence(experiment) or (loss is not None and not math.isfinite(loss))


def is_alive(experiment: Experiment) -> bool:
    """Tell whether a job may still change this experiment's files."""
    living = (attempt.is_alive and not attempt.is_forgotten for attempt in experiment.attempts)
    return experiment.state.is_alive or any(living)


def has_trained(experiment: Experiment) -> bool:
    """Tell whether training reached its own end.

    The files decide; where they do not tell, Slurm's COMPLETED is taken for it.
    """
    if experiment.completion.value is None:
        return experiment.state is State.COMPLETED
    return experiment.completion.value


def has_failed(experiment: Experiment) -> bool:
    """Tell whether the experiment is over and its training did not reach its end.

    An experiment whose state nobody knows has failed only where its own files show an early end.
    """
    if is_alive(experiment) or has_trained(experiment) or experiment.state is State.NOT_SUBMITTED:
        return False
    return experiment.state in BADLY_ENDED or experiment.completion.value is False


def has_never_started(experiment: Experiment) -> bool:
    """Tell whether Slurm knows the job that counts and that it never ran; of a log's job nobody says so."""
    latest = experiment.latest
    return latest is not None and latest.source is not SlurmSource.LOG and not has_started(latest)


def has_started(attempt: Attempt) -> bool:
    """Tell whether Slurm says that a job came to run."""
    return attempt.start is not None or bool(attempt.elapsed_s)


def left_traces(experiment: Experiment) -> bool:
    """Tell whether training left anything: a log, a number, a checkpoint that is there."""
    saved = any(checkpoint.verdict is not Verdict.MISSING for checkpoint in experiment.checkpoints)
    return bool(experiment.logs or experiment.metrics or experiment.series or saved)


def has_run(experiment: Experiment) -> bool:
    """Tell whether a job of it ever started, by Slurm's word or by what it left behind."""
    return left_traces(experiment) or any(attempt.start is not None for attempt in experiment.attempts)
