"""Check pyslurm's answers against what sacct said of the same jobs on the same cluster."""

import json

import pytest

from afterall.model import Attempt, JobId, SlurmSource, State
from afterall.observe import Question, parse_pyslurm, parse_sacct
from afterall.observe.from_pyslurm import pyslurm_argv
from observe.observe_slurm import SET, START, fixture

SAID = {attempt.key: attempt for attempt in parse_sacct(fixture("sacct-25.11.7.txt"))}
RECORDED = parse_pyslurm(fixture("pyslurm-25.11.7.json"))
NOT_IN_BOTH = {
    "source": "who said it",
    "state_text": "sacct names the uid that cancelled, pyslurm the user",
    "restarts": "a column of sacct since 24.11, not in the documented ones",
    "std_out": "a column of sacct since 24.05, not in the documented ones",
    "std_err": "the same",
    "max_rss_bytes": "the recording has no steps' statistics",
    "out_of_memory_evidence": "the same",
}


def child_says(**job: object) -> Attempt:
    """Return what is read of one job in the child's answer."""
    said = {"id": 7, "state": "FAILED", "submit_time": START, "exit_code": 0, "exit_code_signal": 0, **job}
    (attempt,) = parse_pyslurm(json.dumps({"jobs": [said]}).encode())
    return attempt


@pytest.mark.parametrize("attempt", RECORDED, ids=lambda attempt: attempt.display_id)
def test_recorded_jobs_agree_with_sacct(attempt: Attempt) -> None:
    """Both sources say the same of a job, but for what one of them cannot know."""
    said = SAID[attempt.key]
    differing = {
        name
        for name in attempt.__struct_fields__
        if name not in NOT_IN_BOTH and getattr(attempt, name) != getattr(said, name)
    }
    assert differing == set()


def test_every_recorded_job_is_read() -> None:
    """No job of the recording is lost, arrays' and het jobs' parts included."""
    assert {attempt.key for attempt in RECORDED} == set(SAID)
    assert {attempt.source for attempt in RECORDED} == {SlurmSource.PYSLURM}


def test_zeros_that_pyslurm_drops() -> None:
    """Task 0, component 0 and an elapsed time of 0 s come as None and are read as 0."""
    by_id = {str(attempt.job_id): attempt for attempt in RECORDED}
    assert (by_id["17"].display_id, by_id["11"].display_id, by_id["33"].elapsed_s) == ("8_0", "11+0", 0)


def test_a_job_cancelled_in_the_queue_never_started() -> None:
    """Slurm gives it its end as its start, but no node."""
    times = {"start_time": START + 3, "end_time": START + 3}
    assert child_says(state="CANCELLED", nodelist=None, **times).start is None
    assert child_says(state="CANCELLED", nodelist=None, elapsed_time=None, **times).elapsed_s is None
    assert child_says(state="CANCELLED", nodelist="n1", **times).start is not None


def test_a_waiting_array() -> None:
    """Tasks that still wait are one record."""
    waiting = child_says(state="PENDING", array_id=7, array_task_id=None, array_tasks_waiting="1-8%2")
    assert (waiting.display_id, waiting.is_alive, waiting.exit_code) == ("7_[1-8%2]", True, None)


def test_a_job_that_is_no_component() -> None:
    """An offset that is Slurm's NO_VAL is none."""
    assert child_says(heterogeneous_id=7, heterogeneous_offset=0xFFFFFFFE).display_id == "7"


def test_memory_kill_from_step_statistics() -> None:
    """The child's steps carry what makes a memory kill certain."""
    step = {
        "id": 0,
        "state": "CANCELLED",
        "exit_code": 0,
        "exit_code_signal": 9,
        "max_resident_memory": 413716480,
    }
    killed = child_says(exit_code=9, memory=100, num_nodes=1, steps=[step])
    assert killed.out_of_memory_evidence == "step 7.0 used 413716480 of 104857600 bytes"
    assert (killed.exit_code, killed.state, killed.max_rss_bytes) == (137, State.OUT_OF_MEMORY, 413716480)


def test_an_exit_code_in_doubt() -> None:
    """As pyslurm subtracts 128 on every release, a lone 9 may be 137."""
    assert child_says(exit_code=9).exit_code_may_lack_128


def test_who_cancelled() -> None:
    """The state's words name who cancelled, as sacct's do."""
    assert child_says(state="CANCELLED", cancelled_by="root").state_text == "CANCELLED by root"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b'{"jobs": 7}',
        b'{"jobs": [7, {}, {"id": null}, {"id": "7"}]}',
        b"\xff",
        b"[" * 9999,
    ],
)
def test_anything_else_is_nothing(data: bytes) -> None:
    """What is no answer of the child's gives no attempt."""
    assert parse_pyslurm(data) == ()


def test_the_child_is_isolated() -> None:
    """The child runs without the user's environment and gets its ids as JSON."""
    argv = pyslurm_argv(Question(work_dir=SET, job_ids=(JobId("12_3"), JobId("9"))))
    assert argv[1] == "-I"
    assert json.loads(argv[-1]) == {"ids": [9, 12]}
