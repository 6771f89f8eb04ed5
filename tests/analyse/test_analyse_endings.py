"""How each experiment's job ended, told once and with its reason."""

from typing import Any

import pytest

from afterall.analyse import analyse
from afterall.model import (
    Completion,
    Evidence,
    Experiment,
    Finding,
    FindingCode,
    JobId,
    LogFile,
    SlurmSource,
    SlurmState,
    State,
)
from analyse.analyse_made import attempt, experiment, failed, log_line, material, source

MV = "mv: 'slurm-7.out' and './slurm-7.out' are the same file"
TRACEBACK = "ValueError: no such split"


def told(run: Experiment) -> list[Finding]:
    """Return the report's findings on an experiment."""
    return [f for f in analyse(material(run)).findings if f.experiment == run.name]


def codes(run: Experiment) -> list[FindingCode]:
    """Return the codes told of an experiment."""
    return [f.code for f in told(run)]


def spoiled(**fields: Any) -> Experiment:
    """Return a run that trained, in a job that its last line's mv made FAILED 1:0."""
    proof = Evidence("planned_steps_reached", True, source("run/slurm-7.out", "line 80"))
    against = Evidence("no_final_checkpoint", False, source("run"))
    defaults: dict[str, Any] = {
        "completion": Completion(True, (proof, against)),
        "findings": (log_line(FindingCode.LINE_COPY_FAILED, MV),),
        "metrics": {"final_loss": 1.0},
    }
    return failed("run", **{**defaults, **fields})


def test_a_failed_mv_after_training_spoiled_the_exit_code() -> None:
    """The finding holds job, exit code and the quoted line, which is then not told on its own."""
    (finding,) = told(spoiled())
    assert (finding.code, finding.subject, finding.quote) == (FindingCode.EXIT_CODE_SPOILED, "7", MV)
    evidence = {k: finding.evidence[k] for k in ("job_id", "state", "exit_code", "signal", "source")}
    assert evidence == {"job_id": "7", "state": "FAILED", "exit_code": 1, "signal": 0, "source": "sacct"}
    assert [s.where for s in finding.sources] == ["line 90", "line 80"]


def test_a_killed_job_was_not_spoiled_by_mv() -> None:
    """A signal is no exit code: the mv cannot have caused it."""
    killed = attempt(state=SlurmState.FAILED, exit_code=0, signal=9)
    assert codes(spoiled(attempts=(killed,))) == [FindingCode.STATE_CONTRADICTS_TRAINING]


def test_a_line_of_an_earlier_job_explains_nothing() -> None:
    """The mv of the attempt before does not spoil this one's exit code."""
    jobs = (attempt("6", SlurmState.FAILED), attempt("7", SlurmState.FAILED, exit_code=1, signal=0))
    logs = (LogFile("run/slurm-6.out", JobId("6")), LogFile("run/slurm-7.out", JobId("7")))
    old = log_line(FindingCode.LINE_COPY_FAILED, MV, "run/slurm-6.out")
    found = told(spoiled(attempts=jobs, logs=logs, findings=(old,)))
    assert [f.code for f in found] == [
        FindingCode.STATE_CONTRADICTS_TRAINING,
        FindingCode.LINE_COPY_FAILED,
        FindingCode.EARLIER_ATTEMPTS,
    ]
    assert found[0].quote == ""


def test_an_array_tasks_own_log_is_known_by_its_indices() -> None:
    """The log %A_%a belongs to the task whose displayed id it spells."""
    job = attempt("12", SlurmState.FAILED, display_id="10_2", exit_code=1, signal=0)
    logs = (LogFile("logs/x-10_1.out", JobId("10"), "1"), LogFile("logs/x-10_2.out", JobId("10"), "2"))
    own = log_line(FindingCode.LINE_COPY_FAILED, MV, "logs/x-10_2.out")
    other = log_line(FindingCode.LINE_COPY_FAILED, MV, "logs/x-10_1.out")
    assert FindingCode.EXIT_CODE_SPOILED in codes(spoiled(attempts=(job,), logs=logs, findings=(own,)))
    assert FindingCode.EXIT_CODE_SPOILED not in codes(spoiled(attempts=(job,), logs=logs, findings=(other,)))


def test_an_unexplained_state_against_training_is_a_contradiction() -> None:
    """Without any line that explains it, the contradiction stands alone."""
    (finding,) = told(spoiled(findings=()))
    assert (finding.code, finding.quote) == (FindingCode.STATE_CONTRADICTS_TRAINING, "")
    assert "cause" not in finding.evidence
    assert [s.where for s in finding.sources] == ["line 80"]


def test_a_traceback_after_training_explains_the_state() -> None:
    """A crash behind training's end is quoted as what may have failed the job, and told once."""
    (finding,) = told(spoiled(findings=(log_line(FindingCode.LINE_TRACEBACK, TRACEBACK),)))
    assert finding.code is FindingCode.STATE_CONTRADICTS_TRAINING
    assert (finding.evidence["cause"], finding.quote) == ("line_traceback", TRACEBACK)


def test_completed_without_training_is_an_error() -> None:
    """Exit code 0 of a job whose training stopped early is not believed."""
    run = experiment(
        completion=Completion(False), metrics={"global_step": 20, "planned_steps": 75, "final_loss": 1.0}
    )
    (finding,) = told(run)
    assert finding.code is FindingCode.COMPLETED_WITHOUT_TRAINING
    assert (finding.evidence["reached_step"], finding.evidence["planned_steps"]) == (20, 75)


def test_a_completed_run_has_nothing_to_tell() -> None:
    """A job and a training that both ended well are no finding."""
    assert not told(experiment(metrics={"final_loss": 1.0}))


@pytest.mark.parametrize(
    ("state", "slurm", "line", "code"),
    [
        (State.TIMEOUT, SlurmState.TIMEOUT, FindingCode.LINE_TIME_LIMIT, FindingCode.JOB_TIMEOUT),
        (State.TIMEOUT, SlurmState.DEADLINE, FindingCode.LINE_TIME_LIMIT, FindingCode.JOB_DEADLINE),
        (State.CANCELLED, SlurmState.CANCELLED, FindingCode.LINE_CANCELLED, FindingCode.JOB_CANCELLED),
        (
            State.OUT_OF_MEMORY,
            SlurmState.OUT_OF_MEMORY,
            FindingCode.LINE_HOST_OUT_OF_MEMORY,
            FindingCode.JOB_OUT_OF_MEMORY,
        ),
        (
            State.OUT_OF_MEMORY,
            SlurmState.FAILED,
            FindingCode.LINE_HOST_OUT_OF_MEMORY,
            FindingCode.JOB_OUT_OF_MEMORY,
        ),
        (State.FAILED, SlurmState.FAILED, FindingCode.LINE_HOST_OUT_OF_MEMORY, FindingCode.JOB_OUT_OF_MEMORY),
        (State.NODE_FAIL, SlurmState.NODE_FAIL, FindingCode.LINE_NODE_FAILURE, FindingCode.JOB_NODE_FAIL),
        (State.NODE_FAIL, SlurmState.BOOT_FAIL, FindingCode.LINE_NODE_FAILURE, FindingCode.JOB_NODE_FAIL),
        (State.PREEMPTED, SlurmState.PREEMPTED, FindingCode.LINE_PREEMPTED, FindingCode.JOB_PREEMPTED),
        (State.FAILED, SlurmState.FAILED, FindingCode.LINE_TASK_EXITED, FindingCode.JOB_FAILED),
        (State.FAILED, SlurmState.FAILED, FindingCode.LINE_TRACEBACK, FindingCode.JOB_FAILED),
    ],
)
def test_a_bad_end_quotes_slurms_own_line_once(
    state: State, slurm: SlurmState, line: FindingCode, code: FindingCode
) -> None:
    """Each bad ending is one finding that quotes the line which says the same, once."""
    run = failed("run", state, slurm, findings=(log_line(line, "slurmstepd: error: it"),))
    (finding,) = told(run)
    assert (finding.code, finding.quote) == (code, "slurmstepd: error: it")


def test_a_bad_end_holds_its_evidence() -> None:
    """Limits, use, node and progress stand beside state and exit code; what is unknown is absent."""
    job = attempt(
        state=SlurmState.TIMEOUT,
        display_id="6_7",
        time_limit_s=600,
        requested_memory_bytes=1000,
        max_rss_bytes=900,
        node_list="n1",
        reason="TimeLimit",
    )
    run = failed("run", State.TIMEOUT, attempts=(job,), metrics={"global_step": 20, "planned_steps": 75})
    (finding,) = told(run)
    assert finding.subject == "6_7"
    assert finding.evidence == {
        "job_id": "6_7",
        "state": "TIMEOUT",
        "elapsed_s": 20,
        "time_limit_s": 600,
        "requested_memory_bytes": 1000,
        "max_rss_bytes": 900,
        "node_list": "n1",
        "reason": "TimeLimit",
        "source": "sacct",
        "reached_step": 20,
        "planned_steps": 75,
        "logs": 1,
    }


def test_a_memory_kill_says_what_shows_it() -> None:
    """Accounting's evidence of the kill stands in the finding."""
    job = attempt(state=SlurmState.FAILED, out_of_memory_evidence="step 9.0 used 2 of 1 bytes")
    (finding,) = told(failed("run", State.OUT_OF_MEMORY, attempts=(job,)))
    assert finding.evidence["memory_evidence"] == "step 9.0 used 2 of 1 bytes"


def test_a_failure_names_its_cause_which_stays_a_finding() -> None:
    """CUDA's own memory is the cause; its traceback's same last line and srun's echo are not told again."""
    line = "torch.OutOfMemoryError: CUDA out of memory."
    run = failed(
        "run",
        findings=(
            log_line(FindingCode.LINE_TRACEBACK, line, line=50),
            log_line(FindingCode.LINE_CUDA_OUT_OF_MEMORY, line, line=50),
            log_line(
                FindingCode.LINE_TASK_EXITED, "srun: error: n1: task 0: Exited with exit code 1", line=51
            ),
        ),
    )
    found = told(run)
    assert [f.code for f in found] == [FindingCode.JOB_FAILED, FindingCode.LINE_CUDA_OUT_OF_MEMORY]
    assert (found[0].evidence["cause"], found[0].quote) == ("line_cuda_out_of_memory", "")


def test_a_missing_file_that_did_not_stop_the_script_is_not_the_cause() -> None:
    """A traceback explains a failure rather than a line that scripts survive."""
    run = failed(
        "run",
        findings=(
            log_line(FindingCode.LINE_FILE_MISSING, "activate: No such file or directory", line=1),
            log_line(FindingCode.LINE_TRACEBACK, TRACEBACK, line=50),
        ),
    )
    found = told(run)
    assert [f.code for f in found] == [FindingCode.JOB_FAILED, FindingCode.LINE_FILE_MISSING]
    assert found[0].quote == TRACEBACK


def test_the_last_of_several_tracebacks_is_quoted() -> None:
    """Retry loops print tracebacks before the one that ends the job."""
    lines = [log_line(FindingCode.LINE_TRACEBACK, f"error {n}", line=n) for n in (100, 9, 20)]
    found = told(failed("run", findings=tuple(lines)))
    assert next(f.quote for f in found if f.code is FindingCode.JOB_FAILED) == "error 100"


def test_a_job_cancelled_in_the_queue_never_ran() -> None:
    """Without a start it is told as cancelled while pending; with one as cancelled."""
    waiting = attempt(state=SlurmState.CANCELLED, start=None, elapsed_s=0)
    cancelled = failed("run", State.CANCELLED, completion=Completion(None), attempts=(waiting,), logs=())
    assert codes(cancelled) == [FindingCode.JOB_CANCELLED_PENDING]
    assert FindingCode.JOB_CANCELLED in codes(failed("run", State.CANCELLED, SlurmState.CANCELLED))


def test_a_cancelled_job_that_only_its_log_knows_has_run() -> None:
    """A log has no start time, and proves that the job started."""
    logged = attempt(state=SlurmState.CANCELLED, source=SlurmSource.LOG, start=None, elapsed_s=None)
    assert FindingCode.JOB_CANCELLED in codes(failed("run", State.CANCELLED, attempts=(logged,)))


def test_a_job_that_failed_to_start_was_not_cancelled() -> None:
    """Only Slurm's CANCELLED is told as cancelled, whether or not anything ran."""
    launch = attempt(state=SlurmState.FAILED, start=None, elapsed_s=0)
    assert codes(failed("run", attempts=(launch,), logs=())) == [FindingCode.JOB_FAILED]
    assert FindingCode.JOB_CANCELLED in codes(failed("run", State.CANCELLED, attempts=()))


def test_a_traceback_that_ends_in_the_cause_is_not_told_again() -> None:
    """A job that was cancelled after its program had run out of disk has one cause, not two."""
    full = log_line(FindingCode.LINE_DISK_FULL, "OSError: [Errno 28] No space left on device")
    trace = log_line(FindingCode.LINE_TRACEBACK, "OSError: [Errno 28] No space left on device")
    codes = [
        f.code for f in told(failed("run", State.CANCELLED, SlurmState.CANCELLED, findings=(full, trace)))
    ]
    assert codes == [FindingCode.JOB_CANCELLED, FindingCode.LINE_DISK_FULL]


def test_who_cancelled_is_told_where_slurm_names_the_jobs_own_user() -> None:
    """A job of user 1043 that was "CANCELLED by 1043" was cancelled by nobody else."""
    for uid, is_own in ((1043, True), (1001, None), (None, None)):
        job = attempt(state=SlurmState.CANCELLED, state_text="CANCELLED by 1043", uid=uid)
        (found,) = told(failed("run", State.CANCELLED, attempts=(job,)))
        assert found.evidence.get("is_by_its_user") is is_own


def test_the_only_node_of_a_job_is_the_one_that_failed() -> None:
    """Slurm before 23.02 names no failed node; of several nodes none is blamed."""
    for nodes, failed_node in ((1, "n7"), (2, None)):
        job = attempt(state=SlurmState.NODE_FAIL, nodes=nodes, node_list="n7" if nodes == 1 else "n[7-8]")
        (found,) = told(failed("run", State.NODE_FAIL, attempts=(job,)))
        assert found.evidence.get("failed_node") == failed_node


def test_where_a_node_may_be_to_blame_that_is_evidence() -> None:
    """A GPU that was not found may be a node's fault, a module that is missing is none."""
    for code, may_be in ((FindingCode.LINE_GPU_ERROR, True), (FindingCode.LINE_MODULE_MISSING, None)):
        line = log_line(code, "RuntimeError: No CUDA GPUs are available")
        found = next(f for f in told(failed("run", findings=(line,))) if f.code is FindingCode.JOB_FAILED)
        assert found.evidence.get("may_be_nodes") is may_be
