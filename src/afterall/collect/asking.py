"""Ask Slurm once for all sets that are due.

Invariant: whatever the number of sets and of their jobs, one accounting query in a debounce time, which names
no more ids than a query may: further sets wait for the next round, and a set that has more ids by itself is
asked about in several rounds, before any other.
"""

import os
from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec.structs import replace

from afterall.collect.clock import Clock
from afterall.collect.item import SetItem
from afterall.collect.messages import OptIn
from afterall.collect.portions import Portions, portions, put_together
from afterall.collect.store import Notes
from afterall.model import JobId, Observation
from afterall.observe import Question, SlurmCommands, observe_many
from afterall.settings import SiteSettings

_LONGEST_WINDOW = timedelta(days=366)


class Asking:
    """The questions to Slurm, and the time between them."""

    def __init__(self, site: SiteSettings, clock: Clock) -> None:
        self._site = site
        self._clock = clock
        self._asked_at: float | None = None
        self._portions: Portions | None = None

    @property
    def is_halfway(self) -> bool:
        """True while a set has been asked about in part."""
        return self._portions is not None

    def must_wait_s(self) -> float:
        """Return for how long Slurm is still left in peace: the debounce time, however many sets are due."""
        if self._asked_at is None:
            return 0.0
        return max(0.0, self._asked_at + self._site.debounce_s - self._clock.monotonic())

    def ask(self, items: list[SetItem]) -> list[tuple[SetItem, Observation]]:
        """Return what Slurm says of each item of a batch; nothing yet where it takes more than one query."""
        if not items:
            return []
        question = question_of(items[0], self._clock.now())
        ids = portions(question, self._site.query_batch) if len(items) == 1 else ()
        if ids:
            self._portions = Portions(items[0], ids)
            return self._ask_next(self._portions)
        return list(zip(items, self._put(items), strict=True))

    def go_on(self, sets: Notes[SetItem]) -> list[tuple[SetItem, Observation]] | None:
        """Ask about the next portion of a set that was asked about in part; None where there is none.

        One that has had an event meanwhile is due again, and asked about from the beginning then.
        """
        asked, self._portions = self._portions, None
        note = None if asked is None else sets.get(asked.item.key)
        if asked is None or note is None or note.revision != asked.item.revision:
            return None
        return self._ask_next(asked)

    def _ask_next(self, asked: Portions) -> list[tuple[SetItem, Observation]]:
        portion = replace(asked.item, jobs=asked.next_ids)
        asked = replace(asked, said=(*asked.said, *self._put([portion])))
        self._portions = asked if asked.next_ids else None
        return [] if asked.next_ids else [(asked.item, put_together(asked))]

    def _put(self, items: list[SetItem]) -> list[Observation]:
        """Put one round of questions: the only place that does."""
        now, self._asked_at = self._clock.now(), self._clock.monotonic()
        questions = [question_of(item, now) for item in items]
        return observe_many(questions, commands_of(self._site), now)


def first_batch(items: Sequence[SetItem], site: SiteSettings, now: datetime) -> list[SetItem]:
    """Return the first items that one query can ask about; one of them at least, where there are any.

    Items with and without a known user need a query each, and so never come together.
    """
    taken: list[SetItem] = []
    ids: set[JobId] = set()
    for item in items:
        if taken and bool(_users_of(item)) is not bool(_users_of(taken[0])):
            continue
        ids |= {*question_of(item, now).asked_ids}
        if taken and len(ids) > site.query_batch:
            break
        taken.append(item)
    return taken


def question_of(item: SetItem, now: datetime) -> Question:
    """Return the item's question: by ids where the set names every job, otherwise by user and time.

    A set that has not opted in is asked for by its events' ids alone: nobody has looked into it. So is one
    whose user no name service knows: sacct and squeue refuse a whole list of users for one of these.
    """
    is_recent = item.since is not None and now - item.since < _LONGEST_WINDOW
    return Question(
        work_dir=item.set_dir,
        job_ids=item.jobs,
        user=",".join(sorted(map(str, _users_of(item)))) or None,
        since=item.since if is_recent else None,
        every_job_known=item.every_job_known or item.opt_in is OptIn.UNSAID,
    )


def _users_of(item: SetItem) -> set[int]:
    """Return whose jobs may belong to the set, as far as a name service knows them."""
    return {uid for uid in (item.uid if item.user_known else None, item.owner_uid) if uid is not None}


def commands_of(site: SiteSettings) -> SlurmCommands:
    """Return how Slurm's commands are run: root never looks along its caller's PATH."""
    path = site.slurm_path
    if os.geteuid() != 0:
        path = f"{os.environ.get('PATH', '')}:{path}".lstrip(":")
    environment = {} if site.slurm_conf is None else {"SLURM_CONF": site.slurm_conf}
    return SlurmCommands(
        path=path,
        environment=environment,
        timeout_s=site.slurm_timeout_s,
        ids_a_query=site.query_batch,
    )
