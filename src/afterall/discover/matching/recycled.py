"""Tell a job of a set from another job that was given the same id.

Invariant: pure; a job is another's only on evidence. Ids come again when they pass MaxJobId or the controller
loses its state, and accounting keeps both records for years.
"""

from collections.abc import Iterable
from datetime import datetime

from afterall.discover.matching.claims import Claim
from afterall.discover.matching.job_paths import JobPaths
from afterall.model import Attempt, SetLayout

_HOUR_NS = 3_600_000_000_000
_BEFORE_START_NS = _HOUR_NS
"""Clocks of file servers and of the controller differ."""
_AFTER_END_NS = 24 * _HOUR_NS
"""A log is appended to or moved a while after its job."""


class Recycling:
    """Judges whether records that bear a claimed id are of the set's own jobs."""

    def __init__(self, layout: SetLayout, paths: JobPaths) -> None:
        """Take the set as it lies and where its jobs worked."""
        self._owner_uid = layout.owner_uid
        self._paths = paths
        self._roots = [one.roots for one in layout.experiments]
        self._newest_ns = max((entry.mtime_ns for entry in layout.entries), default=None)

    def strangers(self, claimed: Iterable[tuple[Attempt, Claim]]) -> frozenset[int]:
        """Return the positions among `claimed` of records of other jobs.

        The legs of one requeued job stand and fall together: its log was last written by one of them.
        """
        claimed = list(claimed)
        legs_that_fit = {_job(attempt) for attempt, claim in claimed if self._fits(attempt, claim)}
        return frozenset(
            position
            for position, (attempt, claim) in enumerate(claimed)
            if not (
                claim.is_sure
                or self._paths.is_ours(attempt)
                or (_job(attempt) in legs_that_fit and self._may_be_ours(attempt, claim))
            )
        )

    def _may_be_ours(self, attempt: Attempt, claim: Claim) -> bool:
        """Return whether a job that worked elsewhere was the owner's, or in what this set is a copy of.

        In another's set, copied under another name, the run's directory is still called as the job's was.
        """
        if attempt.uid is None or attempt.uid == self._owner_uid:
            return True
        worked_in = attempt.work_dir.rstrip("/")
        is_timed = bool(claim.mtimes_ns and attempt.start and attempt.end)
        return is_timed and any(root and worked_in.endswith(f"/{root}") for root in self._roots[claim.index])

    def _fits(self, attempt: Attempt, claim: Claim) -> bool:
        begin, end = attempt.start or attempt.submit, attempt.end
        if begin is None:
            return True
        if claim.mtimes_ns:
            return any(
                to_ns(begin) - _BEFORE_START_NS <= written
                and (end is None or written <= to_ns(end) + _AFTER_END_NS)
                for written in claim.mtimes_ns
            )
        # The id was written down after the submission; nothing in the set is then older than all its jobs.
        return self._newest_ns is None or to_ns(attempt.submit or begin) <= self._newest_ns + _HOUR_NS


def to_ns(moment: datetime) -> int:
    """Return an aware moment as nanoseconds since the epoch."""
    return round(moment.timestamp()) * 1_000_000_000


def _job(attempt: Attempt) -> tuple[str, str, str]:
    return (attempt.cluster, attempt.job_id, attempt.work_dir)
