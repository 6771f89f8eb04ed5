"""What a state's own word leaves unsaid of a job's end is found in the rest of its record."""

from typing import Any

import pytest
from msgspec.structs import replace

from afterall.analyse import analyse
from afterall.model import (
    Completion,
    Experiment,
    Finding,
    FindingCode,
    JobId,
    LogFile,
    MatchedExperiment,
    MatchedSet,
    NextStepKind,
    Severity,
    SlurmSource,
    SlurmState,
    State,
)
from analyse.analyse_made import attempt, checkpoint, experiment, failed, log_line, material, trained

NEVER_RAN: dict[str, Any] = {"start": None, "elapsed_s": None}


def told(run: Experiment, **fields: Any) -> dict[FindingCode, Finding]:
    """Return what is found of one run, by code."""
    return {f.code: f for f in analyse(material(run, **fields)).findings}


def ended(state: State, slurm: SlurmState | None, **fields: Any) -> Experiment:
    """Return a run without any trace whose job ended so."""
    job = attempt(state=slurm, submit_line="sbatch --deadline=now+1hour train.sbatch", **fields)
    return failed("run", state, attempts=(job,), logs=(), completion=Completion(None))


def test_a_deadline_is_no_time_limit() -> None:
    """A job that its deadline ended needs no longer limit, whether it had started or not."""
    for more in ({}, NEVER_RAN):
        run = ended(State.TIMEOUT, SlurmState.DEADLINE, time_limit_s=900, **more)
        found = told(run)
        assert FindingCode.JOB_DEADLINE in found
        assert FindingCode.JOB_TIMEOUT not in found
        (step,) = [s for s in analyse(material(run)).next_steps if s.kind is NextStepKind.RESUBMIT]
        assert (step.details, "--time" in step.command, "--deadline" in step.command) == ({}, False, False)


@pytest.mark.parametrize(
    ("slurm", "fields", "evidence"),
    [
        (SlurmState.BOOT_FAIL, {}, "did_not_boot"),
        (SlurmState.FAILED, {"exit_code": 0, "signal": 53}, "did_not_launch"),
    ],
)
def test_a_job_that_never_opened_its_log_is_not_said_to_have_lost_it(
    slurm: SlurmState, fields: dict[str, Any], evidence: str
) -> None:
    """Nodes that did not boot and a directory that is not there leave no output to be found."""
    found = told(ended(slurm.state, slurm, **fields))
    assert FindingCode.LOG_MISSING not in found
    (end,) = found.values()
    assert end.evidence[evidence] is True
    assert "logs" not in end.evidence


def test_a_kill_is_told_from_an_exit() -> None:
    """Signal 9 and the shell's 137 are kills; a program's own exit code 9 is none."""
    kinds = [(0, 9), (137, 0), (9, 0)]
    runs = [ended(State.FAILED, SlurmState.FAILED, exit_code=code, signal=signal) for code, signal in kinds]
    assert [told(run)[FindingCode.JOB_FAILED].evidence.get("was_killed") for run in runs] == [
        True,
        True,
        None,
    ]


def test_usable_checkpoints_are_counted() -> None:
    """What a failed run left decides whether anything of it can be used."""
    bare, saved = (failed("run", checkpoints=kept) for kept in ((), (checkpoint("run/epoch_0"),)))
    assert told(bare)[FindingCode.JOB_FAILED].evidence.get("saved") is None
    assert told(saved)[FindingCode.JOB_FAILED].evidence["saved"] == 1


def test_a_memory_kill_says_whether_more_was_seen_in_use_than_was_asked_for() -> None:
    """Sampling often misses the peak; over several nodes the request is all of theirs."""
    fields = [(1300, 1200, 1), (500, 900, 1), (500, 900, 2)]
    over = []
    for used, asked, nodes in fields:
        job = attempt(
            state=SlurmState.OUT_OF_MEMORY, max_rss_bytes=used, requested_memory_bytes=asked, nodes=nodes
        )
        found = told(failed("run", State.OUT_OF_MEMORY, attempts=(job,)))
        over.append(found[FindingCode.JOB_OUT_OF_MEMORY].evidence.get("is_over"))
    assert over == [True, None, True]


def test_an_earlier_attempts_progress_is_not_the_last_ones() -> None:
    """Job 9 failed at once; the numbers that stand in for it are job 7's and prove nothing of job 9."""
    earlier = Finding(code=FindingCode.TRACES_OF_EARLIER_ATTEMPT, experiment="run")
    jobs = (attempt("7"), attempt("9", SlurmState.FAILED))
    run = failed(
        "run", attempts=jobs, findings=(earlier,), metrics={"global_step": 150, "planned_steps": 150}
    )
    evidence = told(run)[FindingCode.JOB_FAILED].evidence
    assert "reached_step" not in evidence
    assert evidence["of_earlier"] is True


def test_an_earlier_attempts_log_does_not_explain_the_last_ones_end() -> None:
    """Job 9 left no log: what slurm-7.out says is about job 7."""
    cause = log_line(FindingCode.LINE_CUDA_OUT_OF_MEMORY, "CUDA out of memory")
    jobs = (attempt("7", SlurmState.FAILED), attempt("9", SlurmState.FAILED))
    found = told(failed("run", attempts=jobs, findings=(cause,)))
    assert "cause" not in found[FindingCode.JOB_FAILED].evidence


@pytest.mark.parametrize(
    ("fields", "evidence"),
    [
        ({"state": None, "state_text": "RUNNING", "is_forgotten": True}, "is_forgotten"),
        ({"state": SlurmState.REVOKED}, "is_elsewhere"),
        ({"state": None, "state_text": "FROBNICATED"}, "state"),
    ],
)
def test_a_record_that_does_not_tell_the_end_is_told(fields: dict[str, Any], evidence: str) -> None:
    """A job that the controller forgot, another cluster's, and a word nobody knows are told as unknown."""
    run = experiment(state=State.UNKNOWN, completion=Completion(None), attempts=(attempt(**fields),))
    assert evidence in told(run)[FindingCode.JOB_STATE_UNKNOWN].evidence


def test_a_job_known_by_its_log_alone_has_no_record_that_could_tell() -> None:
    """That is told as a missing record."""
    logged = attempt("7", None, source=SlurmSource.LOG, end=None, **NEVER_RAN)
    run = experiment(state=State.UNKNOWN, completion=Completion(None), attempts=(logged,))
    assert FindingCode.JOB_STATE_UNKNOWN not in told(run)


@pytest.mark.parametrize(
    ("slurm", "evidence"),
    [
        (SlurmState.SUSPENDED, "is_suspended"),
        (SlurmState.COMPLETING, "is_ending"),
        (SlurmState.CONFIGURING, "is_starting"),
        (SlurmState.RUNNING, None),
    ],
)
def test_how_a_job_lives_is_told(slurm: SlurmState, evidence: str | None) -> None:
    """Suspended, ending and starting jobs are no running ones to whoever waits."""
    run = experiment(state=State.RUNNING, attempts=(attempt(state=slurm, end=None),))
    found = told(run)[FindingCode.JOB_RUNNING].evidence
    assert [key for key in found if key.startswith("is_")] == ([evidence] if evidence else [])


def test_a_foreign_record_beside_the_runs_own_is_a_note() -> None:
    """Nothing is missing where the run's own record of that id is there too."""
    run, foreign = trained("run", 1.0), attempt("7", uid=3, user="eve")
    for own, gravity in (((attempt("7"),), Severity.INFO), ((), Severity.WARNING)):
        mine = replace(run, attempts=own)
        matched = MatchedExperiment(layout=run.layout, attempts=own, rejected=(foreign,))
        found = told(mine, matched=MatchedSet(experiments=(matched,)))
        assert found[FindingCode.JOB_ID_RECYCLED].gravity is gravity


def test_a_missing_record_is_told_once() -> None:
    """Where Slurm's record of a run's id is another job's, it is not said besides that there is none."""
    run = experiment(state=State.UNKNOWN, attempts=(), layout={"job_ids": (JobId("7"),)})
    run = replace(run, logs=(LogFile("run/slurm-7.out", JobId("7")),))
    matched = MatchedExperiment(layout=run.layout, rejected=(attempt("7", uid=3),))
    found = told(run, matched=MatchedSet(experiments=(matched,)))
    assert FindingCode.JOB_ID_RECYCLED in found
    assert FindingCode.NO_ACCOUNTING_RECORD not in found
