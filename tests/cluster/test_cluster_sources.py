"""Endings come from wherever the admin had the hook called, and the sweep finds what that place misses."""

import pytest

from cluster.cluster_processes import until
from cluster.cluster_sets import ExperimentSet, Run, make_set
from cluster.cluster_slurm import Slurm
from cluster.cluster_traces import Training
from cluster.cluster_truth import check_set
from cluster.cluster_worker import Site, decisions

SHORT = Run("rank4", Training(4))
HELD = Run("rank16", Training(16))
OF_SLURM = ("dac_override",)
"""What the units ask for where the spool belongs to Slurm's user."""


def half_ended(slurm: Slurm, name: str) -> ExperimentSet:
    """Run one job of a set to its end while another is held."""
    one = make_set(slurm, name)
    one.submit(HELD, "--hold")
    slurm.wait_accounted(one.submit(SHORT))
    return one


def cancel_held(one: ExperimentSet) -> None:
    """Cancel the held job, as its user."""
    one.slurm.run_as_user(["scancel", one.jobs["rank16"]], one.path)
    one.slurm.wait_accounted(one.jobs["rank16"], "CANCELLED")


def check_cancelled(one: ExperimentSet) -> None:
    """Check that the held job is told as one that never ran."""
    check_set(one)
    assert one.results["set"]["counts"] == {"completed": 1, "cancelled": 1}
    assert one.codes("rank16") == {"job_cancelled_pending"}


@pytest.mark.parametrize("kind", ["epilog_slurmctld", "jobcomp"])
def test_the_controllers_hooks_lead_to_a_report(slurm: Slurm, python: str, kind: str) -> None:
    """Called as Slurm's user, the hook writes into that user's spool, which root's worker empties."""
    slurm.install_hook(kind)
    one = make_set(slurm, kind)
    for run in (SHORT, Run("rank16", Training(16, steps=12), "exit 3")):
        one.submit(run)
    Site(slurm, python, more_rights=OF_SLURM).until_reported(one.path)
    check_set(one)
    assert one.results["set"]["counts"] == {"completed": 1, "failed": 1}
    assert one.report.stat().st_uid == one.user.uid
    assert slurm.nodes_drained() == ""


def test_jobcomp_sees_a_job_cancelled_while_pending(slurm: Slurm, python: str) -> None:
    """Its cancellation is an ending like any other, and the report follows from it."""
    slurm.install_hook("jobcomp")
    site = Site(slurm, python, "retry_first_s = 600", more_rights=OF_SLURM)
    one = half_ended(slurm, "cancelled_and_noted")
    assert len(decisions(site.once(), one.path, "waits")) == 1
    cancel_held(one)
    slurm.wait_events(1)
    site.until_reported(one.path)
    check_cancelled(one)


def test_the_sweep_finds_a_job_cancelled_while_pending(slurm: Slurm, python: str) -> None:
    """With Epilog alone nobody notes it; the worker would look again after its back-off, the sweep now."""
    slurm.install_hook("epilog")
    site = Site(slurm, python, "retry_first_s = 600\nretry_last_s = 900")
    one = half_ended(slurm, "cancelled_and_swept")
    assert "state=siblings" in decisions(site.once(), one.path, "waits")[0]
    cancel_held(one)
    assert decisions(site.once(), one.path, "reported") == []
    assert (slurm.events(), "RESULTS.md" in one.listed()) == ([], False)
    assert len(decisions(site.once("sweep"), one.path, "reported")) == 1
    check_cancelled(one)


def test_the_sweep_finds_a_job_whose_node_was_lost(slurm: Slurm, python: str) -> None:
    """No epilog runs on a node that is gone; once the grace period is over the set is reported on."""
    slurm.install_hook("epilog")
    site = Site(slurm, python, "grace_s = 4\nretry_first_s = 600\nretry_last_s = 900")
    one = make_set(slurm, "lost_node")
    lost = one.submit(Run("rank16", Training(16, steps=12), "sleep 600"), "--nodelist=n4", "--no-requeue")
    slurm.wait_accounted(one.submit(SHORT))
    slurm.wait(lost, "RUNNING")
    assert "state=siblings" in decisions(site.once(), one.path, "waits")[0]
    slurm.fail_node("n4")
    slurm.wait_accounted(lost, "NODE_FAIL")
    assert "state=grace" in decisions(site.once("sweep"), one.path, "waits")[0]
    assert "RESULTS.md" not in one.listed()
    until(lambda: site.once("sweep"), lambda log: bool(decisions(log, one.path, "reported")), "a report", 30)
    check_set(one)
    assert (one.told("rank16")["state"], one.codes("rank16")) == ("node_fail", {"job_node_fail"})
