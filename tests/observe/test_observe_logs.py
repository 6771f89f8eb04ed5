"""Check what log names add to what Slurm said."""

from afterall.model import (
    Attempt,
    ExperimentLayout,
    JobId,
    LogFile,
    Observation,
    SetLayout,
    SlurmSource,
    SourceReport,
    State,
)
from afterall.observe import from_logs
from observe.observe_slurm import SET, leg


def layout(*logs: LogFile, shared: tuple[LogFile, ...] = ()) -> SetLayout:
    """Return a set of one experiment with `logs`."""
    experiment = ExperimentLayout(name="rank4", path="rank4", logs=logs)
    return SetLayout(path=SET, name="sweep", owner_uid=1001, experiments=(experiment,), shared_logs=shared)


def log(job_id: str | None, task_id: str | None = None) -> LogFile:
    """Return a log with what its name says."""
    return LogFile(path="x.out", job_id=JobId(job_id) if job_id else None, task_id=task_id)


def added(set_layout: SetLayout, *known: Attempt) -> list[str]:
    """Return the ids of the attempts that logs add."""
    observation = from_logs(set_layout, Observation(attempts=known))
    return [attempt.display_id for attempt in observation.attempts if attempt.source is SlurmSource.LOG]


def test_an_unknown_job_is_added() -> None:
    """A job that only its log's name speaks of is an attempt without a state."""
    observation = from_logs(layout(log("7")), Observation())
    assert observation.attempts == (Attempt(job_id=JobId("7"), source=SlurmSource.LOG, display_id="7"),)
    assert observation.attempts[0].state is State.UNKNOWN
    assert [report.source for report in observation.asked] == [SlurmSource.LOG]


def test_logs_are_told_once_as_a_source() -> None:
    """A set that is looked at again, with a new log, is told as if it had been looked at once."""
    said = Observation(attempts=(leg("9"),), asked=(SourceReport(SlurmSource.SACCT, True),))
    once = from_logs(layout(log("7")), said)
    both = layout(log("7"), log("8"))
    assert from_logs(both, once) == from_logs(both, said)
    assert [report.source for report in from_logs(both, once).asked] == [SlurmSource.SACCT, SlurmSource.LOG]


def test_known_jobs_are_not_added() -> None:
    """A job is known by its raw id, its array's id and index, its array or its het job."""
    known = (leg("33", display_id="23_1"), leg("27", display_id="26+1"), leg("9"))
    logs = (log("9"), log("33"), log("23", "1"), log("23"), log("26"))
    assert added(layout(*logs), *known) == []


def test_another_task_of_a_known_array_is_added() -> None:
    """A log of a task that no source knows is told, though its array is known."""
    assert added(layout(log("23", "2")), leg("33", display_id="23_1")) == ["23_2"]


def test_a_job_is_added_once() -> None:
    """Several logs of one job, in the run's and in the common directory, are one attempt."""
    assert added(layout(log("7"), log("7"), shared=(log("7"), log("8")))) == ["7", "8"]


def test_nothing_to_add_changes_nothing() -> None:
    """Where every log's job is known, or has no id, the observation stays as it is."""
    observation = Observation(attempts=(leg("7"),))
    assert from_logs(layout(log("7"), log(None)), observation) is observation


def test_order_does_not_depend_on_the_logs_order() -> None:
    """Added attempts stand in the order of their ids."""
    assert added(layout(log("10"), log("9"), log("9", "2"))) == ["9", "10", "9_2"]
