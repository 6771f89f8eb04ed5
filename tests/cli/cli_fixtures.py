"""Give tests of commands a set, a Slurm, and a Python that every user can run."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.cli_ground import Slurm, make_set
from collect.collect_installation import install


@pytest.fixture
def set_dir(tmp_path: Path) -> Path:
    """Make the demo's set, not reported on yet."""
    return make_set(tmp_path)


@pytest.fixture
def slurm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Slurm:
    """Put Slurm's commands on PATH: they know no job and no job is queued."""
    fake = Slurm(tmp_path / "slurm")
    monkeypatch.setenv("PATH", fake.search_path)
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)
    return fake


@pytest.fixture
def no_slurm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let PATH be a directory in which there is no command at all."""
    path = tmp_path / "nothing"
    path.mkdir()
    monkeypatch.setenv("PATH", str(path))
    return path


@pytest.fixture(scope="session")
def nobodys_python() -> Iterator[str]:
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


@pytest.fixture
def commons() -> Iterator[Path]:
    """Make a directory that every user can enter; pytest's own are for their owner alone."""
    path = Path(tempfile.mkdtemp(prefix="afterall-commons-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)
