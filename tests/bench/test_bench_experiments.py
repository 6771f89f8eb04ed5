"""The benchmark of many experiments runs, and its sets are what they say they are."""

import json
import re
import subprocess
import sys
from pathlib import Path

from bench.experiments import ROWS, write_set

SCRIPT = Path(__file__).with_name("experiments.py")


def test_the_benchmark_prints_its_figures() -> None:
    """Ten experiments cost less than eleven times one, and little memory; seconds are not judged here."""
    argv = [sys.executable, str(SCRIPT), "--rounds", "1", "--experiments", "10"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=240)
    assert done.returncode in (0, 1), done.stderr  # a loaded machine may take longer
    growth = re.search(r"10 against 1 \| ([\d.]+) × \| 11 × \|", done.stdout)
    assert growth
    assert float(growth[1]) < 11
    memory = re.search(r"peak memory, 10 experiments \| (\d+) MiB \|", done.stdout)
    assert memory
    assert int(memory[1]) < 300
    assert len(re.findall(r"^\| `\w+\.eval` \| [\d.]+ ms \| 3 ms \|$", done.stdout, re.MULTILINE)) == 3


def test_each_experiment_has_a_log_of_a_mebibyte(tmp_path: Path) -> None:
    """Logs are within a tenth of 1 MiB; every second run has a state file of all its rows."""
    recording = write_set(tmp_path / "set", 4)
    sizes = [path.stat().st_size for path in (tmp_path / "set").glob("*/slurm-*.out")]
    assert len(sizes) == 4
    assert all(0.9 < size / (1 << 20) < 1.1 for size in sizes)
    states = [json.loads(path.read_text()) for path in (tmp_path / "set").glob("*/out/trainer_state.json")]
    assert [len(state["log_history"]) for state in states] == [ROWS + 1] * 2
    assert len(recording.read_text().splitlines()) == 8
