"""Give these tests one site: the hook as Epilog on every node, and a worker that watches its spool.

They are a package so that the site lives from the first test to the last: a time limit takes Slurm more than
a minute, in which the other tests use it.
"""

from collections.abc import Iterator

import pytest

from cluster.cluster_sets import ExperimentSet, Run, make_set
from cluster.cluster_slurm import Slurm
from cluster.cluster_traces import Training
from cluster.cluster_worker import Site, Watch

BAD_ENDS = {
    "fails": Run("fails", Training(4, steps=12), "exit 3"),
    "times_out": Run("times_out", Training(8, steps=12), "sleep 600"),
    "cancelled": Run("cancelled", Training(16, steps=12), "sleep 600"),
    "never_runs": Run("never_runs", Training(32)),
    "too_large": Run(
        "too_large",
        Training(64, steps=12),
        "srun python3 -c 'import time; x = bytearray(600 << 20); time.sleep(60)'",
    ),
}
"""Runs that end badly, each in its own way."""


@pytest.fixture(autouse=True)
def idle_afterwards() -> None:
    """Leave the jobs of other sets alone."""


@pytest.fixture(scope="package")
def watch(slurm: Slurm, python: str) -> Iterator[Watch]:
    """Install the hook and start the worker; afterwards the cluster is idle again."""
    slurm.mark_logs()
    slurm.install_hook("epilog")
    try:
        with Watch(Site(slurm, python, "grace_s = 40")).going() as watch:
            yield watch
    finally:
        slurm.reset()


@pytest.fixture(scope="package", autouse=True)
def bad_ends(slurm: Slurm, watch: Watch) -> ExperimentSet:
    """Submit `BAD_ENDS`, and cancel two of them; the time limit's end is the set's last."""
    found = make_set(slurm, "bad_ends")
    for name, run in BAD_ENDS.items():
        options = {"times_out": ["--time=0:01"], "never_runs": ["--hold"]}.get(name, [])
        found.submit(run, *options)
    slurm.wait(found.jobs["cancelled"], "RUNNING")
    slurm.run_as_user(["scancel", found.jobs["cancelled"], found.jobs["never_runs"]], found.path)
    return found
