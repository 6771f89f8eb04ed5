"""The quick tier's benchmark runs, and what holds on any machine holds: memory, and waiting for many."""

import re
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).with_name("verify_quick.py")


def test_the_benchmark_prints_its_figures() -> None:
    """Twelve ratios, memory within its bounds, and files that make one wait read many at a time.

    Ratios are printed and not judged here, and neither is how many times: a loaded machine has its own.
    """
    argv = [sys.executable, str(SCRIPT), "--rounds", "1", "--files", "400"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=240)
    assert done.returncode in (0, 1), done.stderr
    assert len(re.findall(r"\| [\d.]+ µs \| [\d.]+ µs \| [\d.]+ \| [\d.]+ \|", done.stdout)) == 12
    memory = re.findall(r"\| (\d+) MiB \| 300 MiB \|", done.stdout)
    assert len(memory) == 2
    assert max(map(int, memory)) < 300
    speedup = re.search(r"\| 2 ms \| [\d.]+ ms \| [\d.]+ ms \| ([\d.]+) \| 15 \|", done.stdout)
    assert speedup
    assert float(speedup[1]) > 4
