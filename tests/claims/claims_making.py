"""Write runs and accounting rows as the Hugging Face Trainer, torchtune and sacct leave them."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from claims.claims_reading import COLUMNS

START = 1_795_417_200
"""2026-11-23 07:00:00 UTC."""
Losses = Mapping[int, float]
"""Values by step."""


class Job(Struct, frozen=True, kw_only=True):
    """A job as sacct tells of it; `batch` and `step` are the exit codes of its two steps."""

    job_id: int
    run: str
    state: str = "COMPLETED"
    code: str = "0:0"
    submit: int = START
    waited_s: int = 75
    elapsed_s: int | None = 600
    """None for one that never started."""
    limit_min: int = 30
    reason: str = "None"
    name: str = ""
    work_dir: str = ""
    step: str = ""
    rss_bytes: int = 2 * 10**9
    node: str = "n1"


def write_run(directory: Path, job_id: int, log: str) -> None:
    """Write the batch script and the log of one run."""
    directory.mkdir(parents=True, exist_ok=True)
    lines = ("#!/bin/bash", f"#SBATCH --job-name={directory.name}", "#SBATCH --output=slurm-%j.out")
    (directory / "train.sbatch").write_text("\n".join([*lines, "srun python train.py", ""]))
    (directory / f"slurm-{job_id}.out").write_text(log)


def write_state(
    directory: Path,
    loss: Losses,
    validation: Losses | None = None,
    rate: Losses | None = None,
    planned: int | None = None,
    took_s: float = 540.0,
) -> None:
    """Write a trainer_state.json whose last entry is the run's totals, where it came to its end."""
    validation, rate = validation or {}, rate or {}
    reached = max([0, *loss, *validation])
    planned = reached if planned is None else planned
    per_epoch = planned / 2 or 1
    history: list[dict[str, Any]] = []
    for step in sorted({*loss, *validation}):
        if step in loss:
            entry = {"epoch": step / per_epoch, "loss": loss[step], "step": step}
            history.append(entry | ({"learning_rate": rate[step]} if step in rate else {}))
        if step in validation:
            history.append({"epoch": step / per_epoch, "eval_loss": validation[step], "step": step})
    if reached == planned:
        totals = {"train_loss": sum(loss.values()) / max(1, len(loss)), "train_runtime": took_s}
        history.append({"epoch": 2.0, "step": reached, **totals})
    state = {
        "epoch": reached / per_epoch,
        "global_step": reached,
        "max_steps": planned,
        "num_train_epochs": 2,
        "log_history": history,
    }
    (directory / "trainer_state.json").write_text(json.dumps(state))


def write_accounting(path: Path, set_dir: Path, jobs: Iterable[Job]) -> Path:
    """Write what sacct says of the jobs, a batch step and one step of srun's beside each that started."""
    path.write_text("".join("\x1f".join(row) + "\n" for job in jobs for row in _rows(job, set_dir)))
    return path


def _rows(job: Job, set_dir: Path) -> list[list[str]]:
    started = job.elapsed_s is not None
    begin = job.submit + job.waited_s
    end = begin + (job.elapsed_s or 0)
    alive = job.state in ("RUNNING", "PENDING")
    times = {
        "Submit": str(job.submit),
        "Eligible": str(job.submit),
        "Start": str(begin) if started else "Unknown" if alive else str(end),
        "End": "Unknown" if alive else str(end),
        "ElapsedRaw": str(job.elapsed_s or 0),
    }
    tres = "billing=4,cpu=4,gres/gpu=2,mem=16G,node=1"
    common = {"JobIDRaw": str(job.job_id), "JobID": str(job.job_id), "Cluster": "lab", **times}
    allocation = {
        **common,
        "User": "researcher",
        "UID": "1001",
        "State": job.state,
        "ExitCode": job.code,
        "DerivedExitCode": "0:0",
        "TimelimitRaw": str(job.limit_min),
        "NNodes": "1",
        "NCPUS": "4",
        "AllocTRES": tres if started else "",
        "ReqTRES": tres,
        "Reason": job.reason,
        "NodeList": job.node if started else "None assigned",
        "WorkDir": job.work_dir or str(set_dir / job.run),
        "JobName": job.name or job.run,
        "SubmitLine": "sbatch train.sbatch",
    }
    rows = [allocation]
    if started:
        row = {**common, "State": job.state, "NNodes": "1", "NCPUS": "4", "NodeList": job.node}
        for name, code, rss in (("batch", job.code, 10**7), ("0", job.step or job.code, job.rss_bytes)):
            step_id = f"{job.job_id}.{name}"
            ids = {"JobIDRaw": step_id, "JobID": step_id}
            rows.append({**row, **ids, "ExitCode": code, "AllocTRES": tres, "MaxRSS": str(rss)})
    return [[each.get(column, "") for column in COLUMNS] for each in rows]
