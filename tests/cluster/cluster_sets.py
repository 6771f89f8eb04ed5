"""Lay an experiment set down as the test cluster's user, submit its runs, and read what was reported on it.

A run's batch script calls a stand-in for a trainer, which prints the log and saves the checkpoints that were
prepared outside the set; what the script does then decides how its job ends.
"""

import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cluster.cluster_processes import until
from cluster.cluster_slurm import Slurm
from cluster.cluster_traces import Training, files_of, log_of
from cluster.cluster_users import User

_TRAINER = """\
import os, shutil, sys
traces = os.path.join(os.path.dirname(os.path.abspath(__file__)), "traces")
trace = os.path.join(traces, sys.argv[sys.argv.index("--trace") + 1])
with open(os.path.join(trace, "log"), "rb") as log:
    sys.stdout.buffer.write(log.read())
sys.stdout.flush()
shutil.copytree(os.path.join(trace, "files"), ".", dirs_exist_ok=True)
"""
_SCRIPT = """\
#!/bin/bash
#SBATCH --job-name={name}
#SBATCH --output={output}
#SBATCH --time=00:15:00
#SBATCH --mem=200M
{before}
python3 {home}/train.py --model /models/tiny-1B --lora_rank {rank} --learning_rate {rate} --trace {trace}
{then}
"""


@dataclass(frozen=True)
class Run:
    """One run: its training, and what its batch script does before and then, which decides its end."""

    name: str
    training: Training
    then: str = ""
    before: str = ""
    output: str = "slurm-%j.out"


@dataclass
class ExperimentSet:
    """A set directory of the user's, and the ids of the jobs that were submitted of it, by run."""

    slurm: Slurm
    path: Path
    user: User
    jobs: dict[str, str] = field(default_factory=dict)

    def lay(self, run: Run) -> Path:
        """Write a run's directory with its batch script, and prepare what its training will leave."""
        trace = f"{self.path.name}/{run.name}"
        prepared = {"log": log_of(run.training)}
        prepared |= {f"files/{path}": data for path, data in files_of(run.training).items()}
        write_files(self.user, self.user.home / "traces" / trace, {"files/.keep": b"", **prepared})
        script = _SCRIPT.format(
            name=run.name,
            output=run.output,
            home=self.user.home,
            rank=run.training.rank,
            rate=run.training.learning_rate,
            trace=trace,
            before=run.before,
            then=run.then,
        )
        write_files(self.user, self.user.home, {"train.py": _TRAINER.encode()})
        return write_files(self.user, self.path / run.name, {"train.sbatch": script.encode()})

    def submit(self, run: Run, *options: str) -> str:
        """Lay a run down and submit it from its own directory; return the job's id."""
        directory = self.lay(run)
        self.jobs[run.name] = self.slurm.sbatch(
            directory, *options, "train.sbatch", script=None, user=self.user
        )
        return self.jobs[run.name]

    @property
    def report(self) -> Path:
        """Where the report is to appear."""
        return self.path / "RESULTS.md"

    @property
    def results(self) -> dict[str, Any]:
        """What RESULTS.json says."""
        decoded: dict[str, Any] = json.loads((self.path / "RESULTS.json").read_text())
        return decoded

    def told(self, name: str) -> dict[str, Any]:
        """Return what RESULTS.json says of one run."""
        (found,) = [one for one in self.results["experiments"] if one["name"] == name]
        return dict(found)

    def codes(self, name: str | None) -> set[str]:
        """Return the codes of the findings on one run, or on the set as a whole."""
        return {one["code"] for one in self.results["findings"] if one["experiment"] == name}

    def listed(self) -> list[str]:
        """Return every path in the set."""
        return sorted(str(path.relative_to(self.path)) for path in self.path.rglob("*"))

    def wait_report(self, timeout_s: float = 60) -> str:
        """Wait until RESULTS.md and RESULTS.json lie in the set; return the first's text."""
        names = until(
            self.listed,
            lambda seen: {"RESULTS.md", "RESULTS.json"} <= set(seen),
            f"a report in {self.path}",
            timeout_s,
        )
        assert names
        return self.report.read_text()


def make_set(
    slurm: Slurm, name: str, user: User | None = None, settings: str | None = "", mode: int = 0o755
) -> ExperimentSet:
    """Make a new set of the user's; `settings` is its afterall.toml, None for none."""
    who = user or slurm.user
    assert not (who.home / name).exists(), f"{name} is an earlier test's"
    found = ExperimentSet(slurm, who.directory(name, mode), who)
    if settings is not None:
        write_files(who, found.path, {"afterall.toml": settings.encode()})
    return found


def end_together(slurm: Slurm, name: str, nodes: tuple[str, str] = ("n2", "n3")) -> ExperimentSet:
    """Return a set whose two jobs ended on two nodes in the same second by Slurm's own clock.

    A busy machine may need several tries, each a set of its own.
    """
    for number in range(5):
        one = make_set(slurm, f"{name}_{number}")
        second = int(time.time()) + 4
        wait = f"python3 -c 'import time; time.sleep(max(0, {second}.2 - time.time()))'"
        for node, rank in zip(nodes, (4, 16), strict=True):
            one.submit(Run(f"rank{rank}", Training(rank), wait), f"--nodelist={node}")
        rows = [row for job_id in one.jobs.values() for row in slurm.wait_accounted(job_id)]
        assert [row["NodeList"] for row in rows] == list(nodes)
        if len({row["End"] for row in rows}) == 1:
            return one
    raise TimeoutError(f"no two jobs ended in the same second: {rows}")


def write_files(user: User, directory: Path, files: dict[str, bytes]) -> Path:
    """Write files below a directory of the user's, all of it his; return the directory."""
    for path, data in files.items():
        target = user.directory(str((directory / path).parent.relative_to(user.home))) / Path(path).name
        target.write_bytes(data)
        user.own(target)
    return directory
