"""Make room for jobs that only their logs speak of: sources may be off, purged, or on another cluster.

Invariant: a log's name proves that a job ran, not how it ended; the attempt it makes has no state.
"""

from msgspec.structs import replace

from afterall.model import Attempt, JobId, Observation, SetLayout, SlurmSource, SourceReport


def from_logs(layout: SetLayout, observation: Observation) -> Observation:
    """Return `observation` with an attempt for each job that a log is named after and no source knows.

    A task of an array is known to users as ARRAY_TASK; its own raw id stands in no file name.
    """
    logs = [*(log for experiment in layout.experiments for log in experiment.logs), *layout.shared_logs]
    named = {(log.job_id, log.task_id) for log in logs if log.job_id is not None}
    known = {spoken for attempt in observation.attempts for spoken in _ids(attempt)}
    unknown = {_spoken(job_id, task_id) for job_id, task_id in named} - known
    if not unknown:
        return observation
    added = [Attempt(job_id=JobId(spoken), source=SlurmSource.LOG, display_id=spoken) for spoken in unknown]
    logged = [*added, *(one for one in observation.attempts if one.source is SlurmSource.LOG)]
    others = (one for one in observation.attempts if one.source is not SlurmSource.LOG)
    spoke = SourceReport(SlurmSource.LOG, True)
    return replace(
        observation,
        attempts=(*sorted(logged, key=lambda one: (len(one.job_id), one.job_id)), *others),
        asked=(*(report for report in observation.asked if report != spoke), spoke),
    )


def _ids(attempt: Attempt) -> tuple[str, ...]:
    """Return every way a log's name can speak of an attempt: %A_%a, %A, and %j, which is a task's raw id."""
    return (attempt.job_id, attempt.display_id, attempt.base_id)


def _spoken(job_id: str, task_id: str | None) -> str:
    return job_id if task_id is None else f"{job_id}_{task_id}"
