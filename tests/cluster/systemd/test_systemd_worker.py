"""Under its unit, with few rights and in narrow bounds, the worker does all of its work."""

import re

from cluster.cluster_commands import run_afterall
from cluster.cluster_machine import Machine
from cluster.cluster_page import COLLECT, SWEEP, quicken
from cluster.cluster_processes import until
from cluster.cluster_sets import Run, make_set
from cluster.cluster_slurm import Slurm
from cluster.cluster_traces import Training
from cluster.cluster_truth import check_set
from cluster.cluster_users import User

_LINE = re.compile(r'(INFO|WARNING) action=[a-z-]+( [a-z_]+=("([^"\\]|\\.)*"|[^\s"]+))*')


def test_the_last_end_leads_to_a_report(node: Machine, idle_cluster: Slurm, python: str, owner: User) -> None:
    """In a directory closed to root: the owner's, true, and in the bytes of the owner's own command."""
    quicken(node, "afterall-collect.timer")
    one = make_set(idle_cluster, "private", owner, mode=0o700)
    one.submit(Run("rank4", Training(4)), "--nodelist=n2")
    one.submit(Run("rank16", Training(16), "exit 3"), "--nodelist=n3")
    one.wait_report()
    _wait_logged(node, COLLECT, f"action=reported set={one.path} uid={owner.uid}")
    check_set(one)
    made = [one.path / name for name in ("RESULTS.md", "RESULTS.json", "RESULTS_files", ".afterall")]
    assert {(path.stat().st_uid, path.stat().st_gid) for path in made} == {(owner.uid, owner.gid)}
    lines = node.journal(COLLECT)
    assert [line for line in lines if not _LINE.fullmatch(line)] == []
    assert node.run(f"journalctl -q -p warning -u {COLLECT}").stdout == ""
    text = one.report.read_bytes()
    one.report.unlink()
    run_afterall(idle_cluster, python, "report", one.path, user=owner)
    assert one.report.read_bytes() == text
    assert idle_cluster.nodes_drained() == ""


def test_the_sweep_finds_what_no_hook_tells(node: Machine, idle_cluster: Slurm, owner: User) -> None:
    """A sibling that is cancelled while it waits, long before the set is to be looked at again."""
    node.run(
        "sed -i 's/^retry_first_s.*/retry_first_s = 900/; s/^retry_last_s.*//' /etc/afterall/config.toml"
    )
    one = make_set(idle_cluster, "swept", owner)
    one.submit(Run("rank4", Training(4)))
    held = one.submit(Run("rank16", Training(16)), "--hold")
    _wait_logged(node, COLLECT, "state=siblings")
    idle_cluster.run("scancel", held)
    idle_cluster.wait(held, "CANCELLED")
    quicken(node, "afterall-sweep.timer")
    one.wait_report()
    _wait_logged(node, SWEEP, f"action=reported set={one.path}")


def _wait_logged(machine: Machine, unit: str, words: str) -> None:
    """Wait until a service has logged a line with these words."""
    until(lambda: "\n".join(machine.journal(unit)), lambda log: words in log, f"{words} of {unit}", 30)
