"""Measure what the quick tier costs beside a loop that opens every file with safetensors' own `safe_open`.

Usage: python tests/bench/verify_quick.py [--rounds N] [--files N]
Prints Markdown tables. Files of each size are made in a temporary directory: what runs save epoch after
epoch (equal headers), files that have no header in common, and models of 100 shards with an index, which the
loop does not read. Loop and verification then read the same files in turn, called from one process, so that
neither pays for imports, a helper of the verification apart. Memory is that of the command's own process. For
the network, every operation on the files is made to wait 2 ms, in both. Exit 1 when a figure is beyond its
bound.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from glob import glob
from pathlib import Path

import numpy as np
from safetensors import safe_open
from safetensors.numpy import save

from afterall.model import Verdict
from afterall.scan.checkpoints import verify

SHIM = Path(__file__).with_name("latency.c")
MOST_MEMORY_MIB = 300
MOST_GROWTH_BYTES = 4096
"""A file more, in memory: what the result says of it, and what was seen of it."""
SHARDS = 100
LEAST_SPEEDUP = 15
LATENCY_S = 0.002
LOOPED_FILES = 100
"""As many as are opened one after the other while each operation waits."""


@dataclass(frozen=True)
class Kind:
    """Files of one size; `most` is how many times the loop's time each of SHAPES may take."""

    tensors: int
    files: int
    most: tuple[float, float, float]


KINDS = (
    Kind(8, 20_000, (2.5, 2.5, 2.5)),
    Kind(32, 20_000, (1.5, 2.0, 2.5)),
    Kind(64, 20_000, (1.0, 1.5, 2.0)),
    Kind(448, 5_000, (0.5, 1.0, 1.75)),
)
"""The aim is 1, at least as fast as the loop, which not all kinds reach: these bounds only tell of a step
back, and hold where other work leaves the verification's helper no core."""


def main(arguments: Sequence[str]) -> int:
    """Measure and print; return the exit code."""
    parser = argparse.ArgumentParser(description="Compare the quick tier with a bare safe_open loop.")
    parser.add_argument("--rounds", type=int, default=7, help="runs of each (default 7)")
    parser.add_argument("--files", type=int, default=20_000, help="most files of a kind (default 20000)")
    parser.add_argument("--one", nargs=2, metavar=("WHAT", "PATH"), help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.one:
        run = {"loop": loop_briefly, "quick": quick}[options.one[0]]
        print(_elapsed_s(run, Path(options.one[1])))
        return 0
    kinds = [Kind(each.tensors, min(each.files, options.files), each.most) for each in KINDS]
    met = [_compare(kinds, options.rounds), _remember(options.files), _wait(min(options.files, 5_000))]
    return int(not all(met))


def loop(directory: Path, most: int | None = None) -> int:
    """Open at most `most` safetensors files in turn, as a person would write it; return how many."""
    paths = sorted(glob(f"{directory}/**/*.safetensors", recursive=True))[:most]
    for path in paths:
        with safe_open(path, framework="np"):
            pass
    return len(paths)


def loop_briefly(directory: Path) -> int:
    """Open so few files in turn that one can wait for it."""
    return loop(directory, LOOPED_FILES)


def quick(directory: Path) -> int:
    """Verify a directory; return how many files were judged, all of them good."""
    found = verify([directory])
    if any(each.verdict is not Verdict.OK for each in found):
        raise RuntimeError(f"{directory}: {found[0].findings}")
    return sum(len(each.files) for each in found)


@contextmanager
def saves(tensors: int, files: int) -> Iterator[Path]:
    """Make single files with the same tensors in each."""
    data = _shard([f"model.layers.{number}.weight" for number in range(tensors)])
    with tempfile.TemporaryDirectory() as base:
        for number in range(files):
            (Path(base) / f"part_{number:05}.safetensors").write_bytes(data)
        yield Path(base)


@contextmanager
def strangers(tensors: int, files: int) -> Iterator[Path]:
    """Make single files with other tensors in each."""
    with tempfile.TemporaryDirectory() as base:
        for number in range(files):
            names = [f"model.layers.{number}.blocks.{block}.weight" for block in range(tensors)]
            (Path(base) / f"part_{number:05}.safetensors").write_bytes(_shard(names))
        yield Path(base)


@contextmanager
def models(tensors: int, files: int) -> Iterator[Path]:
    """Make directories of models in 100 shards each, with index and configuration."""
    with tempfile.TemporaryDirectory() as base:
        for first in range(0, files, SHARDS):
            _write_model(Path(base) / f"model_{first:05}", tensors, min(SHARDS, files - first))
        yield Path(base)


@contextmanager
def one_model(tensors: int, files: int) -> Iterator[Path]:
    """Make a directory of one model, whatever the number of its shards."""
    with tempfile.TemporaryDirectory() as base:
        _write_model(Path(base) / "model", tensors, files)
        yield Path(base)


def _write_model(directory: Path, tensors: int, shards: int) -> None:
    directory.mkdir()
    weight_map: dict[str, str] = {}
    for number in range(shards):
        name = f"model-{number + 1:05}-of-{shards:05}.safetensors"
        names = [f"model.layers.{number}.blocks.{block}.weight" for block in range(tensors)]
        (directory / name).write_bytes(_shard(names))
        weight_map |= dict.fromkeys(names, name)
    index = {"metadata": {"total_size": 16 * len(weight_map)}, "weight_map": weight_map}
    (directory / "model.safetensors.index.json").write_text(json.dumps(index))
    (directory / "config.json").write_text("{}")


def _shard(names: Sequence[str]) -> bytes:
    return save(dict.fromkeys(names, np.ones((2, 2), np.float32)), metadata={"format": "pt"})


SHAPES = ((saves, "saves of runs"), (strangers, "single files"), (models, "shards of models"))


def _compare(kinds: Sequence[Kind], rounds: int) -> bool:
    print("| files | tensors each | bare `safe_open` loop, median | quick tier, median | ratio | at most |")
    print("|---|---|---|---|---|---|")
    ratios = []
    met = True
    for kind in kinds:
        for (make, label), most in zip(SHAPES, kind.most, strict=True):
            with make(kind.tensors, kind.files) as directory:
                bare, own = _in_turn(directory, rounds)
            print(
                f"| {kind.files:,} {label} | {kind.tensors} | {bare * 1e6:.1f} µs | {own * 1e6:.1f} µs "
                f"| {own / bare:.2f} | {most} |",
                flush=True,
            )
            ratios.append(own / bare)
            met &= ratios[-1] <= most
    print(f"\nAt least as fast as the loop: {sum(ratio <= 1 for ratio in ratios)} of {len(ratios)} kinds.\n")
    return met


def _in_turn(directory: Path, rounds: int) -> tuple[float, float]:
    """Return the median seconds per file of the loop and of the quick tier, after one run of each."""
    taken: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds + 1):
        for times, run in zip(taken, (loop, quick), strict=True):
            times.append(_elapsed_s(run, directory))
    return statistics.median(taken[0][1:]), statistics.median(taken[1][1:])


def _elapsed_s(run: Callable[[Path], int], directory: Path) -> float:
    began = time.perf_counter()
    files = run(directory)
    return (time.perf_counter() - began) / files


def _remember(files: int) -> bool:
    """Measure the peak memory of the quick tier at a quarter of the files, and at all of them."""
    print("| 8 tensors each | peak memory | at most | growth per file | at most |")
    print("|---|---|---|---|---|")
    met = True
    for make, label in ((saves, "saves of runs"), (one_model, "shards of one model")):
        peaks = []
        for count in (files // 4, files):
            with make(8, count) as directory:
                peaks.append(_peak_mib(directory))
        growth = (peaks[1] - peaks[0]) * 2**20 / (files - files // 4)
        print(
            f"| {files:,} {label} | {peaks[1]:.0f} MiB | {MOST_MEMORY_MIB} MiB "
            f"| {growth:.0f} bytes | {MOST_GROWTH_BYTES} |",
            flush=True,
        )
        met &= peaks[1] < MOST_MEMORY_MIB and growth < MOST_GROWTH_BYTES
    print()
    return met


def _peak_mib(directory: Path) -> float:
    argv = (sys.executable, "-m", "afterall", "verify", str(directory), "--no-cache", "--json")
    quiet = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    pid = os.posix_spawn(argv[0], argv, os.environ, file_actions=quiet)
    _, status, usage = os.wait4(pid, 0)
    if status:
        raise RuntimeError(f"{' '.join(argv)}: wait status {status}")
    return usage.ru_maxrss / 1024


def _wait(files: int) -> bool:
    """Measure loop and quick tier where each operation on a file waits, as it does on a network."""
    print("| each operation waits | bare loop, per file | quick tier, per file | times as fast | at least |")
    print("|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as place, saves(8, files) as directory:
        shim = Path(place) / "latency.so"
        compiler = shutil.which("cc") or "cc"
        subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", shim, SHIM, "-ldl"], check=True)
        bare, own = (_slowly(what, directory, shim) for what in ("loop", "quick"))
    print(
        f"| {LATENCY_S * 1e3:.0f} ms | {bare * 1e3:.2f} ms | {own * 1e3:.3f} ms | {bare / own:.1f} "
        f"| {LEAST_SPEEDUP} |"
    )
    return bare / own >= LEAST_SPEEDUP


def _slowly(what: str, directory: Path, shim: Path) -> float:
    env = {
        "LD_PRELOAD": str(shim),
        "SLOW_DIRECTORY": os.path.realpath(directory),
        "SLOW_MICROSECONDS": str(int(LATENCY_S * 1e6)),
    }
    argv = [sys.executable, __file__, "--one", what, str(directory)]
    done = subprocess.run(argv, check=True, capture_output=True, text=True, env={**os.environ, **env})
    return float(done.stdout)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
