"""Put an experiment's logs in the order of the attempts that wrote them.

Invariant: pure; the latest attempt's logs come last, its standard output after its standard error. Logs that
no attempt is known to have written stand where their time of last change puts them, before those of the same
attempt.
"""

from collections.abc import Iterable, Mapping, Sequence

from afterall.discover.layout.known_jobs import id_of_log
from afterall.discover.matching.job_paths import JobPaths
from afterall.discover.matching.recycled import to_ns
from afterall.discover.names.directories import natural_key
from afterall.model import Attempt, LogFile

_AFTER_END_NS = 300 * 1_000_000_000
"""How long after a job's end its buffered output may still reach the file."""


def order_logs(
    logs: Iterable[LogFile], attempts: Sequence[Attempt], mtimes_ns: Mapping[str, int], paths: JobPaths
) -> tuple[LogFile, ...]:
    """Return `logs`, those of the last of `attempts` (oldest first) last."""
    outputs = {path: index for index, one in enumerate(attempts) if (path := paths.output_in_set(one))}
    ids = {
        shown: index for index, one in enumerate(attempts) for shown in (one.job_id, one.display_id) if shown
    }

    def place(log: LogFile) -> tuple[float, bool, bool, int, object]:
        written = mtimes_ns.get(log.path, 0)
        shown = id_of_log(log)
        index = ids.get(shown or "", outputs.get(log.path))
        position = (
            float(index) if index is not None else _by_time(written, attempts, has_id=shown is not None)
        )
        return (position, index is not None, not log.is_stderr, written, natural_key(log.path))

    return tuple(sorted(logs, key=place))


def _by_time(written_ns: int, attempts: Sequence[Attempt], *, has_id: bool) -> float:
    """Return the index of the latest attempt begun before the log was last written, -1 where none was.

    A log with an id of its own, written after that attempt's end, is a later job's that Slurm does not know.
    """
    latest = -1
    for index, attempt in enumerate(attempts):
        if attempt.start is not None and to_ns(attempt.start) <= written_ns:
            latest = index
    end = attempts[latest].end if latest >= 0 else None
    return latest + 0.5 if has_id and end is not None and to_ns(end) + _AFTER_END_NS < written_ns else latest
