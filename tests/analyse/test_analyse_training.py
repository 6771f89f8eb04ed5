"""What is missing or unsound in logs, numbers and evaluations."""

import math

import pytest
from msgspec.structs import replace

from afterall.model import (
    Completion,
    EvaluationStatus,
    Finding,
    FindingCode,
    Severity,
    State,
    Verdict,
)
from analyse.analyse_asking import codes, only, told
from analyse.analyse_made import (
    attempt,
    checkpoint,
    curve,
    evaluation,
    experiment,
    failed,
    unsubmitted,
)


def test_a_job_that_ran_without_a_log_is_told() -> None:
    """A started job leaves a log, or it is missing."""
    assert only(FindingCode.LOG_MISSING, experiment(logs=())).evidence == {"job_id": "7"}
    timed = attempt(start=None, elapsed_s=9)
    assert FindingCode.LOG_MISSING in codes(experiment(logs=(), attempts=(timed,)))
    waited = attempt(start=None, elapsed_s=None)
    assert FindingCode.LOG_MISSING not in codes(experiment(logs=(), attempts=(waited,)))
    assert FindingCode.LOG_MISSING not in codes(unsubmitted("a"))


def test_a_trained_run_without_a_loss_is_told() -> None:
    """A log that gives no loss is told where training is said to be done, not beside a failure."""
    run = experiment(trainer="hf")
    assert only(FindingCode.NO_LOSS_FOUND, run).evidence == {"trainer": "hf", "logs": 1}
    assert FindingCode.NO_LOSS_FOUND not in codes(failed("a"))
    assert FindingCode.NO_LOSS_FOUND not in codes(experiment(series={"loss": curve("loss", [1.0])}))


def test_a_run_that_learned_from_rewards_needs_no_loss() -> None:
    """What is watched there is the reward; verl logs no loss at all."""
    run = experiment(trainer="verl", metrics={"final_reward": 0.5})
    assert FindingCode.NO_LOSS_FOUND not in codes(run)


def test_a_loss_that_ended_in_nan_is_an_error() -> None:
    """The first step of the divergence and its extent are told."""
    run = experiment(
        metrics={"final_loss": math.nan}, series={"loss": curve("loss", [1, math.nan, math.inf])}
    )
    finding = only(FindingCode.LOSS_NOT_FINITE, run)
    assert finding.gravity is Severity.ERROR
    assert finding.evidence == {
        "metric": "loss",
        "at_end": True,
        "not_finite": 2,
        "points": 3,
        "first_step": 2,
    }


def test_a_loss_that_recovered_is_a_warning() -> None:
    """A single NaN in the middle does not make the result worthless."""
    run = experiment(metrics={"final_loss": 1.0}, series={"val_loss": curve("val_loss", [1, math.nan, 1])})
    finding = only(FindingCode.LOSS_NOT_FINITE, run)
    assert (finding.gravity, finding.subject, finding.evidence["at_end"]) == (
        Severity.WARNING,
        "val_loss",
        False,
    )


def test_a_diverged_loss_without_a_curve_is_told() -> None:
    """A summary's NaN is enough."""
    assert only(FindingCode.LOSS_NOT_FINITE, experiment(metrics={"final_loss": math.inf})).evidence["at_end"]


def test_no_step_is_no_training() -> None:
    """A run of 0 steps is told although job and training call themselves done."""
    run = experiment(metrics={"global_step": 0, "final_loss": 1.0})
    assert only(FindingCode.ZERO_STEPS, run).evidence == {"reached_step": 0}


def test_fewer_steps_than_planned_are_told_where_nothing_else_tells_it() -> None:
    """A run of unknown end stopped early at step 20 of 75; a killed job's own finding says so."""
    metrics = {"global_step": 20, "planned_steps": 75, "epochs": 0.8, "final_loss": 1.0}
    unknown = experiment(state=State.UNKNOWN, completion=Completion(None), metrics=metrics)
    assert only(FindingCode.STOPPED_EARLY, unknown).evidence == {
        "reached_step": 20,
        "planned_steps": 75,
        "reached_epochs": 0.8,
    }
    for run in (
        failed("a", metrics=metrics),
        experiment(metrics=metrics),
        experiment(completion=Completion(False), metrics=metrics),
    ):
        assert FindingCode.STOPPED_EARLY not in codes(run)


def test_failed_evaluations_are_told_with_their_first_line() -> None:
    """An evaluation that errored is told although its job exited 0; later success makes it history."""
    error = evaluation("a/1.eval", status=EvaluationStatus.ERROR, error="\nConnectionError(x)\nmore")
    finding = only(FindingCode.EVALUATION_FAILED, experiment(evaluations=(error,)))
    assert (finding.subject, finding.quote, finding.gravity) == (
        "a/1.eval",
        "ConnectionError(x)",
        Severity.ERROR,
    )
    assert finding.evidence == {
        "task": "capitalization",
        "checkpoint": "epoch_2",
        "status": "error",
        "superseded": False,
    }
    again = experiment(evaluations=(error, evaluation("a/2.eval")))
    assert only(FindingCode.EVALUATION_FAILED, again).gravity is Severity.INFO
    other = experiment(evaluations=(error, evaluation("a/2.eval", "epoch_1")))
    assert only(FindingCode.EVALUATION_FAILED, other).gravity is Severity.ERROR


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (EvaluationStatus.CANCELLED, FindingCode.EVALUATION_FAILED),
        (EvaluationStatus.STARTED, FindingCode.EVALUATION_UNFINISHED),
        (EvaluationStatus.UNREADABLE, FindingCode.EVALUATION_UNREADABLE),
    ],
)
def test_every_other_end_of_an_evaluation_is_told(status: EvaluationStatus, code: FindingCode) -> None:
    """Cancelled, unfinished and unreadable evaluations have findings of their own."""
    assert code in codes(experiment(evaluations=(evaluation("a/1.eval", status=status),)))


def test_what_scanning_said_is_not_said_again() -> None:
    """A code that scanning already gave an experiment stands as scanning gave it."""
    own = Finding(code=FindingCode.ZERO_STEPS, experiment="run", evidence={"planned_steps": 3})
    log = Finding(code=FindingCode.EVALUATION_FAILED, experiment="run", subject="run/1.eval")
    failed_twice = (
        evaluation("run/1.eval", status=EvaluationStatus.ERROR),
        evaluation("run/2.eval", status=EvaluationStatus.ERROR),
    )
    run = experiment(
        metrics={"global_step": 0, "final_loss": 1.0}, findings=(own, log), evaluations=failed_twice
    )
    found = told(run)
    assert [f for f in found if f.code is FindingCode.ZERO_STEPS] == [own]
    assert [f.subject for f in found if f.code is FindingCode.EVALUATION_FAILED] == [
        "run/1.eval",
        "run/2.eval",
    ]


def test_checkpoints_own_findings_are_told_once_under_their_experiment() -> None:
    """A finding that verification put on a checkpoint and on the experiment is one."""
    empty = Finding(code=FindingCode.FILE_EMPTY, subject="run/epoch_0/x")
    run = experiment(
        metrics={"final_loss": 1.0},
        checkpoints=(checkpoint("run/epoch_0", verdict=Verdict.CORRUPT, findings=(empty,)),),
        findings=(replace(empty, experiment="run"),),
    )
    assert [(f.code, f.experiment) for f in told(run)] == [(FindingCode.FILE_EMPTY, "run")]
