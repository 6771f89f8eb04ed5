"""Accounting is away when the last job of a set ends: nothing is lost, and the report follows its return."""

from cluster.cluster_processes import until
from cluster.cluster_sets import Run, make_set
from cluster.cluster_slurm import Slurm
from cluster.cluster_traces import Training
from cluster.cluster_truth import check_set
from cluster.cluster_worker import Site, decisions


def test_an_outage_of_accounting_delays_the_report(slurm: Slurm, python: str) -> None:
    """The set stays noted with the reason while sacct fails; what is then written has accounting's word."""
    slurm.install_hook("epilog")
    site = Site(slurm, python)
    one = make_set(slurm, "outage")
    one.submit(Run("rank4", Training(4)))
    last = one.submit(Run("rank16", Training(16, steps=12), "sleep 2; exit 3"))
    slurm.wait(last, "RUNNING")
    slurm.stop_slurmdbd()
    slurm.wait(last, "FAILED")
    slurm.wait_events(2)
    for _ in range(2):
        # The second time after the back-off, which the worker keeps to.
        log = until(site.once, lambda log: bool(decisions(log, one.path, "waits")), "a look", 30)
        (line,) = decisions(log, one.path, "waits")
        assert "state=accounting" in line
        assert "accounting does not answer" in line
        assert "RESULTS.md" not in one.listed()
    slurm.start_slurmdbd()
    site.until_reported(one.path)
    check_set(one)
    assert one.results["set"]["counts"] == {"completed": 1, "failed": 1}
    assert one.codes(None) & {"slurm_unavailable", "slurm_not_asked"} == set()
