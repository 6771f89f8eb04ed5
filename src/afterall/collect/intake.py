"""Take events from the spool and hold them until a process of their user has found their set.

Invariant: an event stays claimed, and is tried again with back-off, for as long as its set is not known:
while its user is unknown, his process cannot be started, or his file system is away.
"""

from datetime import datetime, timedelta

from msgspec import Struct

from afterall.collect.backoff import delay
from afterall.collect.collected import Collected
from afterall.collect.decisions import tell, warn
from afterall.collect.homes import Held, Homes
from afterall.collect.item import key_of
from afterall.collect.messages import Failed, Person, Place, Resolved, Trouble
from afterall.collect.store import Notes, Wait
from afterall.errors import BadEvent
from afterall.events import Spool, parse_event
from afterall.events.spool import CLAIMED
from afterall.settings import SiteSettings

CLAIMS_A_ROUND = 2000
DIRS_A_QUESTION = 25
BROKEN_A_ROUND = 20
"""Most directories of one user that are asked about alone because a process broke on them."""
SLOW_A_ROUND = 4
"""Most users whose last process hung: each may take its whole time again, and when a file server is away
there are many."""
_GONE_AFTER = timedelta(days=1)
"""How long a directory may be missing before its events are given up: a file system may be away so long."""


class Batch(Struct, frozen=True):
    """Working directories of one user, to be resolved by one process."""

    person: Person
    dirs: tuple[str, ...]


class Intake:
    """The claimed events that wait for their set, by (uid, working directory)."""

    def __init__(self, spool: Spool, site: SiteSettings, waits: Notes[Wait], tally: Collected) -> None:
        self._spool = spool
        self._site = site
        self._waits = waits
        self._tally = tally
        self._held: dict[tuple[int, str], list[Held]] = {}
        self._names: set[str] = set()

    def take(self, homes: Homes, only_uid: int | None) -> bool:
        """Claim what is new, and pick up what an earlier worker had claimed; tell whether more is new.

        A worker that is not root serves `only_uid`; events of others stay claimed. What the disk refuses is
        tried again in the next round.
        """
        claimed = 0
        try:
            claimed = len(self._spool.claim(CLAIMS_A_ROUND))
        except OSError as error:
            warn("unclaimed", reason=f"the spool: {error.strerror}")
        self._tally.claimed += claimed
        for name in self._spool.names(CLAIMED):
            if name not in self._names:
                try:
                    self._sift(name, homes, only_uid)
                except OSError as error:
                    warn("kept", event=name, reason=f"the spool: {error.strerror}")
        return claimed == CLAIMS_A_ROUND

    def due(self, now: datetime) -> list[Batch]:
        """Return what to resolve now: new directories together, then those that met trouble, one by one."""
        barred = {w.uid for w in self._waits.all() if w.trouble in _USER_WIDE and now < w.next_try}
        together: dict[int, list[str]] = {}
        broken: dict[int, list[str]] = {}
        slow: dict[int, str] = {}
        for uid, work_dir in sorted(self._held):
            wait = self._waits.get(key_of(uid, work_dir))
            if not work_dir or uid in barred or (wait is not None and now < wait.next_try):
                continue
            if wait is not None and wait.trouble is Trouble.TIMEOUT:
                slow.setdefault(uid, work_dir)
            else:
                is_broken = wait is not None and wait.trouble is Trouble.FAULT
                (broken if is_broken else together).setdefault(uid, []).append(work_dir)
        batches = [(uid, part) for uid, dirs in together.items() for part in _parts(dirs)]
        batches += [(uid, (one,)) for uid, dirs in broken.items() for one in dirs[:BROKEN_A_ROUND]]
        batches += [(uid, (one,)) for uid, one in slow.items()][:SLOW_A_ROUND]
        return [Batch(self._person(uid), dirs) for uid, dirs in batches]

    def resolved(self, batch: Batch, answer: Resolved | Failed, homes: Homes, now: datetime) -> None:
        """Apply what the user's process said of its working directories."""
        told: dict[str, Place] = {}
        detail, trouble = "the answer leaves it out", Trouble.FAULT
        if isinstance(answer, Failed) and answer.trouble is Trouble.STALE:
            return  # they are asked about again
        if isinstance(answer, Failed):
            detail, trouble = answer.detail, answer.trouble
        else:
            told = {place.work_dir: place for place in answer.places}
        for work_dir in batch.dirs:
            place = told.get(work_dir) or Place(work_dir=work_dir, trouble=trouble, detail=detail)
            self._settle((batch.person.uid, work_dir), place, homes, now)

    def settle_homeless(self, homes: Homes, now: datetime) -> None:
        """Bring events without a working directory to the set that knows their job."""
        for uid, work_dir in sorted(self._held):
            if not work_dir:
                place = Place(work_dir="", detail="the record has no working directory")
                self._settle((uid, work_dir), place, homes, now)

    def count(self) -> int:
        """Return how many claimed events are left."""
        return len(self._names)

    def _sift(self, name: str, homes: Homes, only_uid: int | None) -> None:
        """Read one claimed record and hold it if it is to be served."""
        try:
            record = self._spool.read(name)
            if record is None:
                return
            held = Held(parse_event(record.data, name), record.written)
        except BadEvent as error:
            self._spool.quarantine(name, error.problem)
            self._tally.quarantined += 1
            warn("quarantined", event=name, reason=error.problem)
            return
        uid = held.event.uid
        if uid < self._site.min_uid:
            homes.ignore(held.event, f"uid is below {self._site.min_uid}")
            return
        self._names.add(name)
        if only_uid is not None and uid != only_uid:
            warn("left", event=name, uid=uid, reason=f"this worker serves uid {only_uid} alone")
        else:
            self._held.setdefault((uid, held.event.work_dir), []).append(held)

    def _person(self, uid: int) -> Person:
        """Return whom to become for `uid`, as the events say."""
        events = [held.event for (u, _), group in self._held.items() if u == uid for held in group]
        gid = next((event.gid for event in reversed(events) if event.gid is not None), None)
        return Person(uid, gid, next((event.user for event in reversed(events) if event.user), ""))

    def _settle(self, at: tuple[int, str], place: Place, homes: Homes, now: datetime) -> None:
        if place.trouble is not None:
            self._postpone(at, place.trouble, place.detail, now)
            return
        left = {held.event.name: held for held in self._held.pop(at)}
        try:
            for name in homes.bring([*left.values()], place, now):
                self._names.discard(name)
                del left[name]
        except OSError as error:
            self._held[at] = [*left.values()]
            self._postpone(at, Trouble.SPOOL, error.strerror or str(error), now)
            return
        if self._waits.get(key_of(*at)) is not None:
            self._waits.drop(key_of(*at))

    def _postpone(self, at: tuple[int, str], trouble: Trouble, detail: str, now: datetime) -> None:
        key = key_of(*at)
        old = self._waits.get(key)
        attempts = 0 if old is None else old.attempts
        wait = Wait(
            key=key,
            uid=at[0],
            work_dir=at[1],
            first_seen=now if old is None or old.trouble is not trouble else old.first_seen,
            next_try=now + delay(attempts, key, self._site),
            attempts=attempts + 1,
            trouble=trouble,
            detail=detail,
        )
        if now - wait.first_seen > self._patience(trouble):
            self._give_up(wait)
            return
        tell(
            "postponed", uid=wait.uid, dir=wait.work_dir, state=trouble, reason=detail, attempts=wait.attempts
        )
        try:
            self._waits.put(wait)
        except OSError as error:
            warn("kept", uid=wait.uid, dir=wait.work_dir, reason=f"the spool: {error.strerror}")

    def _patience(self, trouble: Trouble) -> timedelta:
        return _GONE_AFTER if trouble is Trouble.MISSING else timedelta(days=self._site.max_age_days)

    def _give_up(self, wait: Wait) -> None:
        for held in self._held.pop((wait.uid, wait.work_dir), []):
            self._spool.give_up(held.event.name)
            self._names.discard(held.event.name)
            self._tally.failed += 1
        self._waits.drop(wait.key)
        warn("gave-up", uid=wait.uid, dir=wait.work_dir, state=wait.trouble, reason=wait.detail)


def _parts(dirs: list[str]) -> list[tuple[str, ...]]:
    return [tuple(dirs[start : start + DIRS_A_QUESTION]) for start in range(0, len(dirs), DIRS_A_QUESTION)]


_USER_WIDE = (Trouble.NOT_A_USER, Trouble.INSTALLATION, Trouble.TIMEOUT)
"""Troubles of a user, not of one directory: his other events would only meet them too."""
