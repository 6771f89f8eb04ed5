"""Check how scontrol's one-line records are read, recorded ones first."""

import pytest

from afterall.model import Attempt, SlurmState, State
from afterall.observe import parse_scontrol
from observe.observe_slurm import START, at, fixture, scontrol_line

OLD = {str(attempt.job_id): attempt for attempt in parse_scontrol(fixture("scontrol-22.05.8.txt"))}
NEW = {str(attempt.job_id): attempt for attempt in parse_scontrol(fixture("scontrol-25.11.7.txt"))}


def shown(state: str = "COMPLETED", **keys: str) -> Attempt:
    """Return what is read of one record."""
    (attempt,) = parse_scontrol(scontrol_line("7", state, **keys).encode("utf-8", "surrogateescape"))
    return attempt


@pytest.mark.parametrize(
    ("recording", "job", "state", "ending"),
    [
        (OLD, "19", State.TIMEOUT, (0, 15)),
        (OLD, "20", State.FAILED, (137, 0)),
        (OLD, "22", State.CANCELLED, (0, 0)),
        (OLD, "24", State.FAILED, (0, 53)),
        (OLD, "27", State.COMPLETED, (0, 0)),
        (OLD, "34", State.FAILED, (1, 0)),
        (OLD, "30", State.PENDING, (None, None)),
        (NEW, "24", State.FAILED, (137, 0)),
        (NEW, "4", State.TIMEOUT, (0, 15)),
        (NEW, "26", State.CANCELLED, (0, 0)),
    ],
)
def test_recorded_jobs(
    recording: dict[str, Attempt], job: str, state: State, ending: tuple[int | None, int | None]
) -> None:
    """State and exact exit code of a job of every ending; a waiting one has no exit code."""
    attempt = recording[job]
    assert (attempt.state, (attempt.exit_code, attempt.signal)) == (state, ending)


def test_values_with_blanks_and_pipes() -> None:
    """Names, comments and submit lines hold blanks, pipes and quotes, and end where the next key begins."""
    attempt = NEW["28"]
    assert attempt.name == "name|with pipe"
    assert attempt.comment == 'a|b "c" ünïcode'
    assert attempt.submit_line.endswith("--wrap true")
    assert attempt.std_out == "/scratch/gpfs/LAB/researcher/jobmix2511/name|with pipe/slurm-28.out"


def test_ids_of_arrays_and_het_jobs() -> None:
    """Tasks and components are shown as squeue shows them."""
    assert (OLD["34"].display_id, OLD["27"].display_id, OLD["19"].display_id) == ("23_2", "26+1", "19")


def test_a_waiting_array() -> None:
    """The waiting tasks of an array are one record."""
    waiting = shown("PENDING", ArrayJobId="7", ArrayTaskId="1-8%2")
    assert (waiting.display_id, waiting.is_alive) == ("7_[1-8%2]", True)


def test_resources_of_both_releases() -> None:
    """22.05 prints TRES, later releases ReqTRES and AllocTRES."""
    old = shown(TRES="cpu=4,mem=900M,node=1,gres/gpu=2")
    new = shown(ReqTRES="cpu=4,mem=1G", AllocTRES="cpu=4,mem=2G,gres/gpu=2")
    assert (old.gpus, old.requested_memory_bytes) == (2, 900 * 1024**2)
    assert (new.gpus, new.requested_memory_bytes) == (2, 2 * 1024**3)


def test_a_job_that_never_started() -> None:
    """Without nodes an ended job never started, whatever StartTime says, and its GPUs are unknown."""
    cancelled = shown("CANCELLED", NodeList="(null)", TRES="cpu=1,mem=1G")
    assert (cancelled.start, cancelled.gpus, cancelled.requested_memory_bytes) == (None, None, 1024**3)


def test_a_job_that_has_not_started_has_no_elapsed_time() -> None:
    """A RunTime of 0 is the controller's word for none at all."""
    waits, failed = shown("PENDING", RunTime="00:00:00"), shown("FAILED", RunTime="00:00:00")
    assert (waits.elapsed_s, failed.elapsed_s) == (None, 0)


def test_completing_hides_the_state_but_not_the_end() -> None:
    """COMPLETING is alive; ExitCode and EndTime are set already."""
    completing = shown("COMPLETING", ExitCode="3:0")
    assert (completing.slurm_state, completing.exit_code) == (SlurmState.COMPLETING, 3)
    assert completing.end == at(60)


def test_a_running_job_has_no_end() -> None:
    """EndTime of a running job is when its limit ends."""
    running = shown("RUNNING", EndTime=str(START + 7200), TimeLimit="02:00:00", RunTime="00:01:00")
    assert (running.end, running.time_limit_s, running.elapsed_s) == (None, 7200, 60)


def test_restarts_and_reason() -> None:
    """A requeued job tells how often it was."""
    requeued = shown("PENDING", Restarts="1", Reason="BeginTime")
    assert (requeued.restarts, requeued.reason) == (1, "BeginTime")


def test_a_newline_in_a_name() -> None:
    """A name's line break stays in the name."""
    assert shown(JobName="new\nline").name == "new\nline"


def test_a_comment_cannot_change_the_state() -> None:
    """A key that free text repeats further on does not replace the real one."""
    odd = shown("FAILED", Comment="x JobState=COMPLETED ExitCode=0:0", ExitCode="3:0")
    assert (odd.state, odd.exit_code) == (State.FAILED, 3)


def test_nothing_shown() -> None:
    """Text that is no record gives nothing."""
    assert parse_scontrol(b"slurm_load_jobs error: Invalid job id specified\nJobId=x JobState=FAILED\n") == ()
