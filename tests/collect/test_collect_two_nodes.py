"""The last two jobs of a set end at one instant on two nodes that know nothing of each other."""

import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from collect.collect_ground import Ground
from collect.collect_installation import USER
from collect.collect_nodes import Node, two_nodes
from collect.collect_sets import is_whole, lay_set, leftovers

FILES = ("RESULTS.md", "RESULTS.json", "RESULTS_files/experiments.csv", "RESULTS_files/final_metric.svg")


def _needs_namespaces() -> None:
    if os.geteuid() != 0 or subprocess.run(["unshare", "--mount", "true"], check=False).returncode:
        pytest.skip("mounts of one's own need root")


def _until(holds: Callable[[], bool], what: Callable[[], str], limit_s: float = 60) -> None:
    deadline = time.monotonic() + limit_s
    while not holds():
        assert time.monotonic() < deadline, what()
        time.sleep(0.05)


def _end_at_once(ground: Ground, nodes: tuple[Node, Node], shared: Path, number: int, *, local: bool) -> None:
    """Let a new set's two jobs end on the two nodes, and wait until both have put it away."""
    mounted, ids = shared.parent / "mnt" / f"sweep{number}", (f"{number}1", f"{number}2")
    sweep_dir = lay_set(shared / f"sweep{number}", *ids)
    (sweep_dir / ".afterall").mkdir()
    os.chown(sweep_dir / ".afterall", USER, USER)
    for job_id in ids:
        ground.slurm.ended(job_id, mounted / f"rank{job_id}", JobName=f"train{job_id}")
    for node, job_id in zip(nodes, ids, strict=True):
        if local:
            node.hide_locks(mounted)
        node.prepare(job_id, mounted / f"rank{job_id}")
    for node, job_id in zip(nodes, ids, strict=True):
        node.end(job_id)
    done = f"action=reported set={mounted} "
    _until(
        lambda: all(done in node.log for node in nodes), lambda: nodes[0].log[-3000:] + nodes[1].log[-3000:]
    )


def _check(sweep_dir: Path) -> None:
    """Check that one whole report lies there, that it tells both ends, and that nothing else was left."""
    assert is_whole(sweep_dir)
    report = (sweep_dir / "RESULTS.json").read_text()
    assert report.count('"slurm_state": "COMPLETED"') == 2 or report.count('"slurm_state":"COMPLETED"') == 2
    assert leftovers(sweep_dir) == []
    assert not list(sweep_dir.glob("RESULTS.md.orig*"))


def _race(ground: Ground, python: str, commons: Path, rounds: int, *, local: bool) -> None:
    _needs_namespaces()
    shared = commons / "shared"
    shared.mkdir()
    with two_nodes(ground, shared, commons / "mnt", python) as nodes:
        for number in range(1, rounds + 1):
            _end_at_once(ground, nodes, shared, number, local=local)
    for number in range(1, rounds + 1):
        _check(shared / f"sweep{number}")
        shutil.rmtree(shared / f"sweep{number}")


@pytest.mark.parametrize("local", [False, True], ids=["one-lock", "local-locks"])
def test_two_last_jobs_leave_one_report(
    everyones_python: str, ground: Ground, commons: Path, local: bool
) -> None:
    """Both nodes report, whether they see each other's lock or not; what lies there is one and right."""
    _race(ground, everyones_python, commons, 2, local=local)


@pytest.mark.soak
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("local", [False, True], ids=["one-lock", "local-locks"])
def test_fifty_times_two_last_jobs_leave_one_report(
    everyones_python: str, ground: Ground, commons: Path, local: bool
) -> None:
    """A hundred times together, half of them with locks that hold on one node alone."""
    _race(ground, everyones_python, commons, 50, local=local)
