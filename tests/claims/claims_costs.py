"""Add up what each experiment's jobs took, from their rows in the text of sacct."""

import re

from claims.claims_reading import Told, in_bytes

GPU = re.compile(r"gres/gpu=(\d+)")
HOUR = 3600


class Used:
    """What one experiment's jobs took, by their own rows."""

    def __init__(self, report: Told, name: str) -> None:
        rows = [row for row in report.jobs(name) if row["NodeList"] not in ("", "None assigned")]
        seconds = [int(row["ElapsedRaw"]) for row in rows]
        gpus = [int(found[1]) if (found := GPU.search(row["AllocTRES"])) else 0 for row in rows]
        cpus = [int(row["NCPUS"]) for row in rows]
        self.gpu_hours = sum(a * b for a, b in zip(gpus, seconds, strict=True)) / HOUR
        self.cpu_hours = sum(a * b for a, b in zip(cpus, seconds, strict=True)) / HOUR
        failed = report.run(name)["training_completed"] is False
        lives = report.run(name)["state"] in ("running", "pending")
        lost = range(0 if lives else len(rows) if failed else max(0, len(rows) - 1))
        self.lost_gpu_hours = sum(gpus[n] * seconds[n] for n in lost) / HOUR
        self.lost_cpu_hours = sum(cpus[n] * seconds[n] for n in lost) / HOUR
        self.elapsed_s = seconds[-1] if seconds else None
        self.limit_s = int(rows[-1]["TimelimitRaw"]) * 60 if rows else None
        self.waited_s = int(rows[-1]["Start"]) - int(rows[-1]["Eligible"]) if rows else 0
        steps = report.steps(rows[-1]["JobIDRaw"]) if rows else []
        self.rss = max((int(step["MaxRSS"]) for step in steps if step["MaxRSS"]), default=0)
        self.asked = (in_bytes(rows[-1]["AllocTRES"]) or 0) if rows else 0


def used_by(report: Told) -> dict[str, Used]:
    """Return what each experiment with a job took."""
    return {run["name"]: Used(report, run["name"]) for run in report.runs if report.jobs(run["name"])}
