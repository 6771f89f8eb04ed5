"""Give each set its fate after a decision or an answer: wait, be put away, be forgotten, be given up.

Invariant: every fate is one durable change of the set's note and one line in the log.
"""

from datetime import datetime

from msgspec.structs import replace

from afterall.collect.collected import Collected
from afterall.collect.decisions import tell, warn
from afterall.collect.item import ItemState, SetItem, is_old, postponed
from afterall.collect.messages import Failed, OptIn, Trouble
from afterall.collect.store import Notes
from afterall.events.spool import SETS_DONE, SETS_FAILED
from afterall.settings import SiteSettings

MOST_FAULTS = 8
"""A report that crashed or ran into its limits so often in a row is not tried again before another event."""


class Fates:
    """The unfinished sets, and where they go from there. An item's `state` and `reason` tell the decision."""

    def __init__(self, sets: Notes[SetItem], site: SiteSettings, tally: Collected) -> None:
        self._sets = sets
        self._site = site
        self._tally = tally

    def keep(self, item: SetItem) -> None:
        """Remember a changed note; a disk that refuses is told, and the next change tries again."""
        try:
            self._sets.put(item)
        except OSError as error:
            warn("unsaved", set=item.set_dir, uid=item.uid, reason=f"the spool: {error.strerror}")

    def wait(self, item: SetItem, now: datetime, latest: datetime | None = None) -> None:
        """Try again after the back-off, or at `latest` where that comes sooner."""
        later = postponed(item, self._site, now, latest)
        self._say("waits", later, until=later.next_try.isoformat(timespec="seconds"))
        self.keep(later)

    def admit(self, item: SetItem, now: datetime) -> None:
        """Go on at once with a set that a job's comment opts in."""
        self._say("admitted", item)
        self.keep(replace(item, opt_in=OptIn.YES, next_try=now, attempts=0))

    def reported(
        self, item: SetItem, revision: int, status: str, *, is_provisional: bool, now: datetime
    ) -> None:
        """Put a reported set away; it stays where jobs of it live or another event came meanwhile."""
        self._say("reported", item, status=status, provisional=is_provisional or None)
        item = replace(item, reported=revision, failures=0)
        if is_provisional:
            self._tally.provisional += 1
            self.wait(item, now)
            return
        self._tally.reported += 1
        if item.revision != revision:
            self.keep(item)
        else:
            self.keep(replace(item, state=ItemState.DONE, reason=status))
            self._put_away(item, SETS_DONE)

    def forget(self, item: SetItem) -> None:
        """Drop a set that wants no report."""
        self._say("forgotten", item)
        self._tally.forgotten += 1
        self._sets.drop(item.key)

    def give_up(self, item: SetItem) -> None:
        """Put away a set that could not be finished, with the reason."""
        warn("gave-up", set=item.set_dir, uid=item.uid, reason=item.reason)
        self._tally.failed += 1
        self.keep(replace(item, state=ItemState.FAILED))
        self._put_away(item, SETS_FAILED)

    def hinder(self, item: SetItem, failed: Failed, now: datetime) -> None:
        """Try again later what a user's process could not do, unless it never will."""
        is_fault = failed.trouble in (Trouble.FAULT, Trouble.TIMEOUT)
        item = replace(
            item,
            state=ItemState.FAILING,
            reason=f"{failed.trouble}: {failed.detail}",
            failures=item.failures + 1 if is_fault else 0,
        )
        if item.failures >= MOST_FAULTS or is_old(item, self._site, now):
            self.give_up(item)
        else:
            self.wait(item, now)

    def _put_away(self, item: SetItem, room: str) -> None:
        """Move a note; where the disk refuses, the next worker finds it and reports once more."""
        try:
            self._sets.move(item.key, room)
        except OSError as error:
            warn("unsaved", set=item.set_dir, uid=item.uid, reason=f"the spool: {error.strerror}")

    def _say(self, action: str, item: SetItem, **more: object) -> None:
        tell(action, set=item.set_dir, uid=item.uid, state=item.state, reason=item.reason or None, **more)
