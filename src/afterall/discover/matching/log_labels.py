"""Read job ids in logs' names that only the jobs' names make plain: "sweep-8_0.out" of a job called "sweep".

Invariant: pure; a log that bears an id keeps it, and one gets an id only where its whole name is made of a
job's name and id, as `#SBATCH --output=%x-%A_%a.out` makes it.
"""

from collections.abc import Iterable

from msgspec.structs import replace

from afterall.discover.names.logs import parse_log_name
from afterall.model import Attempt, JobId, LogFile, SetLayout

_JOINTS = "-_."


def label_logs(layout: SetLayout, attempts: Iterable[Attempt]) -> SetLayout:
    """Return the layout with ids in those logs whose names are made of one of the jobs'."""
    made = {stem: ids for attempt in attempts for stem, ids in _names_made_of(attempt)}
    return replace(
        layout,
        experiments=tuple(replace(one, logs=_labelled(one.logs, made)) for one in layout.experiments),
        shared_logs=_labelled(layout.shared_logs, made),
    )


def _labelled(logs: tuple[LogFile, ...], made: dict[str, tuple[JobId, str | None]]) -> tuple[LogFile, ...]:
    return tuple(log if log.job_id is not None else _label(log, made) for log in logs)


def _label(log: LogFile, made: dict[str, tuple[JobId, str | None]]) -> LogFile:
    named = parse_log_name(log.path.rpartition("/")[2])
    if named is None or named.stem not in made:
        return log
    job_id, task_id = made[named.stem]
    return replace(log, job_id=job_id, task_id=task_id)


def _names_made_of(attempt: Attempt) -> Iterable[tuple[str, tuple[JobId, str | None]]]:
    """Yield the stems that usual output patterns give a job, with the id that each bears."""
    task_id = attempt.task_id
    shown = f"{attempt.base_id}_{task_id}" if task_id is not None else attempt.job_id
    labels = {shown: (attempt.base_id, task_id), attempt.job_id: (attempt.job_id, None)}
    for shown_id, ids in labels.items():
        yield shown_id, ids
        if attempt.name:
            for joint in _JOINTS:
                yield f"{attempt.name}{joint}{shown_id}", ids
                yield f"{shown_id}{joint}{attempt.name}", ids
