"""Give the tests a real Slurm: `slurm`, one a session, idle again after each test that used it."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from cluster.cluster_daemons import missing
from cluster.cluster_installation import install_for_all
from cluster.cluster_skipping import skip
from cluster.cluster_slurm import Slurm


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark every test of this directory `cluster`."""
    item.add_marker(pytest.mark.cluster)


@pytest.fixture(scope="session")
def slurm(request: pytest.FixtureRequest) -> Iterator[Slurm]:
    """Bring up a private Slurm with accounting and four nodes; skip where the machine cannot have one."""
    lacks = missing()
    if lacks:
        skip(f"a real Slurm needs {lacks}")
    cluster = Slurm()
    is_up = False
    try:
        cluster.start()
        is_up = True
        yield cluster
    finally:
        keep_logs = not is_up or bool(request.session.testsfailed)
        if not is_up:
            print(cluster.new_logs())
        if keep_logs:
            print(f"Slurm's logs are kept in {cluster.place.log}")
        cluster.stop(keep_logs=keep_logs)


@pytest.fixture(scope="session")
def python() -> Iterator[str]:
    """Find or make a Python with afterall that every user of the cluster can run, as a site has one."""
    path = Path(tempfile.mkdtemp(prefix="afterall-python-"))
    path.chmod(0o755)
    try:
        found = install_for_all(path)
        if found is None:
            skip("no Python here can be read by every user")
        yield found
    finally:
        shutil.rmtree(path)


@pytest.fixture(autouse=True)
def idle_afterwards(request: pytest.FixtureRequest) -> Iterator[None]:
    """Reset the cluster after each test that used it; a module may override this to keep its jobs."""
    if "slurm" not in request.fixturenames:
        yield
        return
    cluster: Slurm = request.getfixturevalue("slurm")
    cluster.mark_logs()
    yield
    cluster.reset()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Show what Slurm logged during a test that failed."""
    report = yield
    cluster = getattr(item, "funcargs", {}).get("slurm")
    if report.failed and isinstance(cluster, Slurm):  # type: ignore[attr-defined]
        report.sections.append(("Slurm's logs", cluster.new_logs()))  # type: ignore[attr-defined]
    return report
