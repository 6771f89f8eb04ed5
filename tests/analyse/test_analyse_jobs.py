"""What Slurm knows, still runs, or never heard of."""

from typing import Any

import pytest
from msgspec.structs import replace

from afterall.analyse import analyse
from afterall.model import (
    Completion,
    Experiment,
    FindingCode,
    LogFile,
    MatchedExperiment,
    MatchedSet,
    NextStepKind,
    Observation,
    SlurmSource,
    SlurmState,
    SourceReport,
    State,
)
from analyse.analyse_asking import codes, only, told
from analyse.analyse_made import (
    MORNING,
    attempt,
    experiment,
    failed,
    log_line,
    material,
    source,
    trained,
    unsubmitted,
)

ANSWERED = (SourceReport(SlurmSource.SACCT, answered=True),)
OF_IDS = (FindingCode.NO_ACCOUNTING_RECORD, FindingCode.JOB_ID_RECYCLED)


def alive(state: State, slurm: SlurmState, **fields: Any) -> Experiment:
    """Return an experiment whose job lives."""
    job = attempt(state=slurm, source=SlurmSource.SQUEUE, end=None, **fields)
    return experiment(state=state, completion=Completion(None), attempts=(job,), logs=())


@pytest.mark.parametrize(
    ("slurm", "reason", "code"),
    [
        (SlurmState.PENDING, "Priority", FindingCode.JOB_PENDING),
        (SlurmState.PENDING, "JobHeldUser", FindingCode.JOB_HELD),
        (SlurmState.PENDING, "JobHeldAdmin", FindingCode.JOB_HELD),
        (SlurmState.REQUEUE_HOLD, "", FindingCode.JOB_HELD),
        (SlurmState.SPECIAL_EXIT, "", FindingCode.JOB_HELD),
        (SlurmState.PENDING, "DependencyNeverSatisfied", FindingCode.DEPENDENCY_NEVER_SATISFIED),
        (SlurmState.PENDING, "Dependency", FindingCode.JOB_PENDING),
    ],
)
def test_a_waiting_job_says_what_it_waits_for(slurm: SlurmState, reason: str, code: FindingCode) -> None:
    """Held jobs and dependencies that cannot come true are told apart from plain waiting."""
    run = alive(State.PENDING, slurm, reason=reason, start=None, elapsed_s=None)
    assert codes(run) == {code}
    if reason:
        assert only(code, run).evidence["reason"] == reason


def test_a_running_job_says_how_far_it_is() -> None:
    """A living job is told, with the step it reached."""
    run = replace(
        alive(State.RUNNING, SlurmState.RUNNING), metrics=experiment(metrics={"global_step": 5}).metrics
    )
    assert only(FindingCode.JOB_RUNNING, run).evidence["reached_step"] == 5


def test_a_living_job_is_not_blamed_for_what_is_not_there_yet() -> None:
    """No missing log, no short training is told while the job may still write."""
    run = replace(
        alive(State.RUNNING, SlurmState.RUNNING),
        metrics=experiment(metrics={"global_step": 0, "planned_steps": 9}).metrics,
    )
    assert codes(run) == {FindingCode.JOB_RUNNING}


def test_a_never_submitted_experiment_names_its_script() -> None:
    """The batch script that nobody submitted is told."""
    finding = only(FindingCode.NOT_SUBMITTED, unsubmitted("a"))
    assert finding.evidence == {"script": "a/train.sbatch"}


def test_a_run_without_an_accounting_record_is_told() -> None:
    """Where accounting answered and knows nothing of a run with traces, that is said."""
    logged = attempt("3", None, source=SlurmSource.LOG, start=None, end=None, elapsed_s=None)
    run = experiment(state=State.UNKNOWN, attempts=(logged,))
    assert only(FindingCode.NO_ACCOUNTING_RECORD, run).evidence == {"job_ids": "3"}
    bare = experiment(state=State.UNKNOWN, attempts=(), layout={"job_ids": ("4", "5")})
    assert only(FindingCode.NO_ACCOUNTING_RECORD, bare).evidence == {"job_ids": "4, 5"}


def test_a_copy_that_bears_the_id_of_anothers_job_is_told() -> None:
    """Accounting's record of the id is of another experiment's job: it is not missing, this may be a copy."""
    own = attempt("3")
    run = experiment("run", attempts=(own,))
    copy = experiment("backup", state=State.UNKNOWN, attempts=(), layout={"job_ids": ("3",)})
    logged = attempt("3", None, source=SlurmSource.LOG, start=None, end=None, elapsed_s=None)
    for other in (copy, experiment("backup", state=State.UNKNOWN, attempts=(logged,))):
        found = told(run, other, observation=Observation(attempts=(own,), asked=ANSWERED))
        assert [(f.code, f.experiment, f.evidence) for f in found if f.code in OF_IDS] == [
            (FindingCode.JOB_ID_RECYCLED, "backup", {"job_id": "3", "copy_of": "run"})
        ]
    alone = told(copy, observation=Observation(asked=ANSWERED))
    assert [f.code for f in alone if f.code in OF_IDS] == [FindingCode.NO_ACCOUNTING_RECORD]


def test_a_record_is_not_missed_where_accounting_was_silent() -> None:
    """Without accounting's answer nobody can say that a record is missing."""
    run = experiment(state=State.UNKNOWN, attempts=())
    assert FindingCode.NO_ACCOUNTING_RECORD not in codes(run, observation=Observation())
    assert FindingCode.NO_ACCOUNTING_RECORD not in codes(
        experiment(attempts=(attempt(source=SlurmSource.SCONTROL),))
    )


def test_not_asking_differs_from_not_answering() -> None:
    """No source asked is one finding, a silent accounting another, with who answered instead."""
    assert only(FindingCode.SLURM_NOT_ASKED, observation=Observation()).evidence == {}
    asked = (
        SourceReport(SlurmSource.SACCT, answered=False, detail="Connection refused"),
        SourceReport(SlurmSource.SQUEUE, answered=True),
    )
    finding = only(FindingCode.SLURM_UNAVAILABLE, observation=Observation(asked=asked))
    assert finding.evidence == {"tried": "sacct: Connection refused", "answered": "squeue"}
    fallback = (
        SourceReport(SlurmSource.PYSLURM, answered=False),
        SourceReport(SlurmSource.SACCT, answered=True),
    )
    assert not told(observation=Observation(asked=fallback))


def test_logs_do_not_answer_for_slurm() -> None:
    """Logs that name jobs neither make Slurm asked, nor unavailable where nobody wanted to ask it."""
    logs = SourceReport(SlurmSource.LOG, answered=True)
    assert only(FindingCode.SLURM_NOT_ASKED, observation=Observation(asked=(logs,))).evidence == {}
    assert FindingCode.SLURM_UNAVAILABLE not in codes(observation=Observation(asked=(logs,)))
    silent = SourceReport(SlurmSource.SACCT, answered=False, detail="sacct: not found")
    finding = only(FindingCode.SLURM_UNAVAILABLE, observation=Observation(asked=(silent, logs)))
    assert finding.evidence == {"tried": "sacct: not found"}


def test_recycled_ids_are_told_once_each() -> None:
    """Records of other jobs that bear an experiment's id are told with whose they are."""
    foreign = [
        attempt("7", work_dir="/home/bob/x", user="bob", submit=MORNING.replace(year=2017)),
        attempt("7", work_dir="/home/eve/x", user="eve", submit=MORNING.replace(year=2019)),
    ]
    run = experiment()
    matched = MatchedSet(
        experiments=(MatchedExperiment(layout=run.layout, attempts=run.attempts, rejected=tuple(foreign)),)
    )
    finding = only(FindingCode.JOB_ID_RECYCLED, run, matched=matched)
    assert finding.evidence == {
        "job_id": "7",
        "user": "eve",
        "work_dir": "/home/eve/x",
        "submit": "2019-11-23T07:00:00+00:00",
    }


def test_earlier_attempts_are_told_with_their_ends() -> None:
    """What ran before is counted and told, oldest first."""
    run = experiment(
        attempts=(
            attempt("5", SlurmState.NODE_FAIL, elapsed_s=10),
            attempt("6", SlurmState.CANCELLED, state_text="CANCELLED by 1001", elapsed_s=None),
            attempt("7"),
        )
    )
    assert only(FindingCode.EARLIER_ATTEMPTS, run).evidence == {
        "earlier": 2,
        "job_ids": "5, 6",
        "states": "NODE_FAIL, CANCELLED by 1001",
        "elapsed_s": 10,
    }


def test_a_log_without_a_job_id_belongs_to_the_attempt_that_counts() -> None:
    """A fixed log name is read as the latest job's where no log bears its id."""
    run = failed(
        "run",
        completion=Completion(True),
        logs=(LogFile("run/train.out"),),
        findings=(log_line(FindingCode.LINE_COPY_FAILED, "mv: x", "run/train.out"),),
    )
    assert source("run/train.out", "line 90") in only(FindingCode.EXIT_CODE_SPOILED, run).sources


def test_never_submitted_is_only_said_where_accounting_answered() -> None:
    """Without accounting's word a run that left nothing is unknown, and nobody is told to submit it."""
    run = unsubmitted("rank64")
    silent = Observation(asked=(SourceReport(SlurmSource.SQUEUE, answered=True),))
    report = analyse(material(run, trained("rank4", 1.0), observation=silent))
    (lost,) = [e for e in report.experiments if e.name == "rank64"]
    found = {f.code for f in report.findings if f.experiment == "rank64"}
    assert lost.state is State.UNKNOWN
    assert FindingCode.SUBMISSION_UNKNOWN in found
    assert FindingCode.NOT_SUBMITTED not in found
    assert NextStepKind.SUBMIT not in {step.kind for step in report.next_steps}
