"""Measure the values tier beside `cat` and `sha256sum` on the same warm files, and what a second run costs.

Usage: python tests/bench/verify_values.py [--rounds N] [--gib N] [--shards N]
Prints Markdown tables. The files, half bf16 and half f32, are made in a temporary directory (TMPDIR); each
round reads all of them with `cat`, with the values tier in this process, and with `sha256sum` in every third
round, in turn. A second run is one with the memory that a first one left. Exit 1 when a figure is not met.
"""

import argparse
import json
import os
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from afterall.model import Tier, Verdict
from afterall.scan.checkpoints import Asked, verify_as
from afterall.scan.checkpoints.remembering import GRAIN_NS
from bench.report import AFTERALL, run

LEAST_OF_SHA256SUM = 10.0
LEAST_OF_CAT = 0.9
LEAST_SECOND = 20.0
MOST_MEMORY_MIB = 300
MOST_QUICK_S = 2.0
PEAK = """import sys
from afterall.cli import main
sys.argv[0] = "afterall"
try:
    main()
finally:
    sys.stderr.write(open("/proc/self/status").read().partition("VmSwap")[0])
"""
_TENSOR_BYTES = 16 << 20
_PIECE_BYTES = 64 << 20
_HEADER = {"__metadata__": {"format": "pt"}}


def write_weights(path: Path, dtype: str, size_bytes: int, seed: int) -> None:
    """Write a safetensors file of `size_bytes` of normal numbers, unlike those of other seeds."""
    item = 4 if dtype == "F32" else 2
    shape = [_TENSOR_BYTES // item // 1024, 1024]
    tensors = {
        f"layers.{index}.weight": {
            "dtype": dtype,
            "shape": shape,
            "data_offsets": [begin, begin + _TENSOR_BYTES],
        }
        for index, begin in enumerate(range(0, size_bytes, _TENSOR_BYTES))
    }
    header = json.dumps(_HEADER | tensors).encode()
    header += b" " * (-len(header) % 8)
    base = np.random.default_rng(seed).standard_normal(_PIECE_BYTES // item, "f4")
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(header)) + header)
        for piece in range(size_bytes // _PIECE_BYTES):
            numbers = base * np.float32(0.01 + piece / 1000)
            file.write(numbers.tobytes() if item == 4 else (numbers.view("u4") >> 16).astype("<u2").tobytes())


def write_shards(directory: Path, count: int) -> None:
    """Write `count` small safetensors files of 8 tensors each, each unlike the others."""
    directory.mkdir()
    for number in range(count):
        tensors = np.random.default_rng(number).standard_normal((8, 64), "f4").tobytes()
        table = {
            f"w{i}": {"dtype": "F32", "shape": [8, 8], "data_offsets": [i * 256, i * 256 + 256]}
            for i in range(8)
        }
        header = json.dumps(_HEADER | table).encode()
        data = struct.pack("<Q", len(header)) + header + tensors
        (directory / f"part_{number:05}.safetensors").write_bytes(data)


def peak_mib(*arguments: str) -> float:
    """Return the peak resident memory of one afterall command in MiB.

    From the process itself: what wait4 tells of a child begins at what its parent held when it was spawned.
    """
    ran = subprocess.run((sys.executable, "-c", PEAK, *arguments), capture_output=True, text=True, check=True)
    return int(ran.stderr.rpartition("VmHWM:")[2].split()[0]) / 1024


def timed(do: Callable[[], object]) -> float:
    """Return how many seconds `do` takes."""
    started = time.perf_counter()
    do()
    return time.perf_counter() - started


def verify(directory: Path, depth: Tier, *, remembers: bool = False) -> None:
    """Verify everything in a directory in this process; raise RuntimeError where something is wrong."""
    found = verify_as([directory], Asked(depth=depth, remembers=remembers)).checkpoints
    good = Verdict.OK
    if any(each.verdict is not good or each.tier is not depth for each in found):
        raise RuntimeError("not everything was verified")


def against_peers(directory: Path, rounds: int) -> dict[str, float]:
    """Return the median seconds of each program over the same files, taken in turn."""
    files = [str(path) for path in sorted(directory.iterdir())]
    times: dict[str, list[float]] = {"cat": [], "values": [], "sha256sum": []}
    for number in range(rounds + 1):
        taken = {
            "cat": run(("/bin/cat", *files)).elapsed_s,
            "values": timed(lambda: verify(directory, Tier.VALUES)),
        }
        if number % 3 == 1:
            taken["sha256sum"] = run(("/usr/bin/sha256sum", *files)).elapsed_s
        if number:  # the first round warms the page cache
            for name, elapsed_s in taken.items():
                times[name].append(elapsed_s)
    return {name: statistics.median(taken) for name, taken in times.items()}


def again(directory: Path, rounds: int) -> dict[str, float]:
    """Return the seconds of a first values run that remembers, and the median ones of those that follow."""
    seconds = {"first": timed(lambda: verify(directory, Tier.VALUES, remembers=True))}
    verify(directory, Tier.QUICK, remembers=True)
    for name, depth in (("values", Tier.VALUES), ("quick", Tier.QUICK)):
        taken = [timed(lambda depth=depth: verify(directory, depth, remembers=True)) for _ in range(rounds)]  # type: ignore[misc]
        seconds[name] = statistics.median(taken)
    return seconds


def main(arguments: Sequence[str]) -> int:
    """Measure and print; return the exit code."""
    parser = argparse.ArgumentParser(description="Measure the values tier, and a second run.")
    parser.add_argument("--rounds", type=int, default=7, help="runs of each (default 7)")
    parser.add_argument("--gib", type=int, default=8, help="size of the large files together (default 8)")
    parser.add_argument(
        "--shards", type=int, default=20_000, help="number of the small files (default 20000)"
    )
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as place:
        os.environ["XDG_CACHE_HOME"] = f"{place}/cache"
        big, small = Path(place, "big"), Path(place, "small")
        big.mkdir()
        for number in range(options.gib):
            dtype = ("BF16", "F32")[number % 2]
            write_weights(big / f"{dtype.lower()}_{number}.safetensors", dtype, 1 << 30, number)
        write_shards(small, options.shards)
        time.sleep(GRAIN_NS / 1e9 + 0.1)
        peers = against_peers(big, options.rounds)
        memory = peak_mib("verify", "--deep", "--no-cache", str(big))
        seconds = {"large": again(big, options.rounds), "small": again(small, 3)}
        command_s = run((*AFTERALL, "verify", str(small))).elapsed_s
    return _report(options, peers, memory, seconds, command_s)


def _report(
    options: argparse.Namespace,
    peers: dict[str, float],
    memory_mib: float,
    seconds: dict[str, dict[str, float]],
    command_s: float,
) -> int:
    rates = {name: options.gib * 1.073741824 / elapsed_s for name, elapsed_s in peers.items()}
    print(f"Values tier over {options.gib} GiB, half bf16 and half f32, page cache warm:\n")
    print("| peer | peer | values tier | ratio | at least |\n|---|---|---|---|---|")
    met = memory_mib < MOST_MEMORY_MIB and command_s < MOST_QUICK_S
    for peer, least in (("sha256sum", LEAST_OF_SHA256SUM), ("cat", LEAST_OF_CAT)):
        ratio = rates["values"] / rates[peer]
        met &= ratio >= least
        print(f"| `{peer}` | {rates[peer]:.1f} GB/s | {rates['values']:.1f} GB/s | {ratio:.2f} | {least} |")
    print("\n| what | figure | at most |\n|---|---|---|")
    print(f"| peak memory of the values tier | {memory_mib:.0f} MiB | {MOST_MEMORY_MIB} MiB |")
    again_label = f"`afterall verify` again, {options.shards} shards, whole command"
    print(f"| {again_label} | {command_s:.2f} s | {MOST_QUICK_S} s |")
    print("\nThe second run, nothing changed:\n")
    print("| set | first values run | second values run | ratio | second quick run | ratio | at least |")
    print("|---|---|---|---|---|---|---|")
    names = {
        "large": f"{options.gib} GiB in {options.gib} files",
        "small": f"{options.shards} shards of 3 kB",
    }
    for name, label in names.items():
        first, values, quick = (seconds[name][run] for run in ("first", "values", "quick"))
        judged = f"{LEAST_SECOND:.0f}" if name == "large" else ""
        met &= name == "small" or first / max(values, quick) >= LEAST_SECOND
        print(
            f"| {label} | {first * 1e3:.0f} ms | {values * 1e3:.1f} ms | {first / values:.0f} "
            f"| {quick * 1e3:.1f} ms | {first / quick:.0f} | {judged} |"
        )
    return int(not met)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
