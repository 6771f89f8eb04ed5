"""The assembling benchmark runs, and what it counts holds anywhere: little memory."""

import re
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).with_name("assembling.py")


def test_the_benchmark_prints_its_figures() -> None:
    """Each case stands in the table with its ratio to the peer; times are printed, not judged here."""
    argv = [sys.executable, str(SCRIPT), "--rounds", "1", "--experiments", "12", "--steps", "2000"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=240)
    assert done.returncode in (0, 1), done.stderr  # a loaded machine may take longer
    rows = re.findall(
        r"\| (with\S* .*?) \| [\d.]+ s \| ([\d.]+) \| .*?\| (\d+) MiB \| ([\d.]+) MB \|", done.stdout
    )
    assert [row[0] for row in rows] == [
        "without figures",
        "without figures, each run scored on 1,000 samples",
        "with figures",
        "with figures and RESULTS.html",
    ]
    assert all(int(peak) < 500 for _, _, peak, _ in rows)
    assert "peer: matplotlib" in done.stdout
    assert re.search(r"\| status, scores, and what each sample scored \| [\d.]+ ms \| [\d.]+ \|", done.stdout)
