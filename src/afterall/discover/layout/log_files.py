"""Pick out the logs among files, and tell training's from evaluation's.

Invariant: pure over paths; trackers' own files, per-rank copies of torchrun and the report job's output are
no logs.
"""

import re
from collections.abc import Iterable

from afterall.discover.layout.parts import Part
from afterall.discover.names import directories
from afterall.discover.names.directories import words_of
from afterall.discover.names.logs import is_generic, is_report_output, job_of_directory, parse_log_name
from afterall.discover.names.purposes import Purpose, purpose_of
from afterall.model import EntryKind, LogFile

_TRACKERS = frozenset({"wandb", "mlruns", "mlartifacts"})
_TORCHRUN_COPY = re.compile(r"(?:^|/)attempt_\d+/\d+/std(?:out|err)\.log$", re.ASCII)


def log_files(parts: Iterable[Part], name: str = "") -> tuple[LogFile, ...]:
    """Return the logs among the parts of the experiment called `name`, or of a set.

    A job's log in a checkpoint is a copy where the same lies outside; one found only there is an
    evaluation's: cruijff_kit leaves these with the weights that were evaluated.
    """
    own = words_of(name)
    found = [(part, log) for part in parts if (log := _log_of(part, own))]
    outside = {
        (log.job_id, log.task_id) for part, log in found if log.job_id and not lies_in_checkpoint(part.inside)
    }
    logs = [
        log
        for part, log in found
        if not (lies_in_checkpoint(part.inside) and (log.job_id, log.task_id) in outside)
    ]
    training = {
        log.path for log in logs if not log.is_evaluation and purpose_of(_name(log), own) is Purpose.TRAINING
    }
    return tuple(log for log in logs if log.is_evaluation or log.path in training or not training)


def lies_in_checkpoint(inside: str) -> bool:
    """Return whether a file, by its path below its experiment, lies in a saved state's directory."""
    return any(directories.is_checkpoint(name) for name in inside.split("/")[:-1])


def lies_in_evaluation(inside: str) -> bool:
    """Return whether a file, by its path below its experiment, lies in a directory of evaluations."""
    return any(directories.is_evaluation(name) for name in inside.split("/")[:-1])


def is_job_log(path: str) -> bool:
    """Return whether a log is surely a job's or a training's by its name alone, wherever it lies."""
    above, _, name = path.rpartition("/")
    named = parse_log_name(name)
    if named is None or named.is_evidence:
        return named is not None
    return named.job_id is not None and any(map(directories.is_called_logs, above.split("/")))


def _log_of(part: Part, own: frozenset[str]) -> LogFile | None:
    entry = part.entry
    if entry.kind is not EntryKind.FILE or is_report_output(entry.name) or _TORCHRUN_COPY.search(entry.path):
        return None
    if not _TRACKERS.isdisjoint(part.inside.split("/")[:-1]):
        return None
    named = parse_log_name(entry.name)
    if named is None:
        return None
    is_evaluation = (
        lies_in_evaluation(part.inside)
        or lies_in_checkpoint(part.inside)
        or purpose_of(entry.name, own) is Purpose.EVALUATION
    )
    job_id, task_id = named.job_id, named.task_id
    job = job_of_directory(entry.parent.rpartition("/")[2]) if job_id is None else None
    if job is not None and is_generic(named.stem):
        # As --output=logs/%A/%a.out and logs/%j/train.out make it.
        job_id, task_id = job[0], job[1] or (str(int(named.stem)) if named.stem.isdecimal() else None)
    return LogFile(entry.path, job_id, task_id, named.is_stderr, is_evaluation)


def _name(log: LogFile) -> str:
    return log.path.rpartition("/")[2]
