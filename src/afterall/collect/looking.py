"""Have users look into their sets that are due, so that Slurm is asked about every job their files name.

Invariant: a set is asked about only after a look that succeeded, or when it has not opted in and so nobody
may look; the others wait with the reason.
"""

from collections.abc import Sequence

from msgspec.structs import replace

from afterall.collect.clock import Clock
from afterall.collect.crew import Crew, Task
from afterall.collect.fates import Fates
from afterall.collect.intake import SLOW_A_ROUND
from afterall.collect.item import SetItem, with_look
from afterall.collect.messages import Failed, Look, Looked, OptIn, Trouble
from afterall.collect.requests import looked_in, request_for
from afterall.settings import SiteSettings

SETS_A_LOOK = 20
LOOK_LIMIT_S = 120.0


class Looking:
    """Those who look."""

    def __init__(self, crew: Crew, fates: Fates, site: SiteSettings, clock: Clock) -> None:
        self._crew = crew
        self._fates = fates
        self._site = site
        self._clock = clock

    def look(self, due: Sequence[SetItem]) -> list[SetItem]:
        """Return the items about which Slurm is to be asked, with what their files tell."""
        going = [item for item in due if item.opt_in is not OptIn.YES]
        willing = [item for item in due if item.opt_in is OptIn.YES]
        suspect = [item for item in willing if item.failures]
        groups = _groups([item for item in willing if not item.failures], suspect[:SLOW_A_ROUND])
        for key, items in groups.items():
            errand = Look(tuple(item.set_dir for item in items))
            request = request_for(items[-1].person, errand, self._site)
            self._crew.send(Task(key, request, LOOK_LIMIT_S))
        for task, outcome in self._crew.wait():
            going.extend(self._looked(groups[task.key], looked_in(outcome)))
        return going

    def _looked(self, items: list[SetItem], answer: Looked | Failed) -> list[SetItem]:
        now = self._clock.now()
        if isinstance(answer, Failed) and answer.trouble is Trouble.STALE:
            return []  # they stay due
        told = {} if isinstance(answer, Failed) else {looked.set_dir: looked for looked in answer.sets}
        going = []
        for item in items:
            looked = told.get(item.set_dir)
            if isinstance(answer, Failed):
                self._fates.hinder(item, answer, now)
            elif looked is None:
                self._fates.hinder(item, _LEFT_OUT, now)
            elif looked.trouble is not None:
                self._fates.hinder(item, Failed(trouble=looked.trouble, detail=looked.detail), now)
            elif looked.opt_in is OptIn.NO:
                self._fates.forget(replace(item, reason="afterall.toml says enabled = false"))
            else:
                going.append(with_look(item, looked))
        return going


def _groups(items: list[SetItem], suspect: list[SetItem]) -> dict[str, list[SetItem]]:
    """Put each user's sets together; one that ended in a fault comes last and alone."""
    by_user: dict[int, list[SetItem]] = {}
    for item in items:
        by_user.setdefault(item.uid, []).append(item)
    together = {
        f"{uid}.{start}": own[start : start + SETS_A_LOOK]
        for uid, own in by_user.items()
        for start in range(0, len(own), SETS_A_LOOK)
    }
    return {**together, **{item.key: [item] for item in suspect}}


_LEFT_OUT = Failed(trouble=Trouble.FAULT, detail="left out of the answer")
