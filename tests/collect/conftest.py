"""Give the worker's tests their ground, and those about users a place and a Python that users can reach."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from collect.collect_ground import Ground
from collect.collect_installation import install


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    """Lay out a spool, a fake Slurm and room for sets."""
    return Ground(tmp_path)


@pytest.fixture
def commons() -> Iterator[Path]:
    """Make a directory that every user can enter; pytest's own are for their owner alone."""
    path = Path(tempfile.mkdtemp(prefix="afterall-commons-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture(scope="session")
def everyones_python() -> Iterator[str]:
    """Find or make a Python with afterall that every user can run."""
    if os.geteuid() != 0:
        pytest.skip("becoming another user needs root")
    path = Path(tempfile.mkdtemp(prefix="afterall-python-"))
    path.chmod(0o755)
    python = install(path)
    if python is None:
        pytest.skip("no Python here can be read by every user")
    yield python
    shutil.rmtree(path)
