"""Measure what a report costs: time from a cold start, memory, and questions put to accounting.

Usage: python tests/bench/report.py [--rounds N] [--experiments N]
Prints Markdown tables. Each round runs, in turn, a bare interpreter of the same Python (the peer that every
time is a multiple of), `afterall --help` and `afterall report` on the torchtune set of the golden tests.
Exit 1 when a figure is not met.
"""

import argparse
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from golden.golden_sets import GOLDEN, unpack

BARE = (sys.executable, "-c", "pass")
AFTERALL = (sys.executable, "-m", "afterall")
MOST_REPORT_S = 1.5
MOST_HELP_S = 0.25
MOST_MEMORY_MIB = 200
SACCT = """#!/bin/sh
echo asked >>"{directory}/asked"
cat "{directory}/answer"
"""


@dataclass(frozen=True)
class Run:
    """One finished process: wall-clock seconds, and its peak resident memory in MiB."""

    elapsed_s: float
    peak_mib: float


def run(argv: Sequence[str], env: Mapping[str, str] | None = None) -> Run:
    """Run a program to its end; raise RuntimeError where it fails."""
    quiet = [(os.POSIX_SPAWN_OPEN, n, os.devnull, os.O_WRONLY, 0) for n in (1, 2)]
    started = time.perf_counter()
    pid = os.posix_spawn(argv[0], list(argv), dict(env or os.environ), file_actions=quiet)
    _, status, usage = os.wait4(pid, 0)
    taken = time.perf_counter() - started
    if status:
        raise RuntimeError(f"{' '.join(argv)}: wait status {status}")
    return Run(taken, usage.ru_maxrss / 1024)


def measure(rounds: int, set_dir: Path) -> dict[str, list[Run]]:
    """Return the runs of each command, taken in turn; each report is written anew."""
    report = (*AFTERALL, "report", str(set_dir), "--sacct-file", str(GOLDEN / "torchtune" / "sacct.txt"))
    runs: dict[str, list[Run]] = {"bare": [], "help": [], "report": []}
    for _ in range(rounds):
        for name in ("RESULTS.md", "RESULTS.json"):
            (set_dir / name).unlink(missing_ok=True)
        for name in ("RESULTS_files", ".afterall"):
            shutil.rmtree(set_dir / name, ignore_errors=True)
        runs["bare"].append(run(BARE))
        runs["help"].append(run((*AFTERALL, "--help")))
        runs["report"].append(run(report))
    return runs


def many(run_dir: Path, count: int, place: Path) -> Path:
    """Return a set of `count` copies of one run, its weights left out."""
    big = place / "many"
    for number in range(count):
        copy = big / f"rank{number}"
        shutil.copytree(
            run_dir, copy, symlinks=True, ignore=shutil.ignore_patterns("epoch_*", "recipe_state")
        )
        next(copy.glob("slurm-*.out")).rename(copy / f"slurm-{number + 1}.out")
    return big


def questions(set_dir: Path, place: Path) -> int:
    """Return how often a report of `set_dir` asks sacct."""
    commands = place / "bin"
    shutil.rmtree(commands, ignore_errors=True)
    commands.mkdir()
    (commands / "answer").write_bytes((GOLDEN / "torchtune" / "sacct.txt").read_bytes())
    (commands / "sacct").write_text(SACCT.format(directory=commands))
    (commands / "sacct").chmod(0o755)
    run((*AFTERALL, "report", str(set_dir)), {**os.environ, "PATH": f"{commands}:/usr/bin:/bin"})
    return len((commands / "asked").read_text().splitlines())


def main(arguments: Sequence[str]) -> int:
    """Measure and print; return the exit code."""
    parser = argparse.ArgumentParser(description="Measure what a report costs.")
    parser.add_argument("--rounds", type=int, default=15, help="runs of each command (default 15)")
    parser.add_argument("--experiments", type=int, default=200, help="size of the large set (default 200)")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory)
        set_dir = unpack("torchtune", place / "set")
        runs = measure(options.rounds, set_dir)
        large = many(set_dir / "1B_rank4", options.experiments, place)
        asked = {4: questions(set_dir, place), options.experiments: questions(large, place)}
    times = {name: statistics.median(run.elapsed_s for run in taken) for name, taken in runs.items()}
    memory = max(run.peak_mib for run in runs["report"])
    _print(times, memory, asked)
    met = times["help"] < MOST_HELP_S and times["report"] < MOST_REPORT_S and memory < MOST_MEMORY_MIB
    return int(not met or set(asked.values()) != {1})


def _print(times: Mapping[str, float], memory_mib: float, asked: Mapping[int, int]) -> None:
    print("| what | bare interpreter, median | median | ratio | at most |")
    print("|---|---|---|---|---|")
    for name, label, most in (
        ("help", "`afterall --help`", MOST_HELP_S),
        ("report", "`afterall report`, torchtune set, cold", MOST_REPORT_S),
    ):
        bare, own = times["bare"], times[name]
        print(
            f"| {label} | {bare * 1e3:.0f} ms | {own * 1e3:.0f} ms | {own / bare:.1f} | {most * 1e3:.0f} ms |"
        )
    print()
    print("| what | figure | at most |")
    print("|---|---|---|")
    print(f"| peak memory of the report | {memory_mib:.0f} MiB | {MOST_MEMORY_MIB} MiB |")
    for experiments, count in asked.items():
        print(f"| accounting queries, {experiments} experiments | {count} | 1 |")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
