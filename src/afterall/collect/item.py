"""Hold what the worker remembers of one unfinished set, and how events, looks and answers change it.

Invariant: pure, and folding the same event twice adds nothing but one more look at Slurm; so a record may be
read again by the next worker whenever the last one died.
"""

from bisect import bisect_left
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Annotated

from msgspec import Meta, Struct
from msgspec.structs import replace

from afterall.collect.backoff import delay
from afterall.collect.messages import MAX_JOBS, LookedSet, OptIn, Person
from afterall.events import Event
from afterall.model import Attempt, JobId
from afterall.settings import SiteSettings

Moment = Annotated[datetime, Meta(tz=True)]


class ItemState(StrEnum):
    """Why a set is not finished, or how it was."""

    NEW = "new"
    """An event came; Slurm was not asked yet."""
    OPT_IN = "opt_in"
    """Whether it wants a report stands in a job's comment, which accounting has not told yet."""
    SIBLINGS = "siblings"
    """Jobs of the set are queued or running."""
    GRACE = "grace"
    """A job ended in a way after which Slurm may start it again."""
    ACCOUNTING = "accounting"
    """Slurm's records lag behind the events, or Slurm did not answer."""
    FAILING = "failing"
    """The report could not be written."""
    REPORTING = "reporting"
    """Over; its report is being written."""
    DONE = "done"
    FAILED = "failed"
    """Given up."""


class SetItem(Struct, frozen=True, kw_only=True):
    """One set of one user. Times are aware, in UTC."""

    key: str
    uid: int
    gid: int | None = None
    user: str = ""
    set_dir: str
    opt_in: OptIn = OptIn.UNSAID
    jobs: tuple[JobId, ...] = ()
    """Every id known: from events, from the set's files, and seen in the queue."""
    user_known: bool = True
    """False: no name service knows the uid, and Slurm can be asked by job ids alone."""
    owner_uid: int | None = None
    """Whose directory it is, None if unknown: jobs of his may run in it beside this user's."""
    expected: tuple[JobId, ...] = ()
    """Ids whose end must be on record before the set is over: their event came, or they were seen alive."""
    every_job_known: bool = False
    partial: bool = False
    """The set asks for a provisional report at each ending."""
    living: tuple[str, ...] = ()
    """What lived when Slurm was last asked, as "1234 RUNNING"."""
    since: Moment | None = None
    """The earliest submission known."""
    first_seen: Moment
    last_event: Moment
    last_news: Moment
    """When an event came or the living changed; the set is given up when nothing does for long."""
    revision: int = 1
    """Grows with each event: tells whether one came while a report was being written."""
    reported: int = 0
    """The revision that the last report was written for."""
    attempts: int = 0
    failures: int = 0
    """How often in a row writing the report ended in a fault or at its time limit."""
    next_try: Moment
    state: ItemState = ItemState.NEW
    reason: str = ""

    @property
    def person(self) -> Person:
        """Whom to become for it."""
        return Person(self.uid, self.gid, self.user)


class Arrival(Struct, frozen=True):
    """An event whose set was found: `at` is when the hook wrote it."""

    event: Event
    set_dir: str
    opt_in: OptIn
    at: datetime
    user_known: bool = True


def key_of(uid: int, path: str) -> str:
    """Return the file name of what is remembered for one user and one path."""
    return sha256(f"{uid}\0{path}".encode("utf-8", "surrogatepass")).hexdigest()[:32]


def fold(item: SetItem | None, arrival: Arrival, now: datetime) -> SetItem:
    """Return the item with one more ending; None starts a new one."""
    event, at = arrival.event, min(arrival.at, now)
    if item is None:
        item = SetItem(
            key=key_of(event.uid, arrival.set_dir),
            uid=event.uid,
            set_dir=arrival.set_dir,
            first_seen=at,
            last_event=at,
            last_news=at,
            next_try=now,
            revision=0,
        )
    said_yes = OptIn.YES in (item.opt_in, arrival.opt_in)
    return replace(
        item,
        gid=item.gid if event.gid is None else event.gid,
        user=event.user or item.user,
        opt_in=OptIn.YES if said_yes else arrival.opt_in,
        user_known=arrival.user_known,
        jobs=_joined(item.jobs, event.job_ids),
        expected=_joined(item.expected, (event.job_id,)),
        since=_earlier(item.since, event.submit),
        last_event=max(item.last_event, at),
        last_news=max(item.last_news, at),
        revision=item.revision + 1,
        attempts=0,
        failures=0,
        next_try=now,
        state=ItemState.NEW,
        reason="",
    )


def reopen(done: SetItem) -> SetItem:
    """Return an item that was finished as one that begins again, keeping what it knew of its jobs."""
    return replace(done, living=(), attempts=0, failures=0, state=ItemState.NEW, reason="")


def with_look(item: SetItem, looked: LookedSet) -> SetItem:
    """Return the item with what the set's files tell of its jobs."""
    jobs = _joined(item.jobs, looked.job_ids)
    return replace(
        item,
        opt_in=looked.opt_in if looked.opt_in is not OptIn.UNSAID else item.opt_in,
        user_known=looked.user_known,
        owner_uid=looked.owner_uid,
        since=_earlier(item.since, looked.since),
        jobs=jobs[-MAX_JOBS:],
        every_job_known=looked.every_job_known and len(jobs) <= MAX_JOBS,
        partial=looked.partial,
    )


def with_living(item: SetItem, living: tuple[Attempt, ...], now: datetime) -> SetItem:
    """Return the item with what lives now; a change among the living is news."""
    told = tuple(sorted(f"{attempt.job_id} {attempt.state_text}" for attempt in living))
    if told == item.living:
        return item
    job_ids = tuple(attempt.job_id for attempt in living)
    jobs, expected = _joined(item.jobs, job_ids), _joined(item.expected, job_ids)
    return replace(item, living=told, jobs=jobs, expected=expected, last_news=now)


def postponed(item: SetItem, site: SiteSettings, now: datetime, latest: datetime | None = None) -> SetItem:
    """Return the item to be tried again after its back-off, or at `latest` where that comes sooner."""
    next_try = now + delay(item.attempts, item.key, site)
    if latest is not None:
        next_try = min(next_try, max(latest, now))
    return replace(item, attempts=item.attempts + 1, next_try=next_try)


def is_due(item: SetItem, site: SiteSettings, now: datetime, *, sweep: bool = False) -> bool:
    """Tell whether the set has been quiet long enough and its back-off, unless sweeping, has passed."""
    return now >= quiet_from(item, site) and (sweep or now >= item.next_try)


def quiet_from(item: SetItem, site: SiteSettings) -> datetime:
    """Return when the set will have been quiet long enough, if no other event comes."""
    return item.last_event + timedelta(seconds=site.debounce_s)


def is_old(item: SetItem, site: SiteSettings, now: datetime) -> bool:
    """Tell whether nothing was heard of the set for so long that it is given up."""
    return now - item.last_news > timedelta(days=site.max_age_days)


def _joined(ids: tuple[JobId, ...], more: tuple[JobId, ...]) -> tuple[JobId, ...]:
    """Return both, each id once, in the order of Slurm's counting, in which `ids` are already."""
    joined = list(ids)
    for job_id in more:
        at = bisect_left(joined, _counted(job_id), key=_counted)
        if joined[at : at + 1] != [job_id]:
            joined.insert(at, job_id)
    return tuple(joined)


def _counted(job_id: JobId) -> tuple[int, str]:
    return (len(job_id), job_id)


def _earlier(a: datetime | None, b: datetime | None) -> datetime | None:
    return min((moment for moment in (a, b) if moment is not None), default=None)
