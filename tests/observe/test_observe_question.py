"""Check which of a user's jobs are taken for a set's."""

import pytest

from afterall.model import Attempt, JobId, SlurmState
from afterall.observe import Question, belonging
from observe.observe_slurm import SET, leg

OUTSIDE = "/scratch/lab/researcher"


def is_taken(attempt: Attempt, **question: object) -> bool:
    """Tell whether a job is taken for the set's."""
    asked = Question(**{"work_dir": SET, **question})  # type: ignore[arg-type]
    return bool(belonging([attempt], asked))


@pytest.mark.parametrize(
    ("work_dir", "taken"),
    [
        (SET, True),
        (f"{SET}/rank4", True),
        (f"{SET}/a/b/../c", True),
        (f"{SET}//a", True),
        (f"{SET}_other", False),
        (f"{SET}/../other", False),
        (OUTSIDE, False),
        ("", False),
    ],
)
def test_directories(work_dir: str, taken: bool) -> None:
    """A job that was submitted in the set or below is of the set, by whole path components."""
    assert is_taken(leg(work_dir=work_dir)) is taken


@pytest.mark.parametrize(
    ("job_id", "display_id", "asked", "taken"),
    [
        ("9", "9", "9", True),
        ("33", "23_1", "23", True),
        ("33", "23_1", "23_1", True),
        ("34", "23_2", "23_1", True),
        ("23", "23_[5-9%2]", "23_1", True),
        ("27", "26+1", "26", True),
        ("33", "23_1", "33", True),
        ("231", "231", "23", False),
    ],
)
def test_ids(job_id: str, display_id: str, asked: str, taken: bool) -> None:
    """A known id takes its job wherever it ran, with its whole array or het job."""
    attempt = leg(job_id, display_id=display_id, work_dir=OUTSIDE)
    assert is_taken(attempt, job_ids=(JobId(asked),)) is taken


@pytest.mark.parametrize(
    ("submit_line", "taken"),
    [
        ("sbatch sweep/rank4/train.sbatch", True),
        (f"sbatch -p gpu --time=1:00:00 {SET}/rank4/train.slurm 5", True),
        ("sbatch --chdir=sweep/rank4 train.sh", True),
        ("sbatch -o sweep/logs/%j.out train.sh", True),
        ("sbatch eval.sh sweep/rank4/epoch_2", False),
        ("sbatch --wrap rm -r sweep/rank4", False),
        ("sbatch sweeps/rank4/train.sbatch", False),
        ("sbatch sweep", False),
        ("", False),
    ],
)
def test_scripts_of_the_set_submitted_from_above(submit_line: str, taken: bool) -> None:
    """A waiting job whose script or output lies in the set is of the set; its arguments do not count."""
    assert is_taken(leg(state=SlurmState.PENDING, work_dir=OUTSIDE, submit_line=submit_line)) is taken


def test_output_in_the_set() -> None:
    """A job that writes its output into the set is of the set."""
    assert is_taken(leg(work_dir=OUTSIDE, std_out=f"{SET}/logs/7.out"))
    assert not is_taken(leg(work_dir=OUTSIDE, std_out="logs/7.out"))


def test_the_summary_job_is_no_part_of_the_set() -> None:
    """Our own summary job in the set's directory is left out; a run's job of such a name is not."""
    assert not is_taken(leg(name="afterall-sweep", work_dir=SET))
    assert is_taken(leg(name="afterall-sweep", work_dir=f"{SET}/rank4"))


def test_excluded_jobs() -> None:
    """The job that asks is left out, by its id."""
    assert not is_taken(leg("9"), exclude=(JobId("9"),))
    assert is_taken(leg("9"), exclude=(JobId("8"),))


def test_who_is_asked_for() -> None:
    """The uid is asked for where it is known, since names may differ in case or be missing."""
    assert Question(work_dir=SET, uid=1001, user="researcher").asked_user == "1001"
    assert Question(work_dir=SET, uid=0).asked_user == "0"
    assert Question(work_dir=SET, user="researcher").asked_user == "researcher"


@pytest.mark.parametrize(
    ("question", "by_ids"),
    [
        (Question(work_dir=SET, uid=1001), False),
        (Question(work_dir=SET, uid=1001, every_job_known=True), False),
        (Question(work_dir=SET, uid=1001, job_ids=(JobId("7"),)), False),
        (Question(work_dir=SET, uid=1001, job_ids=(JobId("7"),), every_job_known=True), True),
        (Question(work_dir=SET, job_ids=(JobId("7"),)), True),
    ],
)
def test_ids_or_window(question: Question, by_ids: bool) -> None:
    """Ids alone are asked for only where they are all there are, or nothing else is known."""
    assert question.asks_by_ids is by_ids
