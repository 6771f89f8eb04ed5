"""Measure what the hook costs at the end of a job: its time as a multiple of `sh -c :` in the same run.

Usage: python tests/bench/hook.py [--rounds N] [--shell PATH]
Prints a Markdown table with the medians. Exit 1 when the hook takes more than 4 times as long.
"""

import argparse
import os
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

HOOK = Path(__file__).parents[2] / "hooks" / "afterall-epilog"
MOST = 4.0
ENV = {
    "PWD": "/",
    "SLURMD_NODENAME": "gpu0001",
    "SLURM_CLUSTER_NAME": "lab",
    "SLURM_JOB_COMMENT": "afterall",
    "SLURM_JOB_EXIT_CODE2": "0:0",
    "SLURM_JOB_GID": "1001",
    "SLURM_JOB_ID": "4711",
    "SLURM_JOB_PARTITION": "gpu",
    "SLURM_JOB_RESTART_COUNT": "0",
    "SLURM_JOB_UID": "1001",
    "SLURM_JOB_USER": "alice",
    "SLURM_JOB_WORK_DIR": "/scratch/alice/cap_8L_llama32_lora_comparison_2025-10-18/rank8_lr1e-5",
    "SLURM_NODELIST": "gpu[0001-0004,0007]",
    "SLURM_SCRIPT_CONTEXT": "epilog_slurmd",
}
"""A four-node job's end as slurmd tells it, on the node that writes."""


def elapsed_s(argv: Sequence[str], env: Mapping[str, str]) -> float:
    """Start a program, wait for its end, and return how long that took."""
    started = time.perf_counter()
    _, status = os.waitpid(os.posix_spawn(argv[0], list(argv), dict(env)), 0)
    taken = time.perf_counter() - started
    if status:
        raise RuntimeError(f"{' '.join(argv)}: wait status {status}")
    return taken


def measure(shell: str, rounds: int, base: Path) -> tuple[float, float]:
    """Return the median times of an empty shell and of the hook, measured in turn under one load."""
    for name in ("new", "tmp"):
        (base / name).mkdir()
    script = base / "afterall-epilog"
    script.write_text(re.sub(r"(?m)^spool=.*$", f"spool={base}", HOOK.read_text()))
    empty, hook = [], []
    for _ in range(rounds):
        empty.append(elapsed_s([shell, "-c", ":"], ENV))
        hook.append(elapsed_s([shell, str(script)], ENV))
    written = len(os.listdir(base / "new"))
    if not written:
        raise RuntimeError("the hook wrote no record")
    return statistics.median(empty), statistics.median(hook)


def main(arguments: Sequence[str]) -> int:
    """Measure and print; return the exit code."""
    parser = argparse.ArgumentParser(description="Compare the hook with an empty shell.")
    parser.add_argument("--rounds", type=int, default=500, help="runs of each (default 500)")
    parser.add_argument("--shell", default="/bin/sh", help="the shell of both (default /bin/sh)")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as base:
        empty_s, hook_s = measure(options.shell, options.rounds, Path(base))
    shell = Path(os.path.realpath(options.shell)).name
    ratio = hook_s / empty_s
    print("| what | shell | `sh -c :`, median | hook, median | ratio | at most |")
    print("|---|---|---|---|---|---|")
    print(f"| hook | {shell} | {empty_s * 1e3:.2f} ms | {hook_s * 1e3:.2f} ms | {ratio:.1f} | {MOST:.0f} |")
    return int(ratio > MOST)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
