"""Find the runs that left no directory, beside runs that did: only a log, or only a job's record.

Invariant: pure; a run is added only where its name is an experiment's with other numbers in it. Without these
a run that failed before it made its directory would be missing from the report.
"""

import re
from collections.abc import Iterable, Sequence

from msgspec import Struct

from afterall.discover.names.directories import natural_key
from afterall.discover.names.globs import matches_any
from afterall.discover.names.logs import parse_log_name
from afterall.model import ExperimentLayout, LogFile
from afterall.settings import SetSettings

_NUMBER = re.compile(r"\d+", re.ASCII)
_NUMBERED = re.compile(r"(.*?)0*(\d+)", re.ASCII | re.DOTALL)


class Sighting(Struct, frozen=True):
    """One trace of a job: what its name says, its task in an array, and its log.

    Only an `is_claimant` makes a run; the others tell how many tasks the array has.
    """

    stem: str
    task_id: str | None = None
    log: LogFile | None = None
    is_claimant: bool = True


def sightings_in(logs: Iterable[LogFile]) -> tuple[Sighting, ...]:
    """Return a sighting for each training log that bears a job id."""
    return tuple(
        Sighting(_stem(log), log.task_id, log)
        for log in logs
        if log.job_id is not None and not log.is_evaluation
    )


def with_lost_runs(
    experiments: Sequence[ExperimentLayout], sightings: Sequence[Sighting], settings: SetSettings
) -> tuple[ExperimentLayout, ...]:
    """Return the experiments with those that only the sightings speak of, in natural order.

    Where afterall.toml names the experiments there are no others, and none that it excludes.
    """
    if settings.experiments:
        return tuple(experiments)
    scripts = next((one.scripts for one in experiments if one.scripts), ())
    names = _Names(experiments, sightings)
    lost: dict[str, list[LogFile]] = {}
    for sighting in sightings:
        name = names.of_lost(sighting) if sighting.is_claimant else None
        if name is not None and not matches_any(name, settings.exclude):
            lost.setdefault(name, []).extend([sighting.log] if sighting.log else [])
    added = [
        ExperimentLayout(name=name, path="", logs=tuple(dict.fromkeys(logs)), scripts=scripts)
        for name, logs in lost.items()
    ]
    return tuple(sorted((*experiments, *added), key=lambda one: natural_key(one.name)))


class _Names:
    """Knows how a set's experiments are called, and by which numbers."""

    def __init__(self, experiments: Sequence[ExperimentLayout], sightings: Iterable[Sighting]) -> None:
        short = [one.name.rpartition("/")[2] for one in experiments]
        self._known = {*short, *(one.name for one in experiments)}
        self._shapes = {_shape(name) for name in short if _NUMBER.search(name)}
        found = [_NUMBERED.fullmatch(name) for name in short]
        self._bases = {one[1] if one else None for one in found}
        self._numbers = {one[2] for one in found if one}
        self._is_by_number = len(self._bases) == 1 and len(self._numbers) == len(found)
        self._tasks: dict[str, set[str]] = {}
        for sighting in sightings:
            if sighting.task_id is not None:
                self._tasks.setdefault(sighting.stem, set()).add(sighting.task_id)

    def of_lost(self, sighting: Sighting) -> str | None:
        """Return the name of the run that a sighting speaks of, None where it is no run or a known one."""
        name = sighting.stem if sighting.task_id is None else self._of_task(sighting.stem, sighting.task_id)
        if (
            name is None
            or name in self._known
            or (sighting.task_id is None and _shape(name) not in self._shapes)
        ):
            return None
        return name

    def _of_task(self, stem: str, task_id: str) -> str | None:
        is_by_number = self._is_by_number and self._tasks[stem] >= self._numbers
        base = next(iter(self._bases)) if is_by_number else None
        return None if base is None or task_id in self._numbers else f"{base}{task_id}"


def _shape(name: str) -> str:
    return _NUMBER.sub("#", name)


def _stem(log: LogFile) -> str:
    named = parse_log_name(log.path.rpartition("/")[2])
    return named.stem if named else ""
