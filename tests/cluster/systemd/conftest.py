"""Give each of these tests a machine of its own with systemd as pid 1, on which the how-to was followed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from cluster.cluster_machine import Machine, booted, missing
from cluster.cluster_page import call_hook, install
from cluster.cluster_skipping import skip
from cluster.cluster_slurm import Slurm
from cluster.cluster_users import User

QUICK = """\
debounce_s = 0.5
retry_first_s = 0.5
retry_last_s = 2
"""


@pytest.fixture(autouse=True)
def idle_afterwards() -> None:
    """Leave the cluster as it is until the last of these tests."""


@pytest.fixture(scope="package")
def idle_cluster(slurm: Slurm) -> Iterator[Slurm]:
    """Yield the cluster, without hooks and jobs again after the last test."""
    slurm.mark_logs()
    yield slurm
    slurm.reset()


@pytest.fixture(scope="session")
def lacks() -> str:
    """Return what keeps this machine from booting a second one."""
    return missing()


@pytest.fixture
def bare(lacks: str, python: str) -> Iterator[Machine]:
    """Boot a machine that has no Slurm to ask."""
    if lacks:
        skip(f"a second machine needs {lacks}")
    prefix = Path(python).parents[1]
    with booted({prefix: str(prefix)}) as machine:
        yield machine


@pytest.fixture
def alone(bare: Machine, python: str) -> Machine:
    """Follow the how-to on a machine that has no Slurm to ask."""
    install(bare, python, QUICK)
    return bare


@pytest.fixture(scope="package")
def owner(idle_cluster: Slurm) -> User:
    """Make a user whose home nobody else can enter; a machine knows those that were made before it booted."""
    owner = idle_cluster.make_user()
    owner.home.chmod(0o700)
    return owner


@pytest.fixture
def node(lacks: str, idle_cluster: Slurm, python: str, owner: User) -> Iterator[Machine]:
    """Follow the how-to on a machine that shares the cluster, and let Slurm call its hook."""
    if lacks:
        skip(f"a second machine needs {lacks}")
    prefix, base = Path(python).parents[1], idle_cluster.place.base
    with booted({prefix: str(prefix), base: str(base)}) as machine:
        install(machine, python, f'slurm_conf = "{idle_cluster.conf}"\n{QUICK}')
        call_hook(idle_cluster, machine)
        yield machine
