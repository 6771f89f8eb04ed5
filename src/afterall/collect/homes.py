"""Bring each event home: into the note of its set, or away where it asks for nothing.

Invariant: an event is put away only after the note that holds it is durable, or when it asks for nothing: its
set did not opt in, it belongs to no set, or its user is not served.
"""

import re
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

    def bring(self, held: Held, place: Place, now: datetime) -> None:
        """Fold one event into its set's note, then put it away; OSError where the note cannot be kept."""
        if place.set_dir is None:
            self.bring_by_job_id(held, place.detail, now)
        elif place.opt_in is OptIn.NO:
            self.ignore(held.event, "afterall.toml says enabled = false")
        else:
            opt_in = OptIn.YES if self._wants(held.event) else place.opt_in
            self._fold(Arrival(held.event, place.set_dir, opt_in, held.at, place.user_known), now)

    def bring_by_job_id(self, held: Held, reason: str, now: datetime) -> None:
        """Bring an event whose directory leads nowhere to the set of its user that knows the job's id."""
        event = held.event
        for item in self._sets.all():
            if item.uid == event.uid and not set(event.job_ids).isdisjoint(item.jobs):
                self._fold(Arrival(event, item.set_dir, item.opt_in, held.at, item.user_known), now)
                return
        self.ignore(event, reason)

    def ignore(self, event: Event, reason: str) -> None:
        """Put away an event that asks for nothing."""
        tell("ignored", event=event.name, job=event.job_id, uid=event.uid, dir=event.work_dir, reason=reason)
        self._tally.ignored += 1
        self._spool.retire(event.name)

    def _wants(self, event: Event) -> bool:
        return self._site.auto or opts_in(event.comment)

    def _fold(self, arrival: Arrival, now: datetime) -> None:
        event = arrival.event
        key = key_of(event.uid, arrival.set_dir)
        item = self._sets.get(key)
        if item is None:
            earlier = finished(self._spool, key)
            item = None if earlier is None else reopen(earlier)
        self._sets.put(fold(item, arrival, now))
        tell("folded", event=event.name, job=event.job_id, uid=event.uid, set=arrival.set_dir)
        self._tally.folded += 1
        self._spool.retire(event.name)
