"""`srun afterall doctor SET` is one probe by several tasks, and a batch script's is one by itself."""

import json
from typing import Any

from cluster.cluster_sets import Run, make_set
from cluster.cluster_slurm import Slurm
from cluster.cluster_traces import Training


def _locking(text: str) -> dict[str, dict[str, Any]]:
    return {check["subject"]: check for check in json.loads(text) if check["area"] == "locking"}


def test_the_tasks_of_a_step_probe_together(slurm: Slurm, python: str) -> None:
    """One list of checks for all; as all test nodes have one kernel, it is told to show nothing."""
    sweep = make_set(slurm, "locks/srun", settings=None)
    sweep.lay(Run("rank4", Training(4)))
    before = sweep.listed()
    doctor = [python, "-I", "-m", "afterall", "doctor", str(sweep.path), "--json"]
    done = slurm.run_as_user(["srun", "--nodes=2", "--ntasks=3", *doctor], sweep.path)
    checks = _locking(done.stdout)
    assert checks["lock"]["outcome"] == "good"
    assert "ran on the host of n1 too" in checks["n2"]["found"]
    assert sweep.listed() == before


def test_a_batch_script_probes_alone(slurm: Slurm, python: str) -> None:
    """It knows how many tasks there may be, and waits for none of them."""
    sweep = make_set(slurm, "locks/sbatch", settings=None)
    sweep.lay(Run("rank4", Training(4)))
    script = f"{python} -I -m afterall doctor {sweep.path} --json >{sweep.user.home}/checks.json"
    job_id = slurm.sbatch(sweep.path, "--nodes=2", "--ntasks=2", script=script)
    assert slurm.wait(job_id) == ("COMPLETED",)
    assert set(_locking((sweep.user.home / "checks.json").read_text())) == {"lock", "rename"}
