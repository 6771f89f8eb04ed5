"""Check what sacct's answers say, recorded ones first."""

from datetime import UTC, datetime

import pytest

from afterall.model import Attempt, JobId, SlurmSource, SlurmState, State
from afterall.observe import parse_sacct
from afterall.observe.dialect import RECORDED, dialect_of
from observe.observe_slurm import START, at, fixture, sacct_row

OLD = {attempt.display_id: attempt for attempt in parse_sacct(fixture("sacct-22.05.8.txt"))}
NEW = {attempt.display_id: attempt for attempt in parse_sacct(fixture("sacct-25.11.7.txt"))}


def rows(*lines: str) -> tuple[Attempt, ...]:
    """Return the legs in lines of saved accounting."""
    return parse_sacct("".join(lines).encode("utf-8", "surrogateescape"))


def row(job_id: str = "7", **columns: str) -> str:
    """Return a line of saved accounting."""
    return sacct_row(job_id, RECORDED.separator, **columns)


def test_a_whole_record() -> None:
    """Every column of a job's row, and what its steps add, is in its attempt."""
    assert OLD["1"] == Attempt(
        job_id=JobId("1"),
        source=SlurmSource.SACCT,
        display_id="1",
        cluster="lab",
        user="researcher",
        uid=1001,
        slurm_state=SlurmState.FAILED,
        state_text="FAILED",
        exit_code=1,
        signal=0,
        submit=datetime.fromtimestamp(1795417355, UTC),
        eligible=datetime.fromtimestamp(1795417355, UTC),
        start=datetime.fromtimestamp(1795417355, UTC),
        end=datetime.fromtimestamp(1795417394, UTC),
        elapsed_s=39,
        time_limit_s=900,
        nodes=1,
        node_list="n1",
        cpus=4,
        gpus=0,
        requested_memory_bytes=900 * 1024**2,
        max_rss_bytes=576307200,
        work_dir="/scratch/gpfs/LAB/researcher/cap_8L_llama_lora_comparison_2026-11-23/1B_rank4",
        name="1B_rank4",
        submit_line="sbatch finetune.slurm",
    )


@pytest.mark.parametrize(
    ("recording", "job", "state"),
    [
        (OLD, "18", State.FAILED),
        (OLD, "19", State.TIMEOUT),
        (OLD, "20", State.OUT_OF_MEMORY),
        (OLD, "21", State.CANCELLED),
        (OLD, "24", State.FAILED),
        (OLD, "25", State.COMPLETED),
        (OLD, "23_2", State.FAILED),
        (NEW, "5", State.FAILED),
        (NEW, "24", State.OUT_OF_MEMORY),
        (NEW, "6", State.CANCELLED),
    ],
)
def test_recorded_endings(recording: dict[str, Attempt], job: str, state: State) -> None:
    """A job of every ending is told truly, on both recorded releases."""
    assert recording[job].state is state


def test_steps_make_no_attempts() -> None:
    """Only allocations are attempts."""
    assert sorted(attempt.job_id for attempt in OLD.values()) == sorted(
        ["1", "18", "19", "20", "21", "24", "25", "26", "27", "32", "34", "23"]
    )


def test_array_ids() -> None:
    """A task has its own raw id, the last one its array's, and both know array and index."""
    assert [(OLD[name].job_id, OLD[name].base_id, OLD[name].task_id) for name in ("23_0", "23_3")] == [
        ("32", "23", "0"),
        ("23", "23", "3"),
    ]


def test_het_ids() -> None:
    """Components of a het job have raw ids of their own and share their leader's."""
    assert [(OLD[name].job_id, OLD[name].base_id) for name in ("26+0", "26+1")] == [
        ("26", "26"),
        ("27", "26"),
    ]


def test_a_waiting_array_is_one_record() -> None:
    """The tasks that still wait are one living attempt, however many there are."""
    (waiting,) = rows(row("14", JobID="14_[0-200:2%3]", State="PENDING", Start="Unknown", End="Unknown"))
    assert (waiting.job_id, waiting.display_id, waiting.base_id, waiting.task_id) == (
        "14",
        "14_[0-200:2%3]",
        "14",
        None,
    )
    assert waiting.is_alive


def test_legs_of_one_job_are_apart() -> None:
    """With -D a requeued job has one attempt for each submit time."""
    legs = rows(row(State="REQUEUED"), row(State="RUNNING", Submit=str(START + 24), End="Unknown"))
    assert [(leg.submit, leg.slurm_state) for leg in legs] == [
        (at(0), SlurmState.REQUEUED),
        (at(24), SlurmState.RUNNING),
    ]


def test_steps_belong_to_the_leg_before_them() -> None:
    """Memory of a requeued job's step counts for the leg it ran in."""
    legs = rows(
        row(State="REQUEUED"),
        row("7.batch", MaxRSS="100K"),
        row(Submit=str(START + 24)),
        row("7.batch", MaxRSS="50K"),
    )
    assert [leg.max_rss_bytes for leg in legs] == [100 * 1024, 50 * 1024]


def test_a_living_job_has_no_exit_code() -> None:
    """The 0:0 of a running job says nothing."""
    (running,) = rows(row(State="RUNNING", End="Unknown"))
    assert (running.exit_code, running.signal, running.end) == (None, None, None)


@pytest.mark.parametrize(("eligible", "start"), [("Unknown", "None"), (str(START), str(START + 3))])
def test_a_job_cancelled_in_the_queue_never_started(eligible: str, start: str) -> None:
    """Held or not: to one that was eligible Slurm gives its end as its start, but no node."""
    (cancelled,) = rows(
        row(
            State="CANCELLED by 1001",
            Eligible=eligible,
            Start=start,
            End=str(START + 3),
            NodeList="None assigned",
        )
    )
    assert (cancelled.state, cancelled.start, cancelled.node_list) == (State.CANCELLED, None, "")


def test_a_job_that_has_not_started_has_no_elapsed_time() -> None:
    """Slurm's 0 of a waiting job is no duration; one that failed in its first second took 0 s."""
    waits, failed = rows(
        row(State="PENDING", Start="Unknown", End="Unknown", ElapsedRaw="0", NodeList="None assigned"),
        row("8", State="FAILED", Start=str(START), ElapsedRaw="0", NodeList="n1"),
    )
    assert (waits.elapsed_s, failed.elapsed_s) == (None, 0)


def test_an_unknown_state_is_kept_in_words() -> None:
    """A word of a later Slurm's is no state and is not lost."""
    (odd,) = rows(row(State="TELEPORTED by 7"))
    assert (odd.slurm_state, odd.state_text, odd.state) == (None, "TELEPORTED by 7", State.UNKNOWN)


def test_pipes_newlines_and_bytes_in_free_text() -> None:
    """Free text keeps newlines; bytes that are no UTF-8 are replaced, in paths kept."""
    (odd,) = rows(row(JobName="a|b\nc", Comment="x\udcff", WorkDir="/set/\udcff", SubmitLine="sbatch\ny"))
    assert (odd.name, odd.comment, odd.work_dir, odd.submit_line) == (
        "a|b\nc",
        "x\ufffd",
        "/set/\udcff",
        "sbatch\ny",
    )


def test_a_vanished_user() -> None:
    """A user that no longer exists has no name and keeps the uid."""
    (gone,) = rows(row(User="", UID="77777"))
    assert (gone.user, gone.uid) == ("", 77777)


def test_gpus_of_an_allocation() -> None:
    """GPUs come from the allocation, and are unknown while there is none."""
    ran, waits = rows(
        row(AllocTRES="cpu=8,gres/gpu:h100=2,gres/gpu=2,mem=64G"),
        row("8", State="PENDING", ReqTRES="mem=64G"),
    )
    assert (ran.gpus, waits.gpus) == (2, None)
    assert waits.requested_memory_bytes == 64 * 1024**3


def test_columns_of_a_new_release_are_read() -> None:
    """What only newer releases say is in the attempt."""
    dialect = dialect_of((25, 11))
    said = {"JobIDRaw": "7", "JobID": "7", "State": "NODE_FAIL", "FailedNode": "n3", "Restarts": "2"}
    said |= {"StdOut": "/set/slurm-7.out", "StdErr": "/set/slurm-7.err", "ExitCode": "9:0"}
    line = dialect.separator.join(said.get(column, "") for column in dialect.columns)
    (attempt,) = parse_sacct(line.encode(), dialect)
    assert (attempt.failed_node, attempt.restarts) == ("n3", 2)
    assert (attempt.std_out, attempt.std_err) == ("/set/slurm-7.out", "/set/slurm-7.err")
