"""Check one round of questions about many sets or many jobs."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from afterall.model import JobId
from afterall.observe import Question, combine, observe_many
from observe.observe_slurm import NOW, SET, FakeSlurm, at, sacct_row, squeue_row

QUESTION = Question(work_dir=SET, uid=1001, since=at(0))


@pytest.fixture
def slurm(tmp_path: Path) -> FakeSlurm:
    """Give a Slurm that knows of no job."""
    slurm = FakeSlurm(tmp_path / "bin")
    slurm.says("sacct", "")
    slurm.says("squeue", "")
    return slurm


def test_many_ids_are_asked_in_portions(slurm: FakeSlurm) -> None:
    """No query holds more than 200 ids."""
    ids = tuple(JobId(str(number)) for number in range(1, 451))
    question = Question(work_dir=SET, uid=1001, job_ids=ids, every_job_known=True)
    observe_many([question], slurm.commands(), NOW, use_pyslurm=False)
    asked = [call[call.index("-j") + 1].split(",") for call in slurm.calls("sacct")]
    assert [len(portion) for portion in asked] == [200, 200, 50]
    assert {job_id for portion in asked for job_id in portion} == set(ids)


def test_the_size_of_a_portion_is_a_setting(slurm: FakeSlurm) -> None:
    """A person's own report asks once, the worker as the site says."""
    ids = tuple(JobId(str(number)) for number in range(1, 451))
    question = Question(work_dir=SET, uid=1001, job_ids=ids, every_job_known=True)
    observe_many([question], replace(slurm.commands(), ids_a_query=1000), NOW, use_pyslurm=False)
    assert len(slurm.calls("sacct")) == 1


def test_many_sets_at_once(slurm: FakeSlurm) -> None:
    """Several users' sets are one query and one list, and each set gets its own jobs."""
    other = Question(work_dir="/scratch/lab/other/set", uid=1002, since=at(500))
    slurm.says("sacct", sacct_row("7") + sacct_row("8", UID="1002", WorkDir="/scratch/lab/other/set/a"))
    slurm.says("squeue", squeue_row("9", Z="/scratch/lab/other/set/b"))
    mine, theirs = observe_many([QUESTION, other], slurm.commands(), NOW, use_pyslurm=False)
    assert [leg.job_id for leg in mine.attempts] == ["7"]
    assert [leg.job_id for leg in theirs.attempts] == ["8", "9"]
    (call,) = slurm.calls("sacct")
    assert call[call.index("-u") + 1] == "1001,1002"
    assert call[call.index("-S") + 1] == "2026-11-22T07:11:23"
    assert len(slurm.calls("squeue")) == 1


def test_no_sets(slurm: FakeSlurm) -> None:
    """No question is no work."""
    assert observe_many([], slurm.commands(), NOW) == []
    assert slurm.calls("squeue") == []


def test_combined_questions() -> None:
    """The combined question covers each: all ids, all users, the earliest time, a window if any is one."""
    by_ids = Question(work_dir="/a", uid=1, job_ids=(JobId("7"),), since=at(9), every_job_known=True)
    window = Question(work_dir="/b", uid=2, job_ids=(JobId("8_1"),), since=at(5))
    assert combine([by_ids, by_ids]).asks_by_ids
    both = combine([by_ids, window])
    assert (both.asked_ids, both.asked_user, both.since, both.asks_by_ids) == (
        ("7", "8"),
        "1,2",
        at(5),
        False,
    )
    assert combine([window, Question(work_dir="/c", uid=3)]).since is None
