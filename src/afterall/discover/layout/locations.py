"""Tell to which place of a set each directory belongs, past containers and what lies in checkpoints.

Invariant: pure over entries and independent of their order; every directory is judged once.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable

from msgspec import Struct

from afterall.discover.names import directories, files
from afterall.discover.names.logs import LogName, is_generic, job_of_directory, parse_log_name
from afterall.model import Entry, EntryKind

Key = tuple[str, ...]

_SUBMITIT_FILE = re.compile(r"\d+(_\d+)*_(submitted\.pkl|log\.out|log\.err)", re.ASCII)
"""submitit keeps a job's logs and pickles in its folder, which people call <folder>/%j, or after the run."""
_JOB = re.compile(r"\d+(_\d+)?", re.ASCII)


class Location(Struct, frozen=True):
    """Where a directory belongs: its place, that place's topmost directory, and whether in a checkpoint."""

    key: Key
    root: str
    in_checkpoint: bool = False


class Locator:
    """Answers to which place a directory belongs."""

    def __init__(
        self, entries: Iterable[Entry], scripts: frozenset[str], ignore: Callable[[str], bool]
    ) -> None:
        """Take the set's entries, its batch scripts, and what tells directories that hold no experiment."""
        entries = tuple(entries)
        self._ignore = ignore
        self._containers = _log_directories(entries, scripts)
        self._runs = _runs_named_like_parts(entries, scripts)
        self._known: dict[str, Location | None] = {"": Location((), "")}

    def locate(self, directory: str) -> Location | None:
        """Return where `directory` belongs, or None for one that can hold no run."""
        missing = []
        while directory not in self._known:
            missing.append(directory)
            directory = directory.rpartition("/")[0]
        location = self._known[directory]
        for below in reversed(missing):
            location = self._below(location, below)
            self._known[below] = location
        return location

    def _below(self, above: Location | None, path: str) -> Location | None:
        name = _name(path)
        if above is None or directories.is_no_experiment(name) or self._ignore(path):
            return None
        if above.in_checkpoint:
            return above
        if path not in self._runs:
            if directories.is_checkpoint(name) or directories.is_state_in(
                name, _name(path.rpartition("/")[0])
            ):
                return Location(above.key, above.root, in_checkpoint=True)
            if path in self._containers or directories.is_container(name):
                return above
        own = directories.without_output_prefix(name)
        return Location((*above.key, own), path)


def _log_directories(entries: tuple[Entry, ...], scripts: frozenset[str]) -> frozenset[str]:
    """Return the directories that hold logs of several runs and nothing else of any, whatever their names."""
    logs: dict[str, list[LogName]] = defaultdict(list)
    others: set[str] = set()
    jobs: set[str] = set()
    configured: set[str] = set()
    holding: set[str] = set()
    """Directories with other directories in them, or weights."""
    for entry in entries:
        if entry.kind is not EntryKind.FILE:
            holding.add(entry.parent)
            continue
        if files.is_weights(entry.name):
            holding.add(entry.parent)
        log = parse_log_name(entry.name)
        if _SUBMITIT_FILE.fullmatch(entry.name):
            jobs.add(entry.parent)
        elif log is not None:
            logs[entry.parent].append(log)
        elif entry.path in scripts or files.is_product(entry.name) or files.is_run_config(entry.name):
            others.add(entry.parent)
        elif files.may_hold_parameters(entry.name):
            configured.add(entry.parent)
    found = {directory for directory, names in logs.items() if _are_of_several_runs(names)}
    found.update(directory for directory in logs if directories.is_called_logs(_name(directory)))
    found.update(
        above
        for above in (job.rpartition("/")[0] for job in jobs)
        if directories.is_called_logs(_name(above))
    )
    runs = others | configured | logs.keys()
    of_jobs = {job for job in jobs if job not in runs or _JOB.fullmatch(_name(job))}
    # As --output=logs/%A/%a.out makes them: a job's directory that holds nothing but what it printed.
    printed = {
        directory
        for directory, names in logs.items()
        if job_of_directory(_name(directory)) and all(is_generic(name.stem) for name in names)
    }
    return frozenset(((found | printed) - others - (printed & (configured | holding))) | of_jobs)


def _are_of_several_runs(logs: list[LogName]) -> bool:
    tasks = {(log.stem, log.job_id, log.task_id) for log in logs if log.task_id is not None}
    arrays = {(stem, job_id) for stem, job_id, _ in tasks}
    return len(tasks) > len(arrays) or len({log.stem for log in logs if log.job_id is not None}) > 2


def _runs_named_like_parts(entries: tuple[Entry, ...], scripts: frozenset[str]) -> frozenset[str]:
    """Return directories named like checkpoints that are runs: they hold a batch script or checkpoints."""
    runs = set()
    for entry in entries:
        holder = _name(entry.parent)
        if not directories.is_checkpoint(holder):
            continue
        is_run = entry.name == ".hydra" or (
            re.fullmatch(r"(checkpoint-|epoch_)\d+", entry.name, re.ASCII) is not None
            if entry.kind is EntryKind.DIRECTORY
            else entry.path in scripts and not files.evaluates(entry.name)
        )
        if is_run:
            runs.add(entry.parent)
    return frozenset(runs)


def _name(path: str) -> str:
    return path.rpartition("/")[2]
