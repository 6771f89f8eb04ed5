"""Check what is asked of squeue and how its list is read."""

from afterall.model import Attempt, JobId, SlurmSource, SlurmState, State
from afterall.observe import Question, parse_squeue
from afterall.observe.squeue import squeue_argv
from observe.observe_slurm import RECORDED_SEPARATOR, SET, START, at, squeue_row


def listed(**letters: str) -> Attempt:
    """Return what is read of one record."""
    (attempt,) = parse_squeue(
        squeue_row("7", RECORDED_SEPARATOR, **letters).encode("utf-8", "surrogateescape")
    )
    return attempt


def test_a_whole_record() -> None:
    """Everything squeue prints of a job is in its attempt; it prints no cluster."""
    assert listed(k="afterall") == Attempt(
        job_id=JobId("7"),
        source=SlurmSource.SQUEUE,
        display_id="7",
        user="researcher",
        uid=1001,
        slurm_state=SlurmState.RUNNING,
        state_text="RUNNING",
        submit=at(0),
        start=at(1),
        time_limit_s=7200,
        nodes=1,
        node_list="n1",
        cpus=4,
        work_dir=f"{SET}/rank4",
        name="rank4",
        comment="afterall",
    )


def test_the_end_of_a_living_job_is_its_limit() -> None:
    """%e of a running job is when its limit ends, so it has no end."""
    assert listed().end is None


def test_a_waiting_job_has_not_started() -> None:
    """%S of a waiting job is when it may start."""
    waiting = listed(T="PENDING", S=str(START + 600), e="N/A", N="", r="Priority")
    assert (waiting.start, waiting.reason, waiting.state) == (None, "Priority", State.PENDING)


def test_an_ended_job() -> None:
    """For MinJobAge an ended job is listed with its end, which is why it is asked for."""
    ended = listed(T="FAILED", e=str(START + 60), r="NonZeroExitCode")
    assert (ended.slurm_state, ended.end, ended.exit_code) == (SlurmState.FAILED, at(60), None)


def test_a_job_cancelled_in_the_queue() -> None:
    """A job cancelled while waiting has no nodes, and %S and %e are both the time of its end."""
    cancelled = listed(T="CANCELLED", S=str(START + 30), e=str(START + 30), N="", r="JobHeldUser")
    assert (cancelled.start, cancelled.end, cancelled.reason) == (None, at(30), "JobHeldUser")


def test_a_completing_job_has_its_end() -> None:
    """COMPLETING is alive, and its end is set already."""
    completing = listed(T="COMPLETING", e=str(START + 60))
    assert (completing.is_alive, completing.end) == (True, at(60))


def test_reasons_with_blanks() -> None:
    """A reason may be a sentence."""
    assert listed(T="PENDING", r="job requeued in held state").reason == "job requeued in held state"


def test_waiting_arrays_and_het_components() -> None:
    """The waiting part of an array is one record; a het component names its leader."""
    assert listed(T="PENDING", i="7_[1-8%2]").display_id == "7_[1-8%2]"
    assert listed(i="6+1").base_id == "6"


def test_hostile_free_text() -> None:
    """Newlines and separators in a name, and bytes that are no UTF-8, spoil nothing else."""
    odd = listed(j="x\n9\udcff", k="a\x1fb", Z="/set/\udcff")
    assert (odd.name, odd.comment, odd.work_dir, odd.state) == (
        "x\n9\ufffd",
        "a\x1fb",
        "/set/\udcff",
        State.RUNNING,
    )


def test_question_by_user() -> None:
    """All of the user's jobs are listed in every state and partition."""
    argv = squeue_argv(Question(work_dir=SET, uid=1001, job_ids=(JobId("7"),)), "<>")
    assert argv[:7] == ["squeue", "-h", "-a", "-t", "all", "-u", "1001"]
    assert argv[-1].startswith("%A<>%i<>%T<>")


def test_question_by_ids() -> None:
    """Without a user the known ids are listed."""
    argv = squeue_argv(Question(work_dir=SET, job_ids=(JobId("7"), JobId("8_1"))), "<>")
    assert argv[5:7] == ["-j", "7,8"]
