"""The report's benchmark runs, and what it counts holds anywhere: one accounting query, little memory."""

import re
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).with_name("report.py")


def test_the_benchmark_prints_its_figures() -> None:
    """One query for 4 and for 30 experiments, memory below its bound; times are printed, not judged here."""
    argv = [sys.executable, str(SCRIPT), "--rounds", "1", "--experiments", "30"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=240)
    assert done.returncode in (0, 1), done.stderr  # a loaded machine may take longer
    assert re.findall(r"accounting queries, (\d+) experiments \| (\d+) \| 1 \|", done.stdout) == [
        ("4", "1"),
        ("30", "1"),
    ]
    memory = re.search(r"peak memory of the report \| (\d+) MiB \| 200 MiB", done.stdout)
    assert memory
    assert int(memory[1]) < 200
    ratios = re.findall(r"\| (\d+) ms \| (\d+) ms \| ([\d.]+) \| \d+ ms \|", done.stdout)
    assert len(ratios) == 2
