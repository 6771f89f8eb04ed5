"""Where each node has its own spool and worker, the nodes of a set's last jobs report on it at once."""

from concurrent.futures import ThreadPoolExecutor

from cluster.cluster_hooks import make_spool, put_hook_by_node
from cluster.cluster_processes import until
from cluster.cluster_sets import end_together
from cluster.cluster_slurm import Slurm
from cluster.cluster_truth import check_set
from cluster.cluster_worker import Site, decisions


def test_two_nodes_report_at_once_and_leave_one_report(slurm: Slurm, python: str) -> None:
    """Neither knows of the other; both find the set over, and what lies there then is whole and true."""
    spools = {node: make_spool(slurm.place.base / f"spool-{node}", "root") for node in slurm.nodes}
    put_hook_by_node(slurm.place, spools)
    one = end_together(slurm, "on_nodes")
    until(
        lambda: [path.parts[-3] for path in sorted(slurm.place.base.glob("spool-*/new/*"))],
        lambda noted: noted == ["spool-n2", "spool-n3"],
        "an event on either node",
        30,
    )
    sites = [Site(slurm, python, spool=spools[node]) for node in ("n2", "n3")]
    with ThreadPoolExecutor(len(sites)) as pool:
        logs = list(pool.map(lambda site: site.until_reported(one.path), sites))
    assert [len(decisions(log, one.path, "reported")) for log in logs] == [1, 1]
    check_set(one)
    assert one.results["set"]["counts"] == {"completed": 2}
    written = {path for path in one.listed() if "/" not in path} - {"afterall.toml", "rank4", "rank16"}
    assert written == {"RESULTS.md", "RESULTS.json", "RESULTS_files", ".afterall"}
