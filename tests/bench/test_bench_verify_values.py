"""The values tier's benchmark runs, and what it counts holds anywhere: bounded memory, quick second runs."""

import re
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).with_name("verify_values.py")


def test_the_benchmark_prints_its_figures() -> None:
    """Memory stays below its bound and the second run is faster; times beside peers are not judged here."""
    argv = [sys.executable, str(SCRIPT), "--rounds", "1", "--gib", "1", "--shards", "200"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=240)
    assert done.returncode in (0, 1), done.stderr  # a loaded machine may take longer
    assert re.findall(r"^\| `(\w+)` \| [\d.]+ GB/s", done.stdout, re.MULTILINE) == ["sha256sum", "cat"]
    memory = re.search(r"peak memory of the values tier \| (\d+) MiB \| 300 MiB", done.stdout)
    assert memory
    assert int(memory[1]) < 300
    second = re.search(r"1 GiB in 1 files \| (\d+) ms \| ([\d.]+) ms", done.stdout)
    assert second
    assert float(second[1]) > 5 * float(second[2])
