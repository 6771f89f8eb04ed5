"""How jobs live, end, and fail to be anybody's is said as it is, in the status and below it."""

import re
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from afterall.model import (
    Attempt,
    Completion,
    Experiment,
    Finding,
    FindingCode,
    NextStep,
    NextStepKind,
    Report,
    Scalar,
    SetStatus,
    Severity,
    SlurmState,
    State,
)
from afterall.render.documents import render
from afterall.settings import SetSettings
from render.render_reports import START, make_attempt, make_experiment, make_summary, tiny_report

RUN, OTHER = "1B_rank4", "3B_rank4"


def markdown(report: Report) -> str:
    """Return RESULTS.md."""
    return render(report, SetSettings(), "", {})["RESULTS.md"].decode()


def status(report: Report) -> str:
    """Return the status line."""
    (line,) = re.findall(r"(?m)^\*\*Status:\*\* (.*)$", markdown(report))
    return str(line)


def finding(code: FindingCode, **evidence: Scalar) -> Finding:
    """Return a finding on one run's job that has no quote."""
    return Finding(code=code, experiment=RUN, evidence={"job_id": "7", **evidence})


def issue(code: FindingCode, **evidence: Scalar) -> str:
    """Return what a report says under Issues and Notes of one finding."""
    report = tiny_report(make_experiment(RUN), findings=(finding(code, **evidence),))
    return markdown(report).partition("## Issues and Notes")[2].partition("## Next Steps")[0]


def unplaced(**evidence: Scalar) -> Finding:
    """Return the finding on jobs of no experiment."""
    told = {"jobs": 2, "job_ids": "123_3, 123_4", "name": "sweep", "state": "FAILED", **evidence}
    return Finding(code=FindingCode.JOB_WITHOUT_EXPERIMENT, evidence=told)


def ended(state: State, job: Attempt, **fields: Any) -> Experiment:
    """Return a run without numbers whose job is `job`."""
    nothing: dict[str, Any] = {"metrics": {}, "checkpoints": (), "logs": (), "trainer": None}
    return make_experiment(
        RUN, state=state, completion=Completion(None), attempts=(job,), **{**nothing, **fields}
    )


# The status line


def test_two_experiments_are_both() -> None:
    """Nobody says "all 2"."""
    assert status(tiny_report(make_experiment(RUN), make_experiment(OTHER))).startswith("✓ Both experiments")


def test_a_job_that_still_clears_away_is_told_where_all_trained() -> None:
    """Every experiment trained, and one job has not ended."""
    job = make_attempt(slurm_state=SlurmState.COMPLETING, end=None)
    runs = (make_experiment(RUN, state=State.RUNNING, attempts=(job,)), make_experiment(OTHER))
    report = tiny_report(*runs, set=make_summary(runs, status=SetStatus.INCOMPLETE))
    assert status(report) == "⚠️ Incomplete: 2 of 2 experiments completed; 1 job has not ended"


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (finding(FindingCode.NO_ACCOUNTING_RECORD), "how 1 job ended is not known"),
        (finding(FindingCode.JOB_STATE_UNKNOWN), "how 1 job ended is not known"),
        (finding(FindingCode.JOB_ID_RECYCLED), "how 1 job ended is not known"),
        (unplaced(), "2 jobs are of no known experiment"),
    ],
)
def test_success_is_not_claimed_without_what_is_not_known(told: Finding, words: str) -> None:
    """All trained by their files; what Slurm does not tell stands in the same line."""
    line = status(tiny_report(make_experiment(RUN), make_experiment(OTHER), findings=(told,)))
    assert f"Both experiments completed successfully; {words} (see " in line
    assert line.startswith("⚠️" if told.code is FindingCode.JOB_WITHOUT_EXPERIMENT else "✓")


def test_a_note_on_jobs_takes_nothing_from_success() -> None:
    """An interactive job that completed, or an id's older job, is no doubt."""
    notes = (unplaced(), finding(FindingCode.JOB_ID_RECYCLED))
    mild = tuple(Finding(**{**_fields(note), "severity": Severity.INFO}) for note in notes)
    report = tiny_report(make_experiment(RUN), make_experiment(OTHER), findings=mild)
    assert status(report) == "✓ Both experiments completed successfully"


def test_living_jobs_of_no_experiment_make_the_report_provisional() -> None:
    """Their number stands in the warning and in the status."""
    runs = (make_experiment(RUN), make_experiment(OTHER))
    alive = unplaced(are_alive=True, state="PENDING")
    report = tiny_report(*runs, findings=(alive,), set=make_summary(runs, status=SetStatus.INCOMPLETE))
    assert "2 jobs of no known experiment have not ended; numbers below may change" in markdown(report)
    assert status(report).endswith("; 2 jobs have not ended")


def test_a_job_that_can_never_start_makes_nothing_provisional() -> None:
    """Its numbers will not come."""
    run = ended(State.PENDING, make_attempt(slurm_state=SlurmState.PENDING, start=None, elapsed_s=None))
    never = finding(FindingCode.DEPENDENCY_NEVER_SATISFIED)
    report = tiny_report(run, findings=(never,), set=make_summary((run,), status=SetStatus.INCOMPLETE))
    assert "provisional" not in markdown(report)
    assert "provisional" in markdown(tiny_report(run, set=report.set))


# The tables


def test_a_job_that_never_ran_took_no_time_and_has_its_reason() -> None:
    """Neither "0 seconds" nor a missing trainer is said of a job that was cancelled in the queue."""
    job = make_attempt(slurm_state=SlurmState.CANCELLED, start=None, elapsed_s=None)
    told = markdown(tiny_report(ended(State.CANCELLED, job), make_experiment(OTHER)))
    assert re.search(rf"(?m)^\| {RUN} .*\| +— \| ✗ cancelled", told)
    assert f"**{RUN}** lacks everything (—): the job never ran." in told


def test_a_requeued_job_waits_to_start_again() -> None:
    """Numbers of an earlier leg are there: it did start once."""
    job = make_attempt(slurm_state=SlurmState.REQUEUE_HOLD, start=None, end=None, elapsed_s=None)
    run = make_experiment(RUN, state=State.PENDING, completion=Completion(None), attempts=(job,))
    metrics = {name: fact for name, fact in run.metrics.items() if name != "final_val_loss"}
    run = make_experiment(
        RUN, state=State.PENDING, completion=run.completion, attempts=(job,), metrics=metrics
    )
    told = markdown(tiny_report(run, make_experiment(OTHER)))
    assert "waiting to start again" in told
    assert "⚠️ pending (REQUEUE_HOLD)" in told


def test_checkpoints_of_a_run_that_was_cut_short_are_not_plainly_complete() -> None:
    """What was to be saved until then is there; an earlier attempt's checkpoints are whole."""
    cut = make_experiment(RUN, state=State.FAILED, completion=Completion(False))
    told = markdown(tiny_report(cut, make_experiment(OTHER)))
    earlier = finding(FindingCode.TRACES_OF_EARLIER_ATTEMPT)
    whole = make_experiment(RUN, state=State.FAILED, completion=Completion(False), findings=(earlier,))
    assert told.count("Complete as far as it came") == 1
    assert "Complete as far as it came" not in markdown(tiny_report(whole, make_experiment(OTHER)))


def test_several_experiments_lack() -> None:
    """The verb goes with their number."""
    jobs = [make_attempt(n, slurm_state=SlurmState.PENDING, start=None, elapsed_s=None) for n in (1, 2)]
    runs = [
        make_experiment(
            name, state=State.PENDING, completion=Completion(None), attempts=(job,), metrics={}, logs=()
        )
        for name, job in zip((RUN, OTHER), jobs, strict=True)
    ]
    told = markdown(tiny_report(*runs, make_experiment("1B_rank64")))
    assert f"**{RUN} and {OTHER}** lack everything (—): not started yet." in told


# Issues and steps


@pytest.mark.parametrize(
    ("code", "evidence", "words"),
    [
        (FindingCode.JOB_FAILED, {"did_not_launch": True}, "Slurm could not start the batch script"),
        (FindingCode.JOB_FAILED, {"was_killed": True, "logs": 1}, "it was killed (signal 9)"),
        (FindingCode.JOB_FAILED, {"logs": 1}, "its log holds no line"),
        (FindingCode.JOB_FAILED, {}, "no log of it was found"),
        (FindingCode.JOB_FAILED, {"may_be_nodes": True, "node_list": "gpu13"}, "It ran on `gpu13`."),
        (FindingCode.JOB_FAILED, {"saved": 2}, "What was saved before the end can be used"),
        (FindingCode.JOB_FAILED, {}, "It left no checkpoint that could be used."),
        (FindingCode.JOB_FAILED, {"saved": 2, "of_earlier": True}, "are those of an earlier attempt."),
        (FindingCode.JOB_DEADLINE, {}, "the deadline of job 7 passed before it could start"),
        (FindingCode.JOB_DEADLINE, {"elapsed_s": 60}, "job 7 was ended at its deadline after 1 minute"),
        (FindingCode.JOB_NODE_FAIL, {"did_not_boot": True}, "the nodes of job 7 did not boot"),
        (
            FindingCode.JOB_NODE_FAIL,
            {"node_list": "n[1-2]"},
            "a node of job 7 failed, of `n[1-2]`, and Slurm",
        ),
        (FindingCode.JOB_NODE_FAIL, {"node_list": "n1", "failed_node": "n1"}, "node n1 of job 7 failed"),
        (FindingCode.JOB_CANCELLED, {"is_by_its_user": True}, "Its own user, or a program of theirs"),
        (
            FindingCode.JOB_STATE_UNKNOWN,
            {"state": "RUNNING", "is_forgotten": True},
            "accounting calls job 7 `RUNNING` still, and the controller no longer knows it",
        ),
        (FindingCode.JOB_STATE_UNKNOWN, {"state": "REVOKED", "is_elsewhere": True}, "another cluster has it"),
        (FindingCode.JOB_RUNNING, {"is_suspended": True}, "job 7 is suspended"),
        (FindingCode.JOB_RUNNING, {"state": "COMPLETING", "is_ending": True}, "is being cleared away"),
        (FindingCode.JOB_RUNNING, {"state": "CONFIGURING", "is_starting": True}, "are being prepared"),
        (
            FindingCode.JOB_OUT_OF_MEMORY,
            {"max_rss_bytes": 2**29, "requested_memory_bytes": 2**30},
            "host memory that the job had asked for; the most that was sampled is 512 MiB",
        ),
        (
            FindingCode.JOB_OUT_OF_MEMORY,
            {"max_rss_bytes": 2**31, "requested_memory_bytes": 2**30, "is_over": True},
            "Its processes used 2 GiB, and the job had asked for 1 GiB of host memory",
        ),
        (FindingCode.JOB_HELD, {"reached_step": 5}, "Its numbers are of an earlier start"),
        (FindingCode.JOB_HELD, {}, "It has no results until somebody releases it."),
    ],
)
def test_an_end_is_told_by_what_its_record_holds(
    code: FindingCode, evidence: dict[str, Scalar], words: str
) -> None:
    """The same code has other words where the record says more."""
    assert words in issue(code, **evidence)


@pytest.mark.parametrize(
    ("evidence", "words"),
    [
        ({"went_on": True}, "**Impact:** Training went on after it, from the last checkpoint if it resumed."),
        (
            {},
            "**Impact:** What was trained since the last checkpoint is lost, unless the job was started",
        ),
    ],
)
def test_a_preemption_is_told_by_whether_training_went_on(evidence: dict[str, Scalar], words: str) -> None:
    """Below the line of one that was started again nothing is lost, and nothing is to be done."""
    assert words in issue(FindingCode.LINE_PREEMPTED, **evidence)


def test_a_cause_before_a_quote_keeps_its_code() -> None:
    """A command in the cause is code, not escaped backticks, where the log's line follows it."""
    quoted = Finding(code=FindingCode.JOB_CANCELLED, experiment=RUN, quote="CANCELLED AT 07:03")
    told = markdown(tiny_report(make_experiment(RUN), findings=(quoted,)))
    assert "**Cause:** Somebody, or a rule of the site, ended it (`scancel`):" in told


def test_jobs_of_no_experiment_are_told_with_their_log() -> None:
    """Who they are, how they ended, and where to look."""
    told = markdown(tiny_report(make_experiment(RUN), findings=(unplaced(log="logs/sweep-123_3.out"),)))
    words = "Nothing ties job 123_3, 123_4 (`sweep`, `FAILED`) to an experiment; its log is"
    assert f"{words} `logs/sweep-123_3.out`." in told


@pytest.mark.parametrize(
    ("kind", "details", "words"),
    [
        (NextStepKind.RESUBMIT, {}, "Submit 1B_rank4 again, if the results are still wanted."),
        (NextStepKind.RESUBMIT, {"cause": "line_nccl"}, "Repair the cause told under Issues and Notes"),
        (NextStepKind.RESUBMIT, {"is_unexplained": True}, "Find out why 1B_rank4 did not come to an end"),
        (NextStepKind.RESUBMIT, {"had_dependency": True}, "submit it again without the dependency."),
        (NextStepKind.RESUBMIT, {"did_not_launch": True}, "Make the directories of 1B_rank4 that"),
        (NextStepKind.RESUBMIT, {"lacked_memory": True}, "again with more memory."),
        (NextStepKind.RESUBMIT, {"lacked_time": True}, "again with a longer time limit."),
        (NextStepKind.WAIT, {"jobs": 1}, "The job of 1B_rank4 has not ended; write this report again"),
        (NextStepKind.WAIT, {"jobs": 2}, "2 jobs of 1B_rank4 have not ended; write this report again"),
    ],
)
def test_a_step_says_what_is_to_be_done(kind: NextStepKind, details: dict[str, Scalar], words: str) -> None:
    """Nobody is sent to repair a cause where there is none."""
    step = NextStep(kind=kind, experiments=(RUN,), details=details)
    told = markdown(tiny_report(make_experiment(RUN), make_experiment(OTHER), next_steps=(step,)))
    assert words in told.partition("## Next Steps")[2]


def test_steps_that_are_told_alike_are_one() -> None:
    """Different causes, each told above, send nobody to the same sentence twice."""
    steps = tuple(
        NextStep(
            kind=NextStepKind.RESUBMIT,
            experiments=(name,),
            details={"cause": cause},
            command=f"sbatch {name}",
        )
        for name, cause in ((OTHER, "line_nccl"), (RUN, "line_disk_full"))
    )
    runs = (make_experiment(RUN), make_experiment(OTHER), make_experiment("1B_rank64"))
    told = markdown(tiny_report(*runs, next_steps=steps)).partition("## Next Steps")[2]
    assert f"Notes, then submit {RUN} and {OTHER} again.\n```bash\nsbatch {OTHER}\nsbatch {RUN}\n```" in told
    assert told.count("Repair the cause") == 1


def test_several_steps_of_a_command_each_stand_above_one_fence() -> None:
    """Sentences and commands are in one order; a run's name is spelled as it is at a sentence's start too."""
    held = NextStep(
        kind=NextStepKind.WAIT,
        experiments=("held",),
        details={"held": True},
        command="scontrol release 7",
    )
    others = replace(held, experiments=(RUN,), details={}, command="squeue -j 8")
    runs = (make_experiment("held"), make_experiment(RUN))
    told = markdown(tiny_report(*runs, next_steps=(held, others))).partition("## Next Steps")[2]
    assert (
        "- held will not start before somebody releases its job.\n"
        f"- The job of {RUN} has not ended; write this report again when it has.\n\n"
        "```bash\nscontrol release 7\nsqueue -j 8\n```\n"
    ) in told
    many = replace(others, command="squeue -j 8\nsqueue -j 9")
    apart = markdown(tiny_report(*runs, next_steps=(held, many))).partition("## Next Steps")[2]
    assert "\nheld will not start before somebody releases its job.\n```bash\nscontrol" in apart
    assert "has.\n```bash\nsqueue -j 8\nsqueue -j 9\n```\n" in apart


def test_each_cause_of_a_kind_of_end_is_told() -> None:
    """Two jobs failed for two reasons told elsewhere, a third for what its log says."""
    lines = {RUN: FindingCode.LINE_NCCL, OTHER: FindingCode.LINE_DISK_FULL}
    failed = [
        Finding(code=FindingCode.JOB_FAILED, experiment=name, evidence={"cause": code.value})
        for name, code in lines.items()
    ]
    causes = [Finding(code=code, experiment=name, quote=code.value) for name, code in lines.items()]
    third = Finding(code=FindingCode.JOB_FAILED, experiment="1B_rank64", quote="ValueError: no")
    runs = (make_experiment(RUN), make_experiment(OTHER), make_experiment("1B_rank64"))
    told = markdown(tiny_report(*runs, findings=(*failed, third, *causes)))
    see = "See *GPU Communication Failed* and *Disk or Quota Full*."
    assert f"**Cause:** {see} Of the others the log says:" in told


def test_earlier_attempts_are_told_one_or_many() -> None:
    """One id or several read alike."""
    told = issue(FindingCode.EARLIER_ATTEMPTS, earlier=1, job_ids="11", states="FAILED", elapsed_s=40)
    assert "ran 1× before (job 11: FAILED), 40 seconds in all; the last one counts." in told


def test_a_set_that_never_ran_has_no_silent_slurm() -> None:
    """No job ran, so no source is missed."""
    run = ended(State.NOT_SUBMITTED, make_attempt())
    bare = make_experiment(RUN, state=State.NOT_SUBMITTED, attempts=(), metrics={}, completion=run.completion)
    assert "No job has run." in markdown(tiny_report(bare))
    asked = make_attempt(elapsed_s=None, end=START + timedelta(seconds=5))
    assert "No Slurm source tells how long the jobs took." in markdown(
        tiny_report(ended(State.FAILED, asked))
    )


def _fields(told: Finding) -> dict[str, Any]:
    return {"code": told.code, "experiment": told.experiment, "evidence": told.evidence}
