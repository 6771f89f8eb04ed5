"""Turn what lies in a set into the question that Slurm is asked about it."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import chain

from afterall.model import EntryKind, JobId, SetLayout
from afterall.observe import Question

_MARGIN = timedelta(days=7)
"""Files may be older than the jobs they belong to, and a copied set's times newer than its jobs."""


def question_of(layout: SetLayout, more_ids: Iterable[JobId] = ()) -> Question:
    """Return the question for a set; `more_ids` are jobs that somebody else knows to be the set's."""
    logs = chain(layout.shared_logs, chain.from_iterable(one.logs for one in layout.experiments))
    named = {
        log.job_id if log.task_id is None else f"{log.job_id}_{log.task_id}" for log in logs if log.job_id
    }
    known = {job_id for one in layout.experiments for job_id in one.job_ids}
    return Question(
        work_dir=layout.path,
        job_ids=tuple(sorted(JobId(str(job_id)) for job_id in {*known, *named, *more_ids})),
        uid=layout.owner_uid,
        since=_since(layout),
        every_job_known=all(one.job_ids for one in layout.experiments) and not layout.truncated,
    )


def _since(layout: SetLayout) -> datetime | None:
    times = [entry.mtime_ns for entry in layout.entries if entry.kind is EntryKind.FILE]
    if not times:
        return None
    return datetime.fromtimestamp(max(min(times), 0) // 10**9, UTC) - _MARGIN
