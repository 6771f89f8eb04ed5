"""A job array beside a job of its own: each task is told for itself, by its log in a common directory."""

import pytest

from cluster.cluster_sets import ExperimentSet, Run, make_set, write_files
from cluster.cluster_slurm import Slurm
from cluster.cluster_traces import STEPS, Training
from cluster.cluster_truth import check_attempts
from cluster.cluster_worker import Watch

RANKS = (4, 16, 64)
SCRIPT = """\
#!/bin/bash
#SBATCH --job-name=sweep
#SBATCH --array=0-2
#SBATCH --output=logs/%x-%A_%a.out
RANKS=(4 16 64)
rank=${RANKS[$SLURM_ARRAY_TASK_ID]}
cd runs/rank$rank && bash train.sbatch
"""


@pytest.fixture(scope="module")
def array(slurm: Slurm, watch: Watch) -> ExperimentSet:
    """Run an array of three, the second of which fails, and a fourth run as a job of its own."""
    one = make_set(slurm, "array")
    for rank in RANKS:
        steps, then = (12, "exit 3") if rank == 16 else (STEPS, "")
        training = Training(rank, recipe="torchtune", steps=steps, output_dir=f"{one.path}/runs/rank{rank}")
        one.lay(Run(f"runs/rank{rank}", training, then))
    write_files(one.user, one.path, {"sweep.sbatch": SCRIPT.encode(), "logs/.keep": b""})
    one.jobs["sweep"] = slurm.sbatch(one.path, "sweep.sbatch", script=None)
    one.submit(Run("runs/rank128", Training(128)))
    watch.wait_done(one.path)
    return one


def test_each_task_is_an_experiment(array: ExperimentSet) -> None:
    """With its own id, its own end and its own log; the failing one alone has failed."""
    rows = {row["JobID"]: row for row in array.slurm.sacct(array.jobs["sweep"])}
    for task, rank in enumerate(RANKS):
        told = array.told(f"rank{rank}")
        shown = f"{array.jobs['sweep']}_{task}"
        check_attempts(told, [rows[shown]])
        assert told["logs"] == [f"logs/sweep-{shown}.out"]
        assert told["state"] == ("failed" if rank == 16 else "completed")
        assert told["metrics"]["global_step"]["value"] == (12 if rank == 16 else STEPS)


def test_the_job_beside_the_array_is_told_too(array: ExperimentSet) -> None:
    """It belongs to the same set though it has its own script and log."""
    check_attempts(array.told("rank128"), array.slurm.sacct(array.jobs["runs/rank128"]))
    assert array.results["set"]["counts"] == {"completed": 3, "failed": 1}


def test_the_failing_task_is_told_once(array: ExperimentSet) -> None:
    """Among the issues stands the task as users type it, with its exit code."""
    assert array.codes("rank16") == {"job_failed"}
    assert f"job {array.jobs['sweep']}_1 ended `FAILED` (exit code 3:0)" in array.report.read_text()
