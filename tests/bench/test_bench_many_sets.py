"""The benchmark of many sets runs on a real Slurm, and its figures come from reports that were written."""

import subprocess
import sys
from pathlib import Path

import pytest

from cluster.cluster_daemons import missing

SCRIPT = Path(__file__).with_name("many_sets.py")


@pytest.mark.cluster
@pytest.mark.soak
def test_the_benchmark_prints_its_table() -> None:
    """A small run keeps every bound: its reports are right, and accounting is left in peace."""
    if missing():
        pytest.skip(f"a real Slurm needs {missing()}")
    argv = [sys.executable, str(SCRIPT), "--sets", "3", "--jobs", "2"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=240)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "| final reports, none premature or wrong | 3 | 3 |" in done.stdout
