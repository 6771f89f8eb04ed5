"""Make runs whose jobs have not ended: one runs, others wait, one is held, one waits for ever."""

from pathlib import Path

from claims.claims_making import Job, write_accounting, write_run, write_state

JOBS = (
    Job(job_id=401, run="running", state="RUNNING", elapsed_s=900),
    Job(job_id=402, run="pending", state="PENDING", elapsed_s=None, reason="Priority"),
    Job(job_id=403, run="held", state="PENDING", elapsed_s=None, reason="JobHeldUser"),
    Job(job_id=404, run="stuck", state="PENDING", elapsed_s=None, reason="DependencyNeverSatisfied"),
    Job(job_id=405, run="moved", state="REVOKED", elapsed_s=None),
    Job(job_id=406, run="ended"),
)


def make_waiting(into: Path) -> tuple[Path, Path]:
    """Make the set; return it and its accounting."""
    set_dir = into / "waiting"
    for job in JOBS:
        write_run(set_dir / job.run, job.job_id, "starting\n")
        if job.elapsed_s is None:
            (set_dir / job.run / f"slurm-{job.job_id}.out").unlink()
    write_state(set_dir / "running", {10 * n: 2 - n / 10 for n in range(1, 5)}, planned=100)
    write_state(set_dir / "ended", {10 * n: 2 - n / 10 for n in range(1, 11)})
    return set_dir, write_accounting(into / "sacct.txt", set_dir, JOBS)
