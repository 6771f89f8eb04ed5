"""Ask about a set that has more ids than one query may name in portions, and put the answers together as one.

Invariant: pure, and never surer than a single question would be: the whole is as old as its first portion,
and a source has answered only if it did for every portion.
"""

from collections.abc import Iterable

from msgspec import Struct

from afterall.collect.item import SetItem
from afterall.model import Attempt, JobId, Observation, SourceReport
from afterall.observe import Question


class Portions(Struct, frozen=True):
    """A set that is being asked about: its portions of ids, and what Slurm said of the first of them."""

    item: SetItem
    ids: tuple[tuple[JobId, ...], ...]
    said: tuple[Observation, ...] = ()

    @property
    def next_ids(self) -> tuple[JobId, ...]:
        """The ids to ask about next; none when all were."""
        return self.ids[len(self.said)] if len(self.said) < len(self.ids) else ()


def portions(question: Question, most: int) -> tuple[tuple[JobId, ...], ...]:
    """Return a question's ids in portions of at most `most`; none where one query is enough.

    A question by user and time is one query, however many ids go with it.
    """
    ids = question.asked_ids
    if not question.asks_by_ids or len(ids) <= most:
        return ()
    return tuple(ids[start : start + most] for start in range(0, len(ids), most))


def put_together(asked: Portions) -> Observation:
    """Return what Slurm said of all portions.

    Squeue lists all of a user's jobs each time: what a portion says of another's ids is left to that one, and
    of a job that no portion names the last word counts.
    """
    every = {job_id for portion in asked.ids for job_id in portion}
    legs: dict[tuple[str, object], Attempt] = {}
    for portion, said in zip(asked.ids, asked.said, strict=True):
        others = every.difference(portion)
        for leg in said.attempts:
            if not others & {leg.job_id, leg.base_id}:
                legs[leg.job_id, leg.submit] = leg
    return Observation(
        attempts=tuple(sorted(legs.values(), key=_by_submission)),
        asked=_reports(report for said in asked.said for report in said.asked),
        summaries=tuple(dict.fromkeys(job_id for said in asked.said for job_id in said.summaries)),
        observed_at=asked.said[0].observed_at,
    )


def _by_submission(leg: Attempt) -> tuple[float, str]:
    return (leg.submit.timestamp() if leg.submit else 0.0, leg.job_id)


def _reports(reports: Iterable[SourceReport]) -> tuple[SourceReport, ...]:
    """Return each source once for each thing it said; its failures alone where it failed once."""
    every = tuple(dict.fromkeys(reports))
    failed = {report.source for report in every if not report.answered}
    return tuple(report for report in every if not (report.answered and report.source in failed))
