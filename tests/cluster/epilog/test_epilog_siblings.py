"""Siblings of uncommon kinds: one that can never start, a job of two components, an array's waiting tail."""

from cluster.cluster_sets import Run, make_set
from cluster.cluster_slurm import Slurm
from cluster.cluster_traces import Training
from cluster.cluster_truth import check_attempts
from cluster.cluster_worker import Watch, decisions

SHORT = Run("rank4", Training(4))


def test_a_job_that_can_never_start_is_told_and_not_waited_for(slurm: Slurm, watch: Watch) -> None:
    """Its dependency failed, so it waits in the queue for ever; the set is over all the same."""
    one = make_set(slurm, "with_a_never")
    failing = one.submit(Run("rank4", Training(4, steps=12), "exit 3"), "--hold")
    never = one.submit(Run("rank16", Training(16)), f"--dependency=afterok:{failing}")
    slurm.run_as_user(["scontrol", "release", failing], one.path)
    watch.wait_done(one.path)
    assert slurm.states(never) == ("PENDING",)
    check_attempts(one.told("rank4"), slurm.sacct(failing))
    assert one.told("rank16")["state"] == "pending"
    assert one.codes("rank16") == {"dependency_never_satisfied"}
    assert one.results["set"]["status"] == "incomplete"


def test_a_job_of_two_components_is_one_attempt(slurm: Slurm, watch: Watch) -> None:
    """Its script runs in the first, under whose id the run is told; both have to be over."""
    one = make_set(slurm, "with_a_het")
    directory = one.lay(Run("rank16", Training(16), "sleep 1"))
    het = slurm.sbatch(directory, "-n1", ":", "-n1", "train.sbatch", script=None)
    slurm.wait(one.submit(SHORT))
    watch.wait_done(one.path)
    leader, second = slurm.sacct(het)
    assert (leader["JobID"], second["JobID"]) == (f"{het}+0", f"{het}+1")
    check_attempts(one.told("rank16"), [leader])
    assert one.results["set"]["counts"] == {"completed": 2}


def test_an_arrays_waiting_tail_is_waited_for(slurm: Slurm, watch: Watch) -> None:
    """One task at a time may run: the last one has no id of its own yet while the first one ends."""
    one = make_set(slurm, "with_a_tail")
    go = one.user.home / "go"
    for number in range(3):
        then = f"until test -e {go}; do sleep 0.1; done" if number == 1 else ""
        one.lay(Run(f"rank{number}", Training(4 + number), then))
    lines = f"cd {one.path}/rank$SLURM_ARRAY_TASK_ID && exec bash train.sbatch"
    array = slurm.sbatch(one.path, "--array=0-2%1", script=lines)
    line = watch.wait(one.path, "waits", state="siblings", reason=f"{array}_")
    assert f"{array}_2 PENDING" in line
    assert "RESULTS.md" not in one.listed()
    go.touch()
    watch.wait_done(one.path)
    assert len(decisions(watch.log, one.path, "reported")) == 1
    rows = {row["JobID"]: row for row in slurm.sacct(array)}
    for number in range(3):
        check_attempts(one.told(f"rank{number}"), [rows[f"{array}_{number}"]])
