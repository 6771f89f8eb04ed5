"""Hook, worker and writer die at two hundred random moments, and nothing that the hook had noted is lost.

The hook, the worker and the process that becomes the user are the real ones; only Slurm's commands are not.
"""

import json
import os
import random
import re
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from afterall.events import parse_event
from afterall.publish import locked
from collect.collect_ground import Ground
from collect.collect_installation import USER
from collect.collect_sets import is_whole, lay_set
from hook.hook_runs import EPILOG, HOOK

DEATHS = 200
SETS = 40
JOBS = 5


class Site:
    """An installed hook and worker, and the instants at which they die."""

    def __init__(self, ground: Ground, python: str, seed: int) -> None:
        self.ground = ground
        self.spool = ground.spool.path
        self.instants = random.Random(seed)
        self.noted: set[str] = set()
        self._hook = ground.path / "epilog"
        self._hook.write_text(re.sub(r"(?m)^spool=.*$", f"spool={self.spool}", HOOK.read_text()))
        config = ground.path / "config.toml"
        settings = {
            "spool": str(self.spool),
            "slurm_path": f"{ground.slurm.path}:/usr/bin:/bin",
            "debounce_s": 0.2,
            "retry_first_s": 0.2,
            "retry_last_s": 1,
        }
        config.write_text("".join(f"{key} = {json.dumps(value)}\n" for key, value in settings.items()))
        self._argv, self._options = [python, "-I", "-m", "afterall"], ["--config", str(config)]
        self._log = ground.path / "worker.log"
        self.worker = self.start()

    def start(self) -> subprocess.Popen[bytes]:
        """Start a worker."""
        with open(self._log, "ab") as log:
            argv = [*self._argv, "collect", "--watch", *self._options]
            return subprocess.Popen(argv, stdout=log, stderr=log, cwd="/")

    def pause(self, longest_s: float) -> None:
        """Wait until a random instant."""
        time.sleep(self.instants.random() * longest_s)

    def end(self, job_id: str, work_dir: Path, *, dies: bool) -> bool:
        """Run the hook for a job, perhaps to die with its mv; return whether it died before its own end."""
        environment = {**EPILOG, "SLURM_JOB_ID": job_id, "SLURM_JOB_WORK_DIR": str(work_dir)}
        environment |= {"SLURM_JOB_UID": str(USER), "SLURM_JOB_GID": str(USER), "SLURM_NODELIST": "n1"}
        hook = subprocess.Popen(["/bin/sh", self._hook], env=environment, cwd="/", start_new_session=True)
        if dies:
            self.pause(0.004)
            with suppress(ProcessLookupError):
                os.killpg(hook.pid, signal.SIGKILL)
        return hook.wait() == -signal.SIGKILL

    def kill_worker(self) -> bool:
        """Kill the worker, as a machine that goes down does, and start the next one."""
        self.worker.kill()
        self.worker.wait()
        self.worker = self.start()
        return True

    def kill_writer(self) -> bool:
        """Kill a process that has become a user, or is about to; return whether there was one."""
        children = Path(f"/proc/{self.worker.pid}/task/{self.worker.pid}/children")
        for _ in range(100):
            pids = [int(word) for word in children.read_text().split()]
            if pids:
                self.pause(1.0)
                with suppress(ProcessLookupError):
                    os.kill(self.instants.choice(pids), signal.SIGKILL)
                return True
            time.sleep(0.01)
        return False

    def look(self) -> None:
        """Check that every record in new/ is whole, and remember which were there."""
        for name in self.ground.names("new"):
            with suppress(FileNotFoundError):
                parse_event((self.spool / "new" / name).read_bytes(), name)
        for room in ("new", "claimed", "done/events"):
            self.noted |= {name.partition("~")[0] for name in self.ground.names(room)}

    def finish(self, *, is_done: Callable[[], bool], limit_s: float = 240) -> None:
        """Let the last worker go on until all is done, with a sweep for what no hook told."""
        self.worker.terminate()
        self.worker.wait(30)
        deadline = time.monotonic() + limit_s
        while not is_done():
            assert time.monotonic() < deadline, self._log.read_text()[-5000:]
            for command in (("collect", "--once"), ("sweep",)):
                subprocess.run([*self._argv, *command, *self._options], check=True, capture_output=True)
            time.sleep(1)


def _all_told(set_dir: Path) -> bool:
    with suppress(FileNotFoundError):
        return (set_dir / "RESULTS.json").read_text().count('"COMPLETED"') >= JOBS
    return False


def _kill(site: Site, victim: str) -> bool:
    return site.kill_worker() if victim == "worker" else site.kill_writer()


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_kill_9_of_hook_worker_and_writer_loses_nothing(
    everyones_python: str, ground: Ground, commons: Path
) -> None:
    """Each report is whole at any time and right in the end, each record has its fate, no lock is held."""
    ids = [[f"{number}{job}" for job in range(1, JOBS + 1)] for number in range(1, SETS + 1)]
    sets = [lay_set(commons / f"sweep{number}", *jobs) for number, jobs in enumerate(ids, start=1)]
    site = Site(ground, everyones_python, seed=17)
    jobs = [(job_id, set_dir) for set_dir, of_set in zip(sets, ids, strict=True) for job_id in of_set]
    deaths = {"hook": 0, "worker": 0, "writer": 0}
    for job_id, set_dir in jobs:
        ground.slurm.queued(job_id, set_dir / f"rank{job_id}")
    for job_id, set_dir in jobs:
        ground.slurm.ended(job_id, set_dir / f"rank{job_id}")
        ground.slurm.left(job_id)
        is_first = job_id.endswith("1")  # one ending of each set is noted for certain: the sweep then has it
        deaths["hook"] += site.end(
            job_id, set_dir / f"rank{job_id}", dies=not is_first and site.instants.random() < 0.5
        )
        site.look()
        victim = site.instants.choice(("worker", "writer", "nobody"))
        if victim != "nobody":
            deaths[victim] += _kill(site, victim)
        assert all(is_whole(one) for one in sets if (one / "RESULTS.md").exists())
    while sum(deaths.values()) < DEATHS:
        deaths["worker"] += site.kill_worker()
        site.pause(1.0)
        assert all(is_whole(one) for one in sets if (one / "RESULTS.md").exists())
    site.look()
    site.finish(is_done=lambda: all(map(_all_told, sets)) and not ground.names("sets"))
    done = {name.partition("~")[0] for name in ground.names("done/events")}
    assert site.noted <= done
    assert ground.names("new") == ground.names("claimed") == ground.names("failed/sets") == []
    assert all(is_whole(one) for one in sets)
    for one in sets:
        with locked(one, 1):
            pass
    print(f"deaths: {deaths}; records noted: {len(site.noted)} of {len(jobs)}")
