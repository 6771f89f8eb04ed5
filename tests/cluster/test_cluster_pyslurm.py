"""Where pyslurm matches the cluster's Slurm, it tells of jobs what sacct tells."""

import importlib.util
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from afterall.model import Attempt, JobId, SlurmSource
from afterall.observe import Question, SlurmCommands, observe
from afterall.observe.pyslurm_child import MINIMUM
from cluster.cluster_slurm import Slurm

_TOLD = (
    *("job_id", "display_id", "cluster", "user", "uid", "slurm_state", "state_text", "exit_code", "signal"),
    *("submit", "eligible", "start", "end", "elapsed_s", "nodes", "node_list", "cpus", "work_dir", "name"),
)


def _lacks(slurm: Slurm) -> str:
    """Return why pyslurm cannot be asked here; its releases match one release of Slurm each."""
    if importlib.util.find_spec("pyslurm") is None:
        return "pyslurm is not installed"
    argv = [sys.executable, "-I", "-c", "import pyslurm; print(pyslurm.__version__)"]
    done = subprocess.run(argv, env=slurm.env, capture_output=True, text=True, check=False, timeout=30)
    if done.returncode:
        return f"pyslurm cannot be imported: {done.stderr.strip()[-200:]}"
    version = tuple(int(part) for part in done.stdout.split(".")[:2])
    return "" if version >= MINIMUM else f"pyslurm {done.stdout.strip()} is older than {MINIMUM}"


def test_pyslurm_tells_what_sacct_tells(slurm: Slurm) -> None:
    """Of jobs that ended well, badly and before they began, and of an array's tasks."""
    lacks = _lacks(slurm)
    if lacks:
        pytest.skip(lacks)  # also with AFTERALL_CI=1: no pyslurm is made for Debian's Slurm
    cwd = slurm.user.directory("asked")
    held = slurm.sbatch(cwd, "--hold")
    ids = [
        slurm.sbatch(cwd, script="exit 3"),
        slurm.sbatch(cwd, "--array=0-1", "-N2"),
        slurm.sbatch(cwd),
        held,
    ]
    slurm.run_as_user(["scancel", held], cwd)
    for job_id in ids:
        slurm.wait_accounted(job_id)
    question = Question(
        work_dir=str(cwd),
        uid=slurm.user.uid,
        job_ids=tuple(JobId(job_id) for job_id in ids),
        every_job_known=True,
    )
    commands = SlurmCommands(path=slurm.env["PATH"], environment=slurm.env)
    now = datetime.now(UTC)
    told, by_sacct = (observe(question, commands, now, use_pyslurm=use).attempts for use in (True, False))
    assert {attempt.source for attempt in told} == {SlurmSource.PYSLURM}
    assert len(told) == 5
    assert _table(told) == _table(by_sacct)


def _table(attempts: tuple[Attempt, ...]) -> list[dict[str, object]]:
    """Return what is to be the same, by display id."""
    legs = sorted(attempts, key=lambda attempt: attempt.display_id)
    return [{name: getattr(leg, name) for name in _TOLD} for leg in legs]
