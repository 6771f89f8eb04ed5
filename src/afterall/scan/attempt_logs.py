"""Group an experiment's logs by the job that wrote them, the one that counts first.

Invariant: logs of evaluations are no training logs; stdout and stderr of one job stay together.
"""

from collections.abc import Sequence

from afterall.model import Attempt, LogFile

NO_ARRAY_TASK = "4294967294"
"""What Slurm's %a gives for a job that is no array's (NO_VAL)."""


def logs_by_attempt(logs: Sequence[LogFile], latest: Attempt | None) -> list[tuple[LogFile, ...]]:
    """Return groups of logs, first those of `latest`, then the others from the last to the first.

    The first group is empty where the attempt that counts has no log of its own; logs whose names tell no job
    belong to it then.
    """
    groups: dict[tuple[str | None, str | None], list[LogFile]] = {}
    for log in logs:
        if not log.is_evaluation:
            groups.setdefault((log.job_id, log.task_id), []).append(log)
    if latest is None:
        return [tuple(group) for group in reversed(groups.values())] or [()]
    own = [key for key in groups if _wrote(latest, *key)]
    unnamed = [key for key in groups if key[0] is None]
    first = own or unnamed
    rest = [key for key in reversed(groups) if key not in first]
    return [tuple(log for key in first for log in groups[key]), *(tuple(groups[key]) for key in rest)]


def _wrote(attempt: Attempt, job_id: str | None, task_id: str | None) -> bool:
    if task_id is not None and task_id != NO_ARRAY_TASK:
        return attempt.display_id == f"{job_id}_{task_id}"
    return job_id in (attempt.job_id, attempt.display_id)
