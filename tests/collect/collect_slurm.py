"""Put sacct, squeue and scontrol in a directory that say what a test wants, and note how they were called."""

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from afterall.observe import DOCUMENTED_COLUMNS

SUBMITTED = datetime(2026, 11, 23, 10, tzinfo=UTC)
_SCRIPT = """#!/bin/sh
echo "{name} $*" >>{at}/calls
[ "$1" = --version ] && echo "slurm 22.05.8" && exit 0
[ -e {at}/{name}.slow ] && exec sleep 600
cat {at}/{name}.out
cat {at}/{name}.err >&2
exit "$(cat {at}/{name}.code)"
"""


class FakeSlurm:
    """Slurm's commands, saying what they are told to say."""

    def __init__(self, path: Path) -> None:
        path.mkdir()
        self.path = path
        self._ended: dict[str, dict[str, str]] = {}
        self._queue: dict[str, dict[str, str]] = {}
        for name in ("sacct", "squeue", "scontrol"):
            (path / name).write_text(_SCRIPT.format(name=name, at=path))
            (path / name).chmod(0o755)
            self.says(name)
        self.says("scontrol", err="slurm_load_jobs error: Invalid job id specified", code=1)

    def says(self, name: str, out: str = "", err: str = "", code: int = 0) -> None:
        """Let a command answer so from now on."""
        beside = self.path / f".{name}.out"
        beside.write_text(out, "utf-8", "surrogateescape")
        os.replace(beside, self.path / f"{name}.out")  # a worker may be asking
        (self.path / f"{name}.err").write_text(err)
        (self.path / f"{name}.code").write_text(f"{code}")

    def ended(self, job_id: str, work_dir: Path, **fields: str) -> None:
        """Let accounting say that a job ended, or whatever `State` says instead."""
        epoch = str(int(SUBMITTED.timestamp()))
        self._ended[job_id] = {
            "JobIDRaw": job_id,
            "JobID": job_id,
            "Cluster": "lab",
            "User": "researcher",
            "UID": "61234",
            "State": "COMPLETED",
            "ExitCode": "0:0",
            "Submit": epoch,
            "Eligible": epoch,
            "Start": epoch,
            "End": str(int(epoch) + 60),
            "ElapsedRaw": "60",
            "WorkDir": str(work_dir),
            "JobName": "train",
            **fields,
        }
        rows = [
            self._row([row.get(column, "") for column in DOCUMENTED_COLUMNS]) for row in self._ended.values()
        ]
        self.says("sacct", "".join(rows))

    def queued(self, job_id: str, work_dir: Path, state: str = "RUNNING", reason: str = "None") -> None:
        """Let the controller list a job."""
        self._queue[job_id] = {"state": state, "reason": reason, "work_dir": str(work_dir)}
        self._say_queue()

    def left(self, job_id: str) -> None:
        """Take a job off the controller's list."""
        self._queue.pop(job_id)
        self._say_queue()

    def calls(self, name: str) -> list[str]:
        """Return how a command was called, version questions left out."""
        path = self.path / "calls"
        lines = path.read_text().splitlines() if path.exists() else []
        return [line for line in lines if line.startswith(f"{name} ") and "--version" not in line]

    def _say_queue(self) -> None:
        epoch = str(int(SUBMITTED.timestamp()))
        rows = []
        for job_id, job in self._queue.items():
            fixed = [job_id, job_id, job["state"], job["reason"], "researcher", "61234"]
            times = [epoch, epoch, "N/A", "1:00:00", "1", "1", "n1"]
            rows.append(self._row([*fixed, *times, job["work_dir"], "train", "", "normal"]))
        self.says("squeue", "".join(rows))

    @staticmethod
    def _row(fields: list[str]) -> str:
        return "\x1f".join(fields) + "\n"


def settings_path(slurm: FakeSlurm) -> Mapping[str, str]:
    """Return the site setting that makes the worker use these commands and the system's sh and cat."""
    return {"slurm_path": f"{slurm.path}:/usr/bin:/bin"}
