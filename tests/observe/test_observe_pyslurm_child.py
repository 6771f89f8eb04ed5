"""Check the process that holds pyslurm, with objects of pyslurm's shape."""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from afterall.observe import parse_pyslurm, pyslurm_child


class Grumpy:
    """An object whose properties raise, as pyslurm's do for vanished users."""

    id = 7
    state = "COMPLETED"

    @property
    def user_name(self) -> str:
        """Fail as getpwuid does."""
        raise KeyError("getpwuid(): uid not found: 77777")

    @property
    def steps(self) -> dict[str, object]:
        """Fail as an RPC does."""
        raise RuntimeError("no steps")


def job(**said: object) -> SimpleNamespace:
    """Return an object of the shape of pyslurm.db.Job."""
    return SimpleNamespace(**{"id": 7, "state": "COMPLETED", **said})


def test_attributes_are_taken_one_by_one() -> None:
    """A property that raises costs that value alone."""
    described = pyslurm_child.describe(Grumpy())
    assert (described["id"], described["state"], described["user_name"], described["steps"]) == (
        7,
        "COMPLETED",
        None,
        [],
    )


def test_steps_and_statistics() -> None:
    """Steps come with the numbers that a memory kill needs."""
    step = SimpleNamespace(
        id="batch", state="FAILED", exit_code=1, stats=SimpleNamespace(max_resident_memory=5)
    )
    described = pyslurm_child.describe(
        job(steps={"batch": step}, stats=SimpleNamespace(max_resident_memory=6))
    )
    assert described["max_resident_memory"] == 6
    assert described["steps"][0]["max_resident_memory"] == 5


@pytest.mark.parametrize(
    ("gpus", "count"),
    [
        ({}, 0),
        ({"gpu:h100": SimpleNamespace(count=2)}, 2),
        ({"gpu:h100": SimpleNamespace(count=2), "gpu": SimpleNamespace(count=2)}, 2),
        (None, None),
    ],
)
def test_gpus_are_counted_once(gpus: Any, count: int | None) -> None:
    """A typed entry is counted only where there is no untyped one."""
    assert pyslurm_child.describe(job(gpus=gpus))["gpus"] == count


def test_what_the_child_prints_is_read(capsys: pytest.CaptureFixture[str]) -> None:
    """The parent reads the child's output, objects that are no plain values included."""
    code = pyslurm_child.main(["", '{"ids": [7]}'], lambda _: [job(comment=Path("/x"))])
    (attempt,) = parse_pyslurm(capsys.readouterr().out.encode())
    assert (code, attempt.job_id, attempt.comment) == (0, "7", "/x")


def test_any_failure_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever pyslurm raises, the child says it in one line and exits 1."""

    def broken(conditions: dict[str, Any]) -> list[object]:
        raise RuntimeError(f"no slurmdbd for {conditions['ids']}")

    assert pyslurm_child.main(["", '{"ids": [7]}'], broken) == 1
    assert capsys.readouterr().err == "pyslurm: RuntimeError: no slurmdbd for [7]\n"


def test_the_child_runs_alone() -> None:
    """The child imports nothing of this package, and fails cleanly where pyslurm is not there."""
    child = Path(pyslurm_child.__file__)
    run = subprocess.run(
        [sys.executable, "-I", "-S", child, '{"ids": [7]}'], capture_output=True, check=False, timeout=60
    )
    assert run.returncode == 1
    assert run.stderr.startswith(b"pyslurm: ModuleNotFoundError")


PYSLURM = """
__version__ = "{version}"
class Job:
    id, state, submit_time, stats, steps = 7, "COMPLETED", 1795417883, None, {{}}
class db:
    class JobFilter:
        def __init__(self, ids): self.ids = ids
    class Jobs:
        @staticmethod
        def load(conditions): return {{id: Job() for id in conditions.ids}}
"""


def run_with_pyslurm(directory: Path, version: str) -> "subprocess.CompletedProcess[bytes]":
    """Run the child where a module called pyslurm can be imported."""
    (directory / "pyslurm.py").write_text(PYSLURM.format(version=version))
    run = "import sys, runpy; p = sys.argv.pop; sys.path[:0] = [p(1)]; runpy.run_path(p(1), None, '__main__')"
    argv = [sys.executable, "-I", "-S", "-c", run, str(directory), pyslurm_child.__file__, '{"ids": [7]}']
    return subprocess.run(argv, capture_output=True, check=False, timeout=60)


def test_the_child_asks_pyslurm(tmp_path: Path) -> None:
    """The child loads the jobs with the ids it was given and prints them."""
    run = run_with_pyslurm(tmp_path, "25.11.2")
    (attempt,) = parse_pyslurm(run.stdout)
    assert (run.returncode, attempt.job_id, attempt.state_text) == (0, "7", "COMPLETED")


def test_an_old_pyslurm_is_refused(tmp_path: Path) -> None:
    """A release before 25.11 names things differently and is not used."""
    run = run_with_pyslurm(tmp_path, "24.5.1")
    assert run.returncode == 1
    assert b"24.5.1 is older than 25.11" in run.stderr
