"""Let many small sets end together on a test cluster, with the worker running, and measure how it copes.

A job is a line of log and an exit code, so that the cluster ends hundreds of them within a minute; all are
submitted while the partition is down, and then let go at once.
"""

import contextlib
import itertools
import json
import shutil
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cluster.cluster_processes import until
from cluster.cluster_sets import ExperimentSet, make_set, write_files
from cluster.cluster_slurm import Slurm
from cluster.cluster_users import User
from cluster.cluster_worker import Site, Watch, decisions

_SCRIPT = """\
#!/bin/sh
#SBATCH --job-name=train
#SBATCH --time=00:05:00
#SBATCH --mem=50M
echo "step 1 loss 2.0"
echo "step 2 loss 1.{number}"
exit {code}
"""
_NOTING = """\
#!/bin/sh
case "$*" in *--helpformat* | *--version* | -V) ;; *) date +%s.%N >>{log} ;; esac
exec {program} "$@"
"""


_DEFAULTS = "debounce_s = 10\nretry_first_s = 5\nretry_last_s = 900\n"
"""A site's, which the other tests shorten."""


@dataclass(frozen=True)
class Load:
    """How much is to end together."""

    sets: int = 50
    jobs: int = 10
    users: int = 5
    """Whose sets they are, in turn."""

    @property
    def job_count(self) -> int:
        """All jobs of all sets."""
        return self.sets * self.jobs

    def exit_code(self, number: int, job: int) -> int:
        """Return how a job ends: up to two of each set fail."""
        return 3 if job < number % 3 else 0

    def counts(self, number: int) -> dict[str, int]:
        """Return what the report on a set must count."""
        failed = number % 3
        told = {"completed": self.jobs - failed, "failed": failed}
        return {state: count for state, count in told.items() if count}


@dataclass(frozen=True)
class Figures:
    """What was measured; times in seconds, memory in KiB."""

    ending_s: float
    """From the first job's end to the last's."""
    delays_s: tuple[float, ...]
    """For each set, from its last job's end, a whole second by Slurm's clock, to its report."""
    query_times: tuple[float, ...]
    worker_kib: int
    writer_kib: int
    """The most that any process of a user held."""
    reported: int
    """How often a report was written: an epilog that comes late has its set looked at once more."""
    drained: str
    wrong: tuple[str, ...]
    """What is not as it must be, in words."""

    @property
    def query_gap_s(self) -> float:
        """The shortest time between two accounting queries; infinite where there was one."""
        times = sorted(self.query_times)
        return min((b - a for a, b in itertools.pairwise(times)), default=float("inf"))

    @property
    def median_s(self) -> float:
        """The delay of the set in the middle."""
        return statistics.median(self.delays_s)


def end_together(slurm: Slurm, python: str, load: Load, timeout_s: float = 400) -> Figures:
    """Submit all, let go, watch the worker until each set has its report, and measure."""
    slurm.install_hook("epilog")
    users = [slurm.make_user() for _ in range(load.users)]
    sets = [_lay(slurm, load, number, users[number % load.users]) for number in range(load.sets)]
    with _noting_queries(slurm) as directory:
        site = Site(slurm, python, f'{_DEFAULTS}slurm_path = "{directory}:/usr/bin:/bin"')
        slurm.run("scontrol", "update", "partitionname=batch", "state=down")
        try:
            _submit(slurm, sets)
        finally:
            slurm.run("scontrol", "update", "partitionname=batch", "state=up")
        watch = Watch(site)
        with watch.going():
            memory = _until_all_reported(watch, sets, timeout_s)
            time.sleep(12)  # nothing more may come: one debounce time and a little
            log = watch.log
        noted = directory / "log"
        times = tuple(float(line) for line in noted.read_text().split()) if noted.exists() else ()
    ends = _ends(slurm, sets)
    all_ends = [end for of_set in ends for end in of_set]
    reports = [one.report.stat().st_mtime if one.report.exists() else float("inf") for one in sets]
    return Figures(
        ending_s=max(all_ends) - min(all_ends),
        delays_s=tuple(report - max(of_set) for report, of_set in zip(reports, ends, strict=True)),
        query_times=times,
        worker_kib=memory[0],
        writer_kib=memory[1],
        reported=sum(len(decisions(log, one.path, "reported")) for one in sets),
        drained=slurm.nodes_drained(),
        wrong=tuple(_wrong(sets, load, log, ends)),
    )


def _lay(slurm: Slurm, load: Load, number: int, user: User) -> ExperimentSet:
    one = make_set(slurm, f"load/sweep{number:03}", user)
    for job in range(load.jobs):
        script = _SCRIPT.format(number=job, code=load.exit_code(number, job))
        write_files(user, one.path / f"rank{job}", {"train.sbatch": script.encode()})
    return one


def _submit(slurm: Slurm, sets: list[ExperimentSet]) -> None:
    """Submit every run, the first of each set first, so that the sets of a user end interleaved."""
    for user in {one.user.name: one.user for one in sets}.values():
        own = {one.path: one for one in sets if one.user == user}
        runs = sorted((run.name, path) for path in own for run in path.glob("rank*"))
        lines = [f"cd {path}/{name} && sbatch --parsable train.sbatch || exit 1" for name, path in runs]
        done = slurm.run_as_user(["sh"], user.home, user=user, script="\n".join(lines), timeout_s=300)
        for (name, path), job_id in zip(runs, done.stdout.split(), strict=True):
            own[path].jobs[name] = job_id


@contextlib.contextmanager
def _noting_queries(slurm: Slurm) -> Iterator[Path]:
    """Make a `sacct` that notes when it was asked about jobs and then becomes Slurm's."""
    directory = slurm.place.base / "noting"
    directory.mkdir()
    program = shutil.which("sacct", path=slurm.env["PATH"])
    (directory / "sacct").write_text(_NOTING.format(log=directory / "log", program=program))
    (directory / "sacct").chmod(0o755)
    try:
        yield directory
    finally:
        shutil.rmtree(directory)


def _until_all_reported(watch: Watch, sets: list[ExperimentSet], timeout_s: float) -> tuple[int, int]:
    """Wait for every report; return the most memory that the worker and that its processes held, in KiB."""
    worker, writers = 0, 0
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        worker, writers = (
            max(worker, _peak_kib(watch.pid)),
            max(writers, *map(_peak_kib, _children(watch.pid)), 0),
        )
        if all(one.report.exists() for one in sets):
            break
        time.sleep(0.2)
    return worker, writers


def _children(pid: int) -> list[int]:
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def _peak_kib(pid: int) -> int:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    _, found, rest = status.partition("VmHWM:")
    return int(rest.split()[0]) if found else 0


def _ends(slurm: Slurm, sets: list[ExperimentSet]) -> list[list[float]]:
    """Return the ends of each set's jobs as accounting tells them, in epoch seconds."""
    ids = {job_id for one in sets for job_id in one.jobs.values()}
    argv = ("env", "SLURM_TIME_FORMAT=%s", "sacct", "-n", "-P", "-X", "-o", "JobIDRaw,End")

    def ask() -> dict[str, str]:
        rows = slurm.run(*argv, "-j", ",".join(sorted(ids))).splitlines()
        return {job_id: end for job_id, _, end in (row.partition("|") for row in rows)}

    def settled(rows: dict[str, str]) -> bool:
        return ids <= rows.keys() and all(end.isdigit() for end in rows.values())

    found = until(ask, settled, "accounting of all jobs", 60)
    return [[float(found[job_id]) for job_id in one.jobs.values()] for one in sets]


def _wrong(sets: list[ExperimentSet], load: Load, log: str, ends: list[list[float]]) -> Iterator[str]:
    for number, one in enumerate(sets):
        if not one.report.exists():
            yield f"{one.path.name} has no report"
            continue
        if one.report.stat().st_mtime < max(ends[number]):
            yield f"{one.path.name} was reported on before its last job ended"
        told: dict[str, Any] = one.results["set"]
        if told["counts"] != load.counts(number):
            yield f"{one.path.name} tells {json.dumps(told['counts'])}"
        if any("provisional" in line for line in decisions(log, one.path, "reported")):
            yield f"{one.path.name} has a provisional report"
