"""Make runs whose jobs ended in every way that leaves a finding, and some that have not ended."""

import os
from pathlib import Path

from claims.claims_making import START, Job, write_accounting, write_run, write_state

PLANNED = 100
TRACEBACK = (
    'Traceback (most recent call last):\n  File "train.py", line 7, in <module>\n    main()\n'
    "ValueError: the 3rd of 5 shards is empty\n"
)
_AT = "CANCELLED AT 2026-11-23T07:11:15"
_OOM = "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 1.50 GiB. GPU 0 has a total capacity of 79.10 GiB of which 1.09 GiB is free.\n"  # noqa: E501

JOBS = (
    Job(job_id=201, run="timeout", state="TIMEOUT", elapsed_s=1800),
    Job(job_id=202, run="deadline", state="DEADLINE", elapsed_s=400),
    Job(job_id=203, run="cancelled", state="CANCELLED by 1001", code="0:15"),
    Job(job_id=204, run="withdrawn", state="CANCELLED by 1001", elapsed_s=None),
    Job(job_id=205, run="node", state="NODE_FAIL", code="1:0"),
    Job(job_id=206, run="preempted", state="PREEMPTED", code="0:15"),
    Job(job_id=207, run="failed", state="FAILED", code="1:0"),
    Job(job_id=208, run="killed", state="FAILED", code="9:0", step="0:0"),
    Job(job_id=209, run="unlaunched", state="FAILED", code="0:53", elapsed_s=1),
    Job(job_id=210, run="short", elapsed_s=300),
    Job(job_id=211, run="again", state="NODE_FAIL", code="1:0", submit=START - 7200, elapsed_s=1234),
    Job(job_id=212, run="again", state="TIMEOUT", submit=START - 4800, elapsed_s=1801),
    Job(job_id=213, run="again"),
    Job(job_id=214, run="nolog"),
    Job(job_id=215, run="spoiled", state="FAILED", code="1:0"),
    Job(job_id=216, run="contradicted", state="TIMEOUT", elapsed_s=1800),
    Job(job_id=217, run="zero"),
    Job(job_id=218, run="lossless"),
    Job(job_id=219, run="guessed"),
    Job(job_id=220, run="full", state="FAILED", code="1:0"),
    Job(job_id=221, run="memory", state="OUT_OF_MEMORY", code="0:125", rss_bytes=17 * 1024**3),
    Job(job_id=222, run="sampled", state="OUT_OF_MEMORY", code="0:125", rss_bytes=9 * 1024**3),
    Job(job_id=223, run="elsewhere", name="other", work_dir="/scratch/other/place"),
    Job(job_id=224, run="stale", state="NODE_FAIL", code="1:0", submit=START - 7200),
    Job(job_id=225, run="stale", state="FAILED", code="1:0"),
    Job(job_id=230, run="", name="prepare", state="FAILED", code="2:0", elapsed_s=60),
    Job(job_id=231, run="", name="prepare", state="FAILED", code="2:0", elapsed_s=61),
)
"""By run; the log of one that has a finding of its own is below."""

LOGS = {
    "timeout": f"slurmstepd: error: *** JOB 201 ON n1 {_AT} DUE TO TIME LIMIT ***\n",
    "cancelled": f"slurmstepd: error: *** JOB 203 ON n1 {_AT} ***\n",
    "node": f"slurmstepd: error: *** JOB 205 ON n1 {_AT} DUE TO NODE FAILURE, SEE SLURMCTLD LOG FOR DETAILS ***\n",  # noqa: E501
    "preempted": f"slurmstepd: error: *** JOB 206 ON n1 {_AT} DUE TO PREEMPTION ***\n",
    "failed": TRACEBACK,
    "spoiled": "mv: cannot stat 'a': No such file or directory\n",
    "full": f"{TRACEBACK.rpartition('ValueError')[0]}{_OOM}",
    "guessed": "".join(f"iteration {step} loss {3 - step / 100:.3f}\n" for step in range(10, 110, 10)),
}
_REACHED = {"short": 40, "failed": 33, "zero": 0}
_WHOLE = frozenset({"again", "nolog", "spoiled", "contradicted", "elsewhere", "lossless", "zero"})
_WITHOUT_STATE = frozenset({"withdrawn", "unlaunched", "guessed"})


def make_ended(into: Path) -> tuple[Path, Path]:
    """Make the set; return it and its accounting."""
    set_dir = into / "ended"
    for job in JOBS:
        if job.run:
            write_run(set_dir / job.run, job.job_id, LOGS.get(job.run, "starting\n"))
            _write_progress(set_dir / job.run)
    for name in ("withdrawn", "nolog", "unlaunched"):
        for log in (set_dir / name).glob("slurm-*.out"):
            log.unlink()
    for path in (set_dir / "stale" / "trainer_state.json", set_dir / "stale" / "slurm-224.out"):
        os.utime(path, (START - 6600, START - 6600))
    write_run(set_dir / "never", 0, "")
    (set_dir / "never" / "slurm-0.out").unlink()
    write_run(set_dir / "purged", 4242, "starting\n")
    write_state(set_dir / "purged", {10 * n: 2 - n / 10 for n in range(1, 11)})
    return set_dir, write_accounting(into / "sacct.txt", set_dir, JOBS)


def _write_progress(directory: Path) -> None:
    name = directory.name
    if name in _WITHOUT_STATE:
        return
    reached = _REACHED.get(name, PLANNED if name in _WHOLE else 60)
    loss = {step: 2 - step / 100 for step in range(10, reached + 1, 10)}
    if name == "lossless":
        write_state(directory, {}, {50: 1.2, 100: 1.1}, planned=PLANNED)
    else:
        write_state(directory, loss, planned=0 if name == "zero" else PLANNED)
