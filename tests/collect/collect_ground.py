"""Give the worker's tests a spool, sets, a fake Slurm and a clock that only moves when it is told to."""

import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from msgspec.structs import replace

from afterall.collect import Collected, Means, collect_once, sweep
from afterall.collect.clock import Clock
from afterall.collect.item import SetItem
from afterall.collect.store import read_notes
from afterall.collect.worker import Worker
from afterall.events import Spool, open_spool
from afterall.events.spool import SETS
from afterall.settings import SiteSettings
from collect.collect_slurm import FakeSlurm, settings_path
from events.events_records import ENDING, record

STAND_IN = (sys.executable, str(Path(__file__).with_name("stand_in.py")))
UID = os.geteuid() or 61234
"""Whose jobs they are: this process's own user, or an arbitrary one where it is root."""


class StoppedClock(Clock):
    """A clock whose time of day stands still; time limits still run."""

    def __init__(self) -> None:
        self.time = datetime(2026, 11, 23, 12, tzinfo=UTC)

    def now(self) -> datetime:
        """Return the time it was set to."""
        return self.time

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.time += timedelta(seconds=seconds)


class Ground:
    """Everything a worker needs, below one directory."""

    def __init__(self, path: Path) -> None:
        self.path = path
        (path / "spool").mkdir(mode=0o700)
        self.spool: Spool = open_spool(path / "spool", 1)
        self.slurm = FakeSlurm(path / "slurm")
        self.clock = StoppedClock()
        self.site = SiteSettings(min_uid=1, retry_first_s=8, **settings_path(self.slurm))  # type: ignore[arg-type]
        self._written = 0

    @property
    def uid(self) -> int:
        """Whose jobs they are."""
        return UID

    def restrict(self, **settings: float) -> None:
        """Change settings of the site."""
        self.site = replace(self.site, **settings)

    def make_set(self, name: str, *jobs: str, behave: str = "") -> Path:
        """Make a set whose runs are named after their jobs."""
        set_dir = self.path / name
        for job_id in jobs:
            (set_dir / job_id).mkdir(parents=True)
        (set_dir / "set").write_text("")
        (set_dir / "jobs").write_text(" ".join(jobs))
        (set_dir / "behave").write_text(behave)
        return set_dir

    def event(self, job_id: str, work_dir: Path, /, **values: bytes) -> str:
        """Write what the hook writes when a job has ended, now."""
        self._written += 1
        name = f"{job_id}.n1.{self._written}.0"
        fields = {
            **ENDING,
            "job_id": job_id.encode(),
            "uid": str(UID).encode(),
            "work_dir": os.fsencode(work_dir),
            **values,
        }
        path = self.spool.path / "new" / name
        path.write_bytes(record(fields))
        os.utime(path, (self.clock.time.timestamp(), self.clock.time.timestamp()))
        return name

    def ends(self, job_id: str, set_dir: Path, **fields: str) -> None:
        """Let a job of a set end: the hook writes its record, and accounting knows it."""
        self.event(job_id, set_dir / job_id)
        self.slurm.ended(job_id, set_dir / job_id, **fields)

    def means(self, after_step: Callable[[str], None] = lambda _: None) -> Means:
        """Return the worker's means: the stopped clock and the stand-in."""
        return Means(clock=self.clock, argv=STAND_IN, after_step=after_step)

    def worker(self) -> Worker:
        """Return a worker that was not started; its tests drive it round by round."""
        return Worker(self.spool, self.site, self.means())

    def collect(self) -> Collected:
        """Run the worker once."""
        return collect_once(self.spool.path, self.site, self.means(), settle=False)

    def sweep(self) -> Collected:
        """Run a sweep."""
        return sweep(self.spool.path, self.site, self.means())

    def collect_later(self, seconds: float) -> Collected:
        """Let time pass, then run the worker once."""
        self.clock.advance(seconds)
        return self.collect()

    def items(self) -> list[SetItem]:
        """Return the notes of the unfinished sets."""
        return read_notes(self.spool, SETS, SetItem)

    def names(self, room: str) -> list[str]:
        """Return what lies in one of the spool's directories."""
        return self.spool.names(room)


def written(set_dir: Path) -> list[str]:
    """Return which reports were written on a set, in their order: final or provisional."""
    path = set_dir / "written"
    return path.read_text().split() if path.exists() else []
