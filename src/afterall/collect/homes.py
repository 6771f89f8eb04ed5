"""Bring each event home: into the note of its set, or away where it asks for nothing.

Invariant: an event is put away only after the note that holds it is durable, or when it asks for nothing: its
set did not opt in, it belongs to no set, or its user is not served.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime

from msgspec import Struct

from afterall.collect.collected import Collected
from afterall.collect.decisions import tell
from afterall.collect.item import Arrival, SetItem, fold, key_of, reopen
from afterall.collect.messages import OptIn, Place
from afterall.collect.store import Notes, finished
from afterall.events import Event, Spool
from afterall.settings import SiteSettings

# A whole word: "no-afterall" and "thereafterall" are none.
_WORD = re.compile(r"(?<![\w-])afterall(?![\w-])", re.IGNORECASE)


class Held(Struct, frozen=True):
    """An event in claimed/, and when the hook wrote it."""

    event: Event
    at: datetime


def opts_in(comment: str) -> bool:
    """Tell whether a job's comment holds the word `afterall`."""
    return _WORD.search(comment) is not None


class Homes:
    """The sets that events come home to."""

    def __init__(self, spool: Spool, site: SiteSettings, sets: Notes[SetItem], tally: Collected) -> None:
        self._spool = spool
        self._site = site
        self._sets = sets
        self._tally = tally

    def bring(self, group: Sequence[Held], place: Place, now: datetime) -> Iterator[str]:
        """Fold events of one directory into their set's note, then put them away, yielding each one's name.

        They are one change of the note, which grows with the set's jobs. OSError where it cannot be kept.
        """
        if place.set_dir is None:
            for held in group:
                yield from self._bring_by_job_id(held, place.detail, now)
        elif place.opt_in is OptIn.NO:
            for held in group:
                yield self.ignore(held.event, "afterall.toml says enabled = false")
        else:
            yield from self._fold([self._arrival(held, place.set_dir, place) for held in group], now)

    def _bring_by_job_id(self, held: Held, reason: str, now: datetime) -> Iterator[str]:
        """Bring an event whose directory leads nowhere to the set of its user that knows the job's id."""
        event = held.event
        for item in self._sets.all():
            if item.uid == event.uid and not set(event.job_ids).isdisjoint(item.jobs):
                arrival = Arrival(event, item.set_dir, item.opt_in, held.at, item.user_known)
                yield from self._fold([arrival], now)
                return
        yield self.ignore(event, reason)

    def ignore(self, event: Event, reason: str) -> str:
        """Put away an event that asks for nothing; return its name."""
        tell("ignored", event=event.name, job=event.job_id, uid=event.uid, dir=event.work_dir, reason=reason)
        self._tally.ignored += 1
        self._spool.retire(event.name)
        return event.name

    def _arrival(self, held: Held, set_dir: str, place: Place) -> Arrival:
        opt_in = OptIn.YES if self._wants(held.event) else place.opt_in
        return Arrival(held.event, set_dir, opt_in, held.at, place.user_known)

    def _wants(self, event: Event) -> bool:
        return self._site.auto or opts_in(event.comment)

    def _fold(self, arrivals: Sequence[Arrival], now: datetime) -> Iterator[str]:
        """Fold events of one set, and yield their names as they are put away."""
        key = key_of(arrivals[0].event.uid, arrivals[0].set_dir)
        item = self._sets.get(key)
        if item is None:
            earlier = finished(self._spool, key)
            item = None if earlier is None else reopen(earlier)
        for arrival in arrivals:
            item = fold(item, arrival, now)
        assert item is not None
        self._sets.put(item)
        for arrival in arrivals:
            event = arrival.event
            tell("folded", event=event.name, job=event.job_id, uid=event.uid, set=arrival.set_dir)
            self._tally.folded += 1
            self._spool.retire(event.name)
            yield event.name
