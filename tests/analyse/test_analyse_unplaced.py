"""Jobs of a set that nothing ties to an experiment are told, waited for, and never taken for done."""

from typing import Any

from msgspec.structs import replace

from afterall.analyse import analyse
from afterall.model import (
    Attempt,
    Experiment,
    Finding,
    FindingCode,
    JobId,
    LogFile,
    NextStepKind,
    Report,
    SetStatus,
    Severity,
    SlurmState,
    State,
)
from analyse.analyse_made import attempt, experiment, material, trained

FAILED = attempt("125", SlurmState.FAILED, display_id="123_3", name="sweep")
WAITING = [
    attempt("123", SlurmState.PENDING, display_id=f"123_{n}", name="sweep", start=None, elapsed_s=None)
    for n in range(4, 16)
]
LOG = LogFile("logs/sweep-123_3.out", JobId("123"), "3")


def report(*experiments: Experiment, unplaced: tuple[Attempt, ...], **fields: Any) -> Report:
    """Return the report of a set with jobs that belong to none of its experiments."""
    made = material(*experiments)
    return analyse(replace(made, matched=replace(made.matched, unplaced=unplaced, **fields)))


def findings(told: Report) -> list[Finding]:
    """Return what is told of such jobs."""
    return [f for f in told.findings if f.code is FindingCode.JOB_WITHOUT_EXPERIMENT]


def test_a_failed_job_of_no_experiment_is_told_with_its_log() -> None:
    """An array's task that failed before it made a directory is not lost from the report."""
    (finding,) = findings(report(trained("a", 1.0), unplaced=(FAILED,), loose_logs=(LOG,)))
    assert (finding.subject, finding.gravity) == ("123_3", Severity.WARNING)
    assert finding.evidence == {
        "jobs": 1, "job_ids": "123_3", "name": "sweep", "state": "FAILED", "log": LOG.path, "logs": 1,
    }  # fmt: skip
    assert [source.file for source in finding.sources] == [LOG.path]


def test_jobs_of_one_name_and_state_are_told_together() -> None:
    """Twelve waiting tasks are one finding that names the first eight."""
    failed, waiting = findings(report(trained("a", 1.0), unplaced=(FAILED, *reversed(WAITING))))
    ids = ", ".join(f"123_{n}" for n in range(4, 12))
    assert (waiting.evidence["jobs"], waiting.evidence["job_ids"]) == (12, f"{ids}, 4 more")
    assert (waiting.evidence["are_alive"], failed.subject) == (True, "123_3")


def test_a_completed_job_of_no_experiment_is_a_note_where_every_run_has_its_own() -> None:
    """An interactive job is no problem; where a run has no job, it may be that run's."""
    done = attempt("80", name="interactive")
    (note,) = findings(report(trained("a", 1.0), unplaced=(done,)))
    jobless = replace(trained("b", 1.0), state=State.UNKNOWN, attempts=())
    (warning,) = findings(report(trained("a", 1.0), jobless, unplaced=(done,)))
    assert (note.gravity, warning.gravity) == (Severity.INFO, Severity.WARNING)


def test_a_run_without_a_job_is_not_said_to_lack_a_record_where_jobs_are_untied() -> None:
    """Accounting knows the jobs; nobody knows whose they are."""
    jobless = experiment("b", state=State.UNKNOWN, attempts=(), logs=())
    jobless = replace(jobless, metrics=trained("b", 1.0).metrics)
    codes = {f.code for f in report(jobless, unplaced=(attempt("80"),)).findings}
    assert FindingCode.NO_ACCOUNTING_RECORD not in codes
    assert FindingCode.NO_ACCOUNTING_RECORD in {f.code for f in report(jobless, unplaced=()).findings}


def test_a_set_with_a_living_job_of_no_experiment_is_incomplete() -> None:
    """All experiments trained, and an array's waiting tasks have no directory yet."""
    alive = report(trained("a", 1.0), trained("b", 2.0), unplaced=tuple(WAITING[:2]))
    over = report(trained("a", 1.0), trained("b", 2.0), unplaced=(FAILED,))
    assert (alive.set.status, over.set.status) == (SetStatus.INCOMPLETE, SetStatus.COMPLETE)


def test_living_jobs_of_no_experiment_are_waited_for_and_nothing_new_is_suggested() -> None:
    """They may be the very runs that would be proposed."""
    a, b = trained("a", 1.0, lora_rank=4), trained("b", 2.0, lora_rank=64)
    (wait,) = report(a, b, unplaced=tuple(WAITING[:2])).next_steps
    assert (wait.kind, wait.command, wait.details) == (
        NextStepKind.WAIT, "squeue -j 123_4,123_5", {"jobs": 2},
    )  # fmt: skip
    kinds = {step.kind for step in report(a, b, unplaced=(FAILED,)).next_steps}
    assert kinds == {NextStepKind.MORE_SEEDS, NextStepKind.INTERMEDIATE_VALUES}
