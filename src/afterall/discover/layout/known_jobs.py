"""Collect the job ids that are known of experiments before Slurm is asked.

Invariant: pure; ids come in the order manifest, submitters' records, logs' names, Lightning's directories,
each once. An array's task is written as Slurm shows it, "1234_7".
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from msgspec.structs import replace

from afterall.discover.names.directories import lightning_version
from afterall.discover.names.logs import plausible_job_id
from afterall.errors import BadSettings
from afterall.model import EntryKind, ExperimentLayout, JobId, LogFile
from afterall.settings import SETTINGS_NAME, SetSettings


def with_job_ids(
    experiments: Sequence[ExperimentLayout],
    recorded: Mapping[str, tuple[JobId, ...]],
    settings: SetSettings,
    set_path: str,
) -> tuple[ExperimentLayout, ...]:
    """Return the experiments with their `job_ids`; raise BadSettings where a setting names none of them."""
    known = {label for one in experiments for label in (one.name, one.path) if label}
    named = {f"jobs.{name}": name for name in settings.jobs}
    for key, name in {**named, **({"baseline": settings.baseline} if settings.baseline else {})}.items():
        if name not in known:
            listed = ", ".join(one.name for one in experiments[:10]) or "none"
            problem = f"names no experiment of this set (found: {listed})"
            raise BadSettings(f"{set_path}/{SETTINGS_NAME}", problem, key=key)
    last_names = Counter(_last_name(one) for one in experiments)
    filled = []
    for one in experiments:
        short = _last_name(one)
        labels = [label for label in dict.fromkeys((one.name, one.path)) if label]
        runs = [*labels, short] if short not in labels and last_names[short] == 1 else labels
        ids = [job_id for label in labels for job_id in settings.jobs.get(label, ())]
        ids += [job_id for run in runs for job_id in recorded.get(run, ())]
        ids += _ids_in_names(one)
        filled.append(replace(one, job_ids=tuple(JobId(job_id) for job_id in dict.fromkeys(ids))))
    return tuple(filled)


def id_of_log(log: LogFile) -> JobId | None:
    """Return the id in a log's name as Slurm shows it, or None."""
    if log.job_id is None or log.task_id is None:
        return log.job_id
    return JobId(f"{log.job_id}_{log.task_id}")


def _ids_in_names(one: ExperimentLayout) -> Iterator[str]:
    yield from (job_id for log in one.logs if not log.is_evaluation and (job_id := id_of_log(log)))
    for entry in one.entries:
        if entry.kind is EntryKind.DIRECTORY:
            # Under Slurm, Lightning numbers a run's version by the job id.
            version = lightning_version(entry.name)
            job_id = plausible_job_id(str(version)) if version is not None else None
            if job_id:
                yield job_id


def _last_name(one: ExperimentLayout) -> str:
    return one.name.rpartition("/")[2]
