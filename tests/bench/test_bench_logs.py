"""The benchmark of logs runs, and what it counts holds anywhere: bounded memory, few steps for a curve."""

import cProfile
import re
import subprocess
import sys
from pathlib import Path

from bench.logs import bars, find_bars, grep_literals, grep_patterns, read, write

SCRIPT = Path(__file__).with_name("logs.py")


def test_the_benchmark_prints_its_figures() -> None:
    """Every log is read in less than 100 MiB; seconds are printed, not judged here."""
    argv = [sys.executable, str(SCRIPT), "--rounds", "1", "--mib", "8"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=240)
    assert done.returncode in (0, 1), done.stderr  # a loaded machine may take longer
    memory = re.findall(
        r"^\| ([^|]+) \| \d+ MiB \| [\d.]+ s \| \d+ \| (\d+) MiB \|", done.stdout, re.MULTILINE
    )
    assert len(memory) == 6
    assert all(int(peak) < 100 for _, peak in memory)
    assert re.search(r"`re.finditer` \| [\d.]+ s \| [\d.]+ s \| [\d.]+ \| 4.0 \|", done.stdout)


def test_a_curve_is_read_in_fewer_steps_than_it_has_bars(tmp_path: Path) -> None:
    """A sixth at most: a loop in Python takes several for each bar, reading leaves whole blocks to C.

    What is done once for each log and each trainer is not counted.
    """
    steps, found = [], []
    for mib in (4, 8):
        log = write(tmp_path / "bars.out", bars(mib << 20))
        profile = cProfile.Profile(builtins=False)
        profile.runcall(read, log)
        steps.append(sum(entry.callcount for entry in profile.getstats()))
        found.append(find_bars(log))
    assert (steps[1] - steps[0]) * 6 < found[1] - found[0] > 40_000


def test_grep_looks_for_what_the_signatures_say() -> None:
    """The patterns that grep is given are those of the table, as far as its regular expressions go."""
    told = (
        "slurmstepd: error: *** JOB 7 ON n1 CANCELLED AT 2026-11-23T07:03:58 DUE TO TIME LIMIT ***",
        "slurmstepd: error: Detected 1 oom_kill event in StepId=7.batch.",
        "ModuleNotFoundError: No module named 'peft'",
        "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB",
    )
    others = ("1|2|Loss: 0.5:  40%|████      | 20/50 [00:01<00:02, 17.2it/s]", "no error: all is well")
    argv = ("grep", "-aE", grep_patterns())
    ran = subprocess.run(argv, input="\n".join((*told, *others)), capture_output=True, text=True, check=True)
    assert tuple(ran.stdout.splitlines()) == told


def test_grep_looks_for_the_signatures_literals() -> None:
    """The pattern that grep is given takes every literal as it stands."""
    pattern = re.compile(grep_literals())
    assert pattern.search("slurmstepd: error: *** JOB 7 ON n1 CANCELLED")
    assert not pattern.search("1|2|Loss: 0.5:  40%|████      | 20/50 [00:01<00:02, 17.2it/s]")
