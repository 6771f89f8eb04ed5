"""Go round: take events, find their sets, ask Slurm about those that are due, have reports written.

Invariant: every set's note tells at any instant why it is not finished and when it is tried next; a set is
put away only when its report lies in it and no event of it came while that was being written.
"""

import os
import sys
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from msgspec.structs import replace

from afterall.collect.asking import Asking, first_batch
from afterall.collect.clock import Clock
from afterall.collect.collected import Collected
from afterall.collect.counters import add_counts, read_counts, save_counts, show
from afterall.collect.crew import Crew, Task
from afterall.collect.decisions import warn
from afterall.collect.fates import Fates
from afterall.collect.homes import Homes
from afterall.collect.intake import Intake
from afterall.collect.item import ItemState, SetItem, is_due, quiet_from, with_living
from afterall.collect.judge import Action, judge, judge_opt_in
from afterall.collect.looking import Looking
from afterall.collect.messages import OptIn, Resolve
from afterall.collect.reporting import Reporting
from afterall.collect.requests import request_for, resolved_in
from afterall.collect.store import set_notes, wait_notes
from afterall.events import AfterStep, Spool, no_step
from afterall.model import Observation
from afterall.observe import over
from afterall.settings import SiteSettings

RESOLVE_LIMIT_S = 60.0
_QUICK_AT_ONCE = 4
_REPORTS_AT_ONCE = 2
_KEEP_EVENTS = timedelta(days=2)
_HOOK_DEAD_AFTER = timedelta(minutes=1)
"""A hook renames its record within milliseconds; none lives so long after it wrote one."""


@dataclass(frozen=True)
class Means:
    """What the worker works with; tests put their own clock, process and fault in its place."""

    clock: Clock = field(default_factory=Clock)
    argv: tuple[str, ...] = (sys.executable, "-I", "-m", "afterall.collect.as_user")
    """What becomes the user: an absolute interpreter that reads neither PYTHON* nor the current directory."""
    after_step: AfterStep = no_step


class Worker:
    """The holder of a spool, while it holds it."""

    def __init__(self, spool: Spool, site: SiteSettings, means: Means) -> None:
        self.tally = Collected()
        self.has_more = False
        """True when a round left something that can go on at once."""
        self._spool, self._site, self._clock = spool, site, means.clock
        self._quick = Crew(_QUICK_AT_ONCE, list(means.argv), means.clock)
        self._writers = Crew(_REPORTS_AT_ONCE, list(means.argv), means.clock)
        self._sets = set_notes(spool)
        self._intake = Intake(spool, site, wait_notes(spool), self.tally)
        self._homes = Homes(spool, site, self._sets, self.tally)
        self._fates = Fates(self._sets, site, self.tally)
        self._looking = Looking(self._quick, self._fates, site, means.clock)
        self._reporting = Reporting(self._writers, self._fates, site, means.clock)
        self._asking = Asking(site, means.clock)
        self._asked: dict[str, int] = {}
        """The revision of each set at which this run asked about it."""
        self._ids_asked: Counter[int] = Counter()
        """How many jobs of each user's sets this run asked about."""
        self._earlier = read_counts(spool.path)

    def round(self, *, sweep: bool = False) -> None:
        """Do all that can be done now; reports are begun here and end in this or a later `harvest`."""
        had_more, self.has_more = self.has_more, False
        self.harvest()
        self._take()
        if self.must_wait_s() <= 0:
            self._ask(sweep=sweep)
        else:
            self.has_more |= had_more
        self._spool.prune_hourly(self._clock.now(), _KEEP_EVENTS, timedelta(days=self._site.max_age_days))
        self.count()

    @property
    def is_writing(self) -> bool:
        """True while reports are being written, or wait for their turn."""
        return not self._writers.is_idle

    def harvest(self, wait_s: float = 0) -> None:
        """Take in the reports that have ended, or that end within so long."""
        stale = self._reporting.harvest(self._sets, wait_s)
        self.has_more |= bool(stale)
        for key in stale:
            self._asked.pop(key, None)
        self.count()

    def must_wait_s(self) -> float:
        """Return for how long Slurm is still left in peace."""
        return self._asking.must_wait_s()

    def goes_on_in_s(self, *, settle: bool) -> float | None:
        """Return when there is more to do at once, or when the next new set will be quiet; None: neither."""
        if self.has_more:
            return self.must_wait_s()
        quiet_at = [quiet_from(item, self._site) for item in self._sets.all() if item.state is ItemState.NEW]
        if not settle or not quiet_at:
            return None
        return max(self.must_wait_s(), (min(quiet_at) - self._clock.now()).total_seconds())

    def show(self) -> None:
        """Keep what all runs did together, and show it where the site asks for that."""
        counts = add_counts(self._earlier, self.tally)
        save_counts(self._spool.path, counts)
        if self._site.metrics_file:
            show(Path(self._site.metrics_file), self._spool.path, counts, self._clock.now())

    def count(self) -> None:
        """Tell in the tally what is left."""
        self.tally.waiting = len(self._sets)
        self.tally.held = self._intake.count()

    def stop(self) -> None:
        """End what runs; its sets stay due."""
        self._quick.stop()
        self._writers.stop()

    def _take(self) -> None:
        euid = os.geteuid()
        rescued = self._spool.rescue(self._clock.now() - _HOOK_DEAD_AFTER)
        if rescued:
            warn("rescued", records=rescued, reason="their hook was killed before it could hand them over")
        self.has_more |= self._intake.take(self._homes, None if euid == 0 else euid)
        batches = {str(number): b for number, b in enumerate(self._intake.due(self._clock.now()))}
        for key, batch in batches.items():
            request = request_for(batch.person, Resolve(batch.dirs), self._site)
            self._quick.send(Task(key, request, RESOLVE_LIMIT_S))
        for task, outcome in self._quick.wait():
            answer = resolved_in(outcome)
            self._intake.resolved(batches[task.key], answer, self._homes, self._clock.now())
        self._intake.settle_homeless(self._homes, self._clock.now())

    def _ask(self, *, sweep: bool) -> None:
        """Ask as much as one query can name: the rest of a large set, or due sets, the new ones first."""
        answers = self._asking.go_on(self._sets)
        if answers is None:
            answers = self._asking.ask(self._next_batch(sweep=sweep))
            self.has_more |= self._asking.is_halfway
        else:
            self.has_more = True  # whatever the large set kept waiting
        for item, observation in answers:
            self._decide(item, observation)

    def _next_batch(self, *, sweep: bool) -> list[SetItem]:
        """Return the due sets to ask about, looked into; and remember that there are more.

        More than once in one run a set is asked about only for a reason: an event, an opt-in, a report that
        had to wait too long. So a sweep, or a back-off of 0 s, comes to an end.
        """
        now = self._clock.now()
        due = [item for item in self._sets.all() if is_due(item, self._site, now, sweep=sweep)]
        due = [item for item in due if item.key not in self._reporting]
        fresh = {item.key for item in due if self._asked.get(item.key) != item.revision}
        due = [item for item in due if item.key in fresh or not sweep]
        batch = first_batch(self._in_turn(due, fresh), self._site, now)
        looked = self._looking.look(batch)
        asked = first_batch(self._in_turn(looked, fresh), self._site, now)
        done = {item.key for item in batch} - {item.key for item in looked} | {item.key for item in asked}
        self.has_more |= bool(fresh - done)
        self._asked = {key: asked_at for key, asked_at in self._asked.items() if self._sets.get(key)}
        self._asked.update((item.key, item.revision) for item in batch if item.key in done)
        for item in asked:
            self._ids_asked[item.uid] += len(item.jobs)
        return asked

    def _in_turn(self, due: list[SetItem], fresh: set[str]) -> list[SetItem]:
        """Put sets with an event first, then those not asked about yet; of each, users take turns.

        The next is of the user about whose jobs the fewest were asked, since a set may take many queries.
        """
        ranks = {item.key: (item.state is not ItemState.NEW, item.key not in fresh) for item in due}
        had = Counter(self._ids_asked)
        turns: dict[str, int] = {}
        for item in sorted(due, key=lambda item: ranks[item.key]):
            turns[item.key] = had[item.uid]
            had[item.uid] += len(item.jobs)
        return sorted(due, key=lambda item: (*ranks[item.key], turns[item.key]))

    def _decide(self, item: SetItem, observation: Observation) -> None:
        now = self._clock.now()
        standing = over(observation, self._site, observation.observed_at or now)
        item = with_living(item, standing.living, now)
        if item.opt_in is OptIn.YES:
            decision = judge(item, observation, standing, self._site)
        else:
            decision = judge_opt_in(item, observation, standing, self._site)
        item = replace(item, state=decision.state, reason=decision.reason)
        match decision.action:
            case Action.WAIT:
                self._fates.wait(item, now, standing.next_look)
            case Action.ADMIT:
                self.has_more = True
                self._asked.pop(item.key, None)
                self._fates.admit(item, now)
            case Action.FORGET:
                self._fates.forget(item)
            case Action.GIVE_UP:
                self._fates.give_up(item)
            case Action.REPORT | Action.PROVISIONAL:
                self._fates.keep(replace(item, next_try=min(item.next_try, now)))
                self._reporting.launch(item, observation, provisional=decision.action is Action.PROVISIONAL)
