"""Measure what reading a log costs: beside `grep`, beside a loop of `re.finditer`, and logs made to be hard.

Usage: python tests/bench/logs.py [--rounds N] [--mib N]
Prints Markdown tables. The logs are made in a temporary directory (TMPDIR), page cache warm: one of torchtune
as Slurm leaves it, its bars parted by carriage returns, and one of another program with a line for each step.
Each round takes every program in turn: `read_log` gives the facts of a log together with its whole curve in
one pass, `grep -aEc` counts the lines that match a signature's pattern, or merely hold its literal, and a
loop takes epoch, step and loss of every bar from the decoded text. Then logs that are hard to read, and the
memory that each takes. Exit 1 when a figure is not met.
"""

import argparse
import os
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import repeat
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from afterall.scan.logs.reading import LogPart, read_log
from afterall.scan.logs.signatures import SIGNATURES
from afterall.scan.trainers import make_readers
from bench.experiments import torchtune_log

LEAST_OF_GREP = 1.0
LEAST_OF_FINDITER = 4.0
MOST_MEMORY_MIB = 100
PEERS = {
    "patterns": "`grep -aEc PATTERNS`",
    "literals": "`grep -aEc LITERALS`",
    "finditer": "`re.finditer`",
}
EXTENDED = (
    (r"\(\?P<\w+>|\(\?:", "("),
    (r"\(\?\w+\)", ""),
    (r"\(\?<?[=!][^()]*(?:\([^()]*\)[^()]*)*\)", ""),
    (r"\[(\^?)([^][]*)\\\]([^][]*)\]", r"[\1]\2\3]"),
    (r"(\[[^][]*)\\d", r"\g<1>0-9"),
    (r"(\[\^?\]?[^][]*)\\s", r"\1 \t"),
    (r"\\d", "[0-9]"),
    (r"\\[nx][0-9a-f]{0,2}", ""),
    (r"\[([^\]]*)\\w([^\]]*)\]", r"[\1A-Za-z0-9_\2]"),
    (r"\{\d+(?:,\d*)?\}", "*"),
    (r"([*+?])\?", r"\1"),
    (r"\[\^\]", "."),
)
"""From Python's regular expressions to POSIX's, as far as the signatures need it."""
SHARE = 16
"""What part of the size the other logs have, every record of which is looked at by itself."""
BAR = re.compile(r"(\d+)\|(\d+)\|Loss: ([0-9.eE+-]+|nan|inf)")
READ = """import sys
from afterall.scan.logs.reading import read_log
from afterall.scan.trainers import make_readers
with open(sys.argv[1], "rb") as file:
    read_log(file, "log", make_readers)
sys.stdout.write(open("/proc/self/status").read().partition("VmSwap")[0])
"""


def grep_patterns() -> str:
    """Return an extended regular expression of the signatures' patterns.

    It has no look-around, no groups' names, and `*` for each bounded count, which GNU grep would unroll.
    """
    return "|".join(f"({_extended(row.pattern.pattern.decode())})" for row in SIGNATURES)


def _extended(pattern: str) -> str:
    for old, new in EXTENDED:
        pattern = re.sub(old, new, pattern)
    return pattern


def grep_literals() -> str:
    """Return an extended regular expression of the signatures' literals alone: less than they say."""
    literals = dict.fromkeys(row.literal.decode() for row in SIGNATURES)
    return "|".join(re.sub(r"([][.*(){}+?^$|\\])", r"\\\1", literal) for literal in literals)


def bars(size_bytes: int) -> Iterator[bytes]:
    """Yield a log of torchtune's of about `size_bytes`: one epoch of it, and where it saved."""
    yield torchtune_log(1, size_bytes)


def lines(size_bytes: int) -> Iterator[bytes]:
    """Yield a log with a line for each step and no bars, in pieces."""
    draw = random.Random(1)
    step = written = 0
    while written < size_bytes:
        piece = "".join(
            f"2026-11-23 07:0{n % 10}:58,613 - trainer - INFO - step {step + n} | loss {draw.random():.5f} | "
            f"lr 1.00e-04 | tokens/s {draw.random() * 9000:.1f} | batch drawn from shard-{n:05}.parquet\n"
            for n in range(1000)
        ).encode()
        step += 1000
        written += len(piece)
        yield piece


HARD: dict[str, Callable[[int], Iterator[bytes]]] = {
    "one line without an end": lambda size: repeat(b"x y" * 349_525 + b"z", size >> 20),
    "nothing but line ends": lambda size: repeat(b"\n" * (1 << 20), size >> 20),
    "records of 10 MB": lambda size: repeat(b"word " * 2_097_151 + b"end.\n", max(1, size // 10_485_760)),
    "a traceback in every record, none ends": lambda size: repeat(
        b"\rTraceback (most recent call last):" * 30_000, max(1, size // 1_050_000)
    ),
    "a broken bar in every record": lambda size: repeat(b"\r1|2|Loss: -:" * 80_000, max(1, size // 960_000)),
}
"""What no trainer writes, by what it is."""


def write(path: Path, pieces: Iterator[bytes]) -> Path:
    """Write a file of these pieces."""
    with path.open("wb") as file:
        file.writelines(pieces)
    return path


def read(path: Path) -> tuple[LogPart, ...]:
    """Read a log as a report does."""
    with path.open("rb") as file:
        return read_log(file, "log", make_readers)


def peak_mib(path: Path) -> float:
    """Return the peak resident memory of a fresh process that reads a log, in MiB."""
    argv = (sys.executable, "-c", READ, str(path))
    ran = subprocess.run(argv, capture_output=True, text=True, check=True)
    return int(ran.stdout.rpartition("VmHWM:")[2].split()[0]) / 1024


def grep(path: Path, pattern: str) -> None:
    """Count the lines that match, in the locale C, grep's fastest; raise RuntimeError where it fails."""
    argv = ("grep", "-aEc", pattern, str(path))
    ran = subprocess.run(argv, env={**os.environ, "LC_ALL": "C"}, stdout=subprocess.DEVNULL, check=False)
    if ran.returncode > 1:
        raise RuntimeError(f"grep: exit code {ran.returncode}")


def find_bars(path: Path) -> int:
    """Take every bar's epoch, step and loss from the decoded text; return how many there are."""
    count = 0
    for found in BAR.finditer(path.read_text("utf-8", "replace")):
        int(found[1]), int(found[2]), float(found[3])
        count += 1
    return count


def in_turn(rounds: int, work: Mapping[str, Callable[[], object]]) -> dict[str, float]:
    """Return the median seconds of each piece of work; the first round warms the page cache."""
    times: dict[str, list[float]] = {name: [] for name in work}
    for number in range(rounds + 1):
        for name, do in work.items():
            started = time.perf_counter()
            do()
            if number:
                times[name].append(time.perf_counter() - started)
    return {name: statistics.median(taken) for name, taken in times.items()}


def main(arguments: Sequence[str]) -> int:
    """Measure and print; return the exit code."""
    parser = argparse.ArgumentParser(description="Measure what reading a log costs.")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each (default 3)")
    parser.add_argument("--mib", type=int, default=1024, help="size of each log (default 1024)")
    options = parser.parse_args(arguments)
    size = options.mib << 20
    few = size // SHARE
    with tempfile.TemporaryDirectory() as place:
        log, words = write(Path(place, "bars.out"), bars(size)), write(Path(place, "lines.out"), lines(few))
        peers = {
            "patterns": lambda: grep(log, grep_patterns()),
            "literals": lambda: grep(log, grep_literals()),
            "finditer": lambda: find_bars(log),
        }
        of_bars = in_turn(options.rounds, {"read_log": lambda: read(log), **peers})
        memory = peak_mib(log)
        pair = {"read_log": lambda: read(words), "patterns": lambda: grep(words, grep_patterns())}
        of_lines = in_turn(options.rounds, pair)
        log.unlink()
        words.unlink()
        hard = {what: _hard(Path(place, "hard.out"), make(few)) for what, make in HARD.items()}
    return _report(options.mib, of_bars, memory, of_lines, hard)


def _hard(path: Path, pieces: Iterator[bytes]) -> tuple[float, float, float]:
    """Return the size of a log in MiB, the seconds that reading it takes, and the memory in MiB."""
    write(path, pieces)
    seconds = in_turn(1, {"read_log": lambda: read(path)})["read_log"]
    return path.stat().st_size / (1 << 20), seconds, peak_mib(path)


def _report(
    mib: int,
    of_bars: dict[str, float],
    memory_mib: float,
    of_lines: dict[str, float],
    hard: dict[str, tuple[float, float, float]],
) -> int:
    print("| log | what | peer | peer, median | `read_log`, median | times as fast | at least |")
    print("|---|---|---|---|---|---|---|")
    met = memory_mib < MOST_MEMORY_MIB and all(peak < MOST_MEMORY_MIB for _, _, peak in hard.values())
    rows = (
        (f"{mib} MiB, torchtune", "final facts", "patterns", of_bars, LEAST_OF_GREP),
        (f"{mib} MiB, torchtune", "final facts", "literals", of_bars, None),
        (f"{mib} MiB, torchtune", "whole curve", "finditer", of_bars, LEAST_OF_FINDITER),
        (f"{mib // SHARE} MiB, a line a step", "final facts", "patterns", of_lines, None),
    )
    for log, what, peer, times, least in rows:
        ratio = times[peer] / times["read_log"]
        met &= least is None or ratio >= least
        print(
            f"| {log} | {what} | {PEERS[peer]} | {times[peer]:.2f} s | {times['read_log']:.2f} s "
            f"| {ratio:.2f} | {least or ''} |"
        )
    print("\n| log | size | time | MiB/s | peak memory | at most |\n|---|---|---|---|---|---|")
    rate = mib / of_bars["read_log"]
    print(
        f"| torchtune | {mib} MiB | {of_bars['read_log']:.2f} s | {rate:.0f} "
        f"| {memory_mib:.0f} MiB | {MOST_MEMORY_MIB} MiB |"
    )
    for what, (size, seconds, peak) in hard.items():
        print(
            f"| {what} | {size:.0f} MiB | {seconds:.2f} s | {size / seconds:.0f} | {peak:.0f} MiB "
            f"| {MOST_MEMORY_MIB} MiB |"
        )
    return int(not met)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
