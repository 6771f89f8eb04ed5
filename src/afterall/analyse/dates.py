"""Date a set by its jobs, or by its files where no source knows when the jobs ran.

Invariant: dates come from the data alone, never from the clock.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

from msgspec import Struct

from afterall.model import Experiment, FileRole, SetLayout

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_WRITTEN_BY_TRAINING = frozenset(
    {FileRole.LOG, FileRole.TRAINER_STATE, FileRole.FULL_WEIGHTS, FileRole.ADAPTER, FileRole.TRACKER}
)


class Dates(Struct, frozen=True):
    """When the first run began and the last one ended; None where nothing tells."""

    first: datetime | None = None
    last: datetime | None = None
    from_files: bool = False


def date_set(layout: SetLayout, experiments: Sequence[Experiment]) -> Dates:
    """Return the dates of the set's training jobs; else those of what training wrote, else of any file."""
    attempts = [attempt for experiment in experiments for attempt in experiment.attempts]
    started = [attempt.start for attempt in attempts if attempt.start is not None]
    if started:
        return Dates(min(started), max([*started, *(a.end for a in attempts if a.end is not None)]))
    files = [stored for experiment in experiments for stored in experiment.files]
    written = (stored.entry.mtime_ns for stored in files if stored.role in _WRITTEN_BY_TRAINING)
    times = list(_datetimes(written)) or list(_datetimes(_all_times(layout)))
    return Dates(min(times), max(times), from_files=True) if times else Dates()


def _all_times(layout: SetLayout) -> Iterator[int]:
    for experiment in layout.experiments:
        for entry in experiment.entries:
            yield entry.mtime_ns


def _datetimes(times_ns: Iterable[int]) -> Iterator[datetime]:
    """Yield times since the epoch as datetimes; a file system may hold times that no calendar knows."""
    for time_ns in times_ns:
        try:
            yield _EPOCH + timedelta(microseconds=time_ns // 1000)
        except OverflowError:
            continue
