"""Endings that come together make one report: of two jobs in one second, and of one job on two nodes."""

import pytest

from cluster.cluster_sets import ExperimentSet, Run, end_together, make_set
from cluster.cluster_slurm import Slurm
from cluster.cluster_traces import Training
from cluster.cluster_truth import check_set
from cluster.cluster_worker import Watch, decisions


@pytest.fixture(scope="module")
def together(slurm: Slurm, watch: Watch) -> ExperimentSet:
    """Have two jobs of a set end in the same second and wait for the report."""
    one = end_together(slurm, "together")
    watch.wait_done(one.path)
    return one


def test_two_last_endings_give_one_report(together: ExperimentSet, watch: Watch) -> None:
    """Both endings are in it, and it was written once."""
    check_set(together)
    assert {one["state"] for one in together.results["experiments"]} == {"completed"}
    assert len(decisions(watch.log, together.path, "reported")) == 1


def test_a_job_on_two_nodes_gives_one_report(slurm: Slurm, watch: Watch) -> None:
    """Its Epilog runs on both nodes; one ending is noted and one report written."""
    one = make_set(slurm, "on_two_nodes")
    job_id = one.submit(Run("rank4", Training(4)), "--nodes=2", "--spread-job")
    watch.wait_done(one.path)
    check_set(one)
    assert one.told("rank4")["attempts"][0]["nodes"] == 2
    noted = [path for path in (slurm.spool / "done/events").iterdir() if path.name.startswith(f"{job_id}.")]
    assert len(noted) == 1
    assert len(decisions(watch.log, one.path, "reported")) == 1
