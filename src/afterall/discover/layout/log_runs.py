"""Find the runs of a set that have no directories at all, only logs.

Invariant: pure; each log belongs to exactly one run. Tasks of an array are runs, named alike in a second
submission; so are jobs of different names. Only the names Slurm and shells give by default ("slurm", "train",
"job") tell no runs apart.
"""

from collections.abc import Iterable

from afterall.discover.names.directories import natural_key
from afterall.discover.names.logs import LogName, parse_log_name
from afterall.model import LogFile

_NO_NAMES = frozenset(
    {"", "slurm", "job", "train", "training", "run", "output", "log", "out", "sbatch", "batch", "nohup"}
)


def runs_in_logs(logs: Iterable[LogFile]) -> dict[str, tuple[LogFile, ...]]:
    """Return the logs of each run by the run's name, in natural order; evaluations' logs are left out."""
    runs: dict[str, list[LogFile]] = {}
    for log in sorted(logs, key=lambda log: natural_key(log.path)):
        named = parse_log_name(log.path.rpartition("/")[2])
        if named is not None and not log.is_evaluation:
            runs.setdefault(_run_name(named, log), []).append(log)
    return {name: tuple(runs[name]) for name in sorted(runs, key=natural_key)}


def _run_name(named: LogName, log: LogFile) -> str:
    """Return the name of the run that a log is of; its directory may bear the ids that its own name lacks."""
    stem = "" if named.job_id is None and named.stem == log.task_id else named.stem
    if log.task_id is not None:
        return f"{stem or log.job_id}_{log.task_id}"
    if stem.lower() in _NO_NAMES and log.job_id is not None:
        return f"{stem}-{log.job_id}" if stem else log.job_id
    return stem or "run"
