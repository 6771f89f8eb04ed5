"""Measure the worker under load: many sets end within a minute on a private, real Slurm of four nodes.

Usage: python tests/bench/many_sets.py [--sets N] [--jobs N]      (as root, with Debian's Slurm)
Prints a Markdown table. Exit 1 when a report is missing, premature or wrong, when two accounting queries came
within ten seconds, when a node was drained, or when the worker held more memory than it may.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from cluster.cluster_daemons import missing
from cluster.cluster_installation import install_for_all
from cluster.cluster_load import Figures, Load, end_together
from cluster.cluster_slurm import Slurm

LONGEST_ENDING_S = 60
SHORTEST_GAP_S = 10.0
MOST_WORKER_MIB = 100


def measure(load: Load) -> Figures:
    """Bring a cluster up, let the load end on it, and take it down again."""
    with tempfile.TemporaryDirectory(prefix="afterall-python-") as base:
        Path(base).chmod(0o755)
        python = install_for_all(Path(base))
        if python is None:
            raise SystemExit("no Python here can be read by every user")
        slurm = Slurm()
        try:
            slurm.start()
            return end_together(slurm, python, load)
        finally:
            slurm.stop(keep_logs=False)


def rows_of(load: Load, figures: Figures) -> list[tuple[str, str, str, bool]]:
    """Return what was measured, its figure, its bound, and whether it is kept."""
    right = load.sets - len(figures.wrong)
    worker_mib, most = figures.worker_kib / 1024, f"{MOST_WORKER_MIB} MiB"
    ending = f"{figures.ending_s:.0f} s"
    gap, least = figures.query_gap_s, f"at least {SHORTEST_GAP_S:g} s"
    return [
        (
            f"{load.job_count} jobs end within",
            ending,
            f"{LONGEST_ENDING_S} s",
            figures.ending_s <= LONGEST_ENDING_S,
        ),
        ("final reports, none premature or wrong", f"{right}", f"{load.sets}", not figures.wrong),
        ("times that a report was looked at", f"{figures.reported}", "", True),
        ("last ending to report, median", f"{figures.median_s:.0f} s", "", True),
        ("last ending to report, longest", f"{max(figures.delays_s):.0f} s", "", True),
        ("accounting queries", f"{len(figures.query_times)}", "", True),
        ("between two queries", f"{gap:.1f} s", least, gap >= SHORTEST_GAP_S),
        ("peak memory of the worker", f"{worker_mib:.0f} MiB", most, worker_mib <= MOST_WORKER_MIB),
        ("peak memory of a user's process", f"{figures.writer_kib / 1024:.0f} MiB", "", True),
        ("drained nodes", figures.drained or "none", "none", not figures.drained),
    ]


def main(arguments: Sequence[str]) -> int:
    """Measure and print; return the exit code."""
    parser = argparse.ArgumentParser(description="Let many sets end together on a real Slurm.")
    parser.add_argument("--sets", type=int, default=50, help="how many sets (default 50)")
    parser.add_argument("--jobs", type=int, default=10, help="jobs of each set (default 10)")
    options = parser.parse_args(arguments)
    lacks = missing()
    if lacks:
        raise SystemExit(f"a real Slurm needs {lacks}")
    load = Load(options.sets, options.jobs)
    figures = measure(load)
    print("| what | figure | bound |")
    print("|---|---|---|")
    rows = rows_of(load, figures)
    for what, figure, bound, _ in rows:
        print(f"| {what} | {figure} | {bound} |")
    for wrong in figures.wrong:
        print(f"wrong: {wrong}", file=sys.stderr)
    return int(not all(kept for *_, kept in rows))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
