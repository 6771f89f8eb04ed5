"""Have reports written by processes of their users, and take in how each ended.

Invariant: at most one report of a set at a time; what changed in the set while it was written shows in its
revision, and then the set stays due.
"""

from afterall.collect.clock import Clock
from afterall.collect.crew import Crew, Task
from afterall.collect.fates import Fates
from afterall.collect.item import SetItem
from afterall.collect.messages import Report, Reported, Trouble
from afterall.collect.privacy import for_person
from afterall.collect.requests import reported_in, request_for
from afterall.collect.store import Notes
from afterall.model import Observation
from afterall.settings import SiteSettings

STALE_AFTER_S = 60.0
"""How long a report may wait for its turn before Slurm is asked again whether the set is still over."""


class Reporting:
    """The reports that wait for their turn or are being written."""

    def __init__(self, crew: Crew, fates: Fates, site: SiteSettings, clock: Clock) -> None:
        self._crew = crew
        self._fates = fates
        self._site = site
        self._clock = clock
        self._revisions: dict[str, int] = {}

    def __contains__(self, key: object) -> bool:
        return key in self._revisions

    def launch(self, item: SetItem, observation: Observation, *, provisional: bool) -> None:
        """Send a process of the set's user to write the report from `observation`."""
        told = for_person(observation, item.person, item.set_dir)
        errand = Report(set_dir=item.set_dir, observation=told, provisional=provisional)
        self._revisions[item.key] = item.revision
        request = request_for(item.person, errand, self._site)
        stale_at = self._clock.monotonic() + STALE_AFTER_S
        self._crew.send(Task(item.key, request, self._site.report_timeout_s, stale_at))

    def harvest(self, sets: Notes[SetItem], wait_s: float) -> set[str]:
        """Take in the reports that end within so long; return of which Slurm is to be asked anew."""
        stale = set()
        for task, outcome in self._crew.wait(wait_s):
            revision, item = self._revisions.pop(task.key), sets.get(task.key)
            assert item is not None
            answer, now = reported_in(outcome), self._clock.now()
            if isinstance(answer, Reported):
                is_provisional = isinstance(task.request.errand, Report) and task.request.errand.provisional
                self._fates.reported(item, revision, answer.status, is_provisional=is_provisional, now=now)
            elif answer.trouble is Trouble.STALE:
                stale.add(task.key)
            else:
                self._fates.hinder(item, answer, now)
        return stale
