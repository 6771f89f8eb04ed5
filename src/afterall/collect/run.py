"""Run the worker on a spool: once, for ever, or as a sweep.

Invariant: one worker a spool; a second one leaves at once and says so. Whatever ends it, nothing is lost.
"""

import math
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from afterall.collect.collected import Collected
from afterall.collect.decisions import tell
from afterall.collect.worker import Means, Worker
from afterall.events import open_spool
from afterall.events.spool import uids_of
from afterall.settings import SiteSettings

POLL_S = 2.0
STAY_S = 3600.0
"""A run begins nothing more after so long: the units end it after two hours, and reports with it."""
_SETTLINGS = 3


def collect_once(
    spool: Path, site: SiteSettings, means: Means | None = None, *, settle: bool = True
) -> Collected:
    """Do all that can be done now and return what was done; what must wait stays for the next run.

    With `settle` it stays until sets whose jobs have only just ended are quiet, three times the debounce time
    at most. Raises BadInput where the spool is missing or others can write to it.
    """
    return _run(spool, site, means or Means(), settle=settle)


def sweep(spool: Path, site: SiteSettings, means: Means | None = None) -> Collected:
    """Look again at every unfinished set, whenever it was to be tried next.

    This finds the sets whose last ending no hook reported: a job cancelled while pending, a lost node.
    """
    return _run(spool, site, means or Means(), sweeps=True)


def _run(
    path: Path, site: SiteSettings, means: Means, *, settle: bool = False, sweeps: bool = False
) -> Collected:
    """Go round until nothing can be done now; while reports are written, also for what becomes due."""
    with _worker(path, site, means) as worker:
        if worker is None:
            return Collected(other_worker=True)
        begun = means.clock.monotonic()
        while True:
            stays = means.clock.monotonic() < begun + STAY_S
            worker.round(sweep=sweeps)
            worker.harvest(POLL_S if stays else math.inf)
            worker.show()
            if worker.is_writing:
                sweeps = sweeps and worker.has_more
                continue
            wait_s = worker.goes_on_in_s(settle=settle)
            is_late = means.clock.monotonic() + (wait_s or 0) > begun + _SETTLINGS * site.debounce_s
            if wait_s is None or not stays or (is_late and not worker.has_more):
                break
            means.clock.sleep(wait_s)
        _tell(worker.tally)
        return worker.tally


def collect_watch(spool: Path, site: SiteSettings, means: Means | None = None) -> Collected:
    """Go on until SIGTERM or SIGINT, then return what was done."""
    means = means or Means()
    with _worker(spool, site, means) as worker:
        if worker is None:
            return Collected(other_worker=True)
        try:
            with _ending_on_signals():
                while True:
                    worker.round()
                    worker.show()
                    means.clock.sleep(POLL_S)
        except _EndedBySignal:
            worker.count()
        _tell(worker.tally)
        return worker.tally


class _EndedBySignal(BaseException):
    """Somebody asked the worker to end; every instant is as good as any other for that."""


@contextmanager
def _worker(path: Path, site: SiteSettings, means: Means) -> Iterator[Worker | None]:
    """Yield the worker of a spool, None where there is one already."""
    spool = open_spool(path, site.min_uid, means.after_step, trusted=uids_of(site.hook_user))
    with spool.alone() as alone:
        if not alone:
            tell("left", spool=path, reason="another worker has this spool")
            yield None
            return
        worker = Worker(spool, site, means)
        try:
            yield worker
        finally:
            worker.stop()


@contextmanager
def _ending_on_signals() -> Iterator[None]:
    def end(_number: int, _frame: FrameType | None) -> None:
        for ignored in before:
            signal.signal(ignored, signal.SIG_IGN)
        raise _EndedBySignal

    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    for number in before:
        signal.signal(number, end)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _tell(tally: Collected) -> None:
    counts = {name: getattr(tally, name) or None for name in tally.__struct_fields__}
    tell("ended", **counts)
