"""Measure a report on many experiments: time on two cores, its growth with their number, and memory.

Usage: python tests/bench/experiments.py [--rounds N] [--experiments N]
Prints Markdown tables. Each experiment is a log of 1 MiB, in turn of torchtune and of the Hugging Face
trainer; the latter's have a trainer_state.json of 1,000 rows too. A set of a tenth as many is measured in
turn with the whole one, in fresh processes held to two cores. Beside them: what the header of an inspect-ai
log costs, for each of the tests' fixtures. Exit 1 when a figure is not met.
"""

import argparse
import json
import os
import random
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from afterall.scan.evaluations.inspect_ai import read_inspect_log
from bench.report import AFTERALL, Run, run
from golden.golden_sets import GOLDEN

MOST_S = 10.0
MOST_GROWTH = 11.0
"""For ten times as many experiments."""
MOST_HEADER_S = 0.003
HEADERS = Path(__file__).parents[1] / "scan" / "fixtures" / "inspect"
LOG_BYTES = 1 << 20
ROWS = 1000
_BANNER = """Running LoRAFinetuneRecipeSingleDevice with resolved config:

batch_size: {batch}
epochs: 2
model:
  _component_: torchtune.models.llama3_2.lora_llama3_2_1b
  lora_alpha: 16
  lora_rank: {rank}
optimizer:
  _component_: torch.optim.AdamW
  lr: {rate}
output_dir: out
seed: 1234

"""


def torchtune_log(number: int, size_bytes: int) -> bytes:
    """Return a log of torchtune's of about `size_bytes`: the configuration, a bar for each step, the end."""
    draw = random.Random(number)
    per = size_bytes // 195
    parts = [_BANNER.format(batch=4, rank=4 << number % 5, rate=10.0 ** -(number % 3 + 3))]
    for step in range(1, 2 * per + 1):
        epoch, done = 1 + (step > per), (step - 1) % per + 1
        loss = 0.5 + 6 / step**0.5 + draw.random() * 0.1
        share = f"{100 * done // per:3d}%|{'█' * (10 * done // per):10s}| {done}/{per}"
        parts.append(f"\r{epoch}|{step}|Loss: {loss!r}: {share} [01:00<10:23,  4.75it/s]")
        if done == per:
            parts.append("\nModel checkpoint of size 2.30 GiB saved to out/epoch_0/model.safetensors\n")
    return "".join([*parts, "Saving final epoch checkpoint.\n"]).encode()


def state_rows(number: int) -> list[dict[str, float]]:
    """Return the log_history of a run: `ROWS` of a loss every ten steps, and the last row."""
    draw = random.Random(number)
    rows = [
        {
            "epoch": 2 * row / ROWS,
            "grad_norm": draw.random(),
            "learning_rate": 1e-3 * (1 - row / ROWS),
            "loss": 0.5 + 6 / row**0.5 + draw.random() * 0.1,
            "step": 10 * row,
        }
        for row in range(1, ROWS + 1)
    ]
    last = {"epoch": 2.0, "step": 10 * ROWS, "train_loss": 0.9, "train_runtime": 600.0}
    return [*rows, {**last, "train_samples_per_second": 8.0, "train_steps_per_second": 1.0}]


def huggingface_log(rows: Sequence[dict[str, float]], size_bytes: int) -> bytes:
    """Return a log of about `size_bytes`: what the trainer prints of each row, and its bars between."""
    parts: list[str] = []
    steps, written = 10 * ROWS, 0
    for number, row in enumerate(rows, 1):
        printed = {name: f"{value:.4g}" for name, value in row.items() if name != "step"}
        bars = max(1, (number * size_bytes // len(rows) - written - 220) // 90)
        for bar in range(1, bars + 1):
            done = min(steps, 10 * (number - 1) + bar * 10 // bars)
            share = f"{100 * done // steps:3d}%|{'█' * (10 * done // steps):10s}|"
            parts.append(f"\r{share} {done}/{steps} [00:11<01:30,  2.20it/s]")
            written += len(parts[-1].encode())
        parts.append(f"\r{' ' * 47}\r{printed}\n")
        written += len(parts[-1])
    return "".join(parts).encode()


def write_set(set_dir: Path, count: int) -> Path:
    """Write a set of `count` experiments; return the file of what sacct said of their jobs."""
    said = (GOLDEN / "torchtune" / "sacct.txt").read_text().splitlines()[:2]
    rows = []
    for number in range(1, count + 1):
        run_dir = set_dir / f"run_{number:04}"
        run_dir.mkdir(parents=True)
        if number % 2:
            log = torchtune_log(number, LOG_BYTES)
        else:
            history = state_rows(number)
            log = huggingface_log(history, LOG_BYTES)
            (run_dir / "out").mkdir()
            state = {"epoch": 2.0, "global_step": 10 * ROWS, "max_steps": 10 * ROWS, "num_train_epochs": 2}
            whole = json.dumps(state | {"logging_steps": 10, "log_history": history}, indent=2)
            (run_dir / "out" / "trainer_state.json").write_text(whole)
        (run_dir / f"slurm-{number}.out").write_bytes(log)
        rows += [_recorded(row, number, run_dir) for row in said]
    recording = set_dir.with_suffix(".sacct.txt")
    recording.write_text("\n".join(rows) + "\n")
    return recording


def _recorded(row: str, number: int, run_dir: Path) -> str:
    """Return an accounting row of the golden set as that of another job."""
    fields = row.split("\x1f")
    step = fields[0].partition(".")[2]
    fields[0] = fields[1] = f"{number}.{step}" if step else str(number)
    fields = [str(run_dir) if field.startswith("/scratch/") else field for field in fields]
    return "\x1f".join(fields)


def report_once(set_dir: Path, recording: Path) -> Run:
    """Write the set's report anew in a fresh process."""
    for name in ("RESULTS.md", "RESULTS.json"):
        (set_dir / name).unlink(missing_ok=True)
    for name in ("RESULTS_files", ".afterall"):
        shutil.rmtree(set_dir / name, ignore_errors=True)
    return run((*AFTERALL, "report", str(set_dir), "--sacct-file", str(recording)))


def header_s(path: Path, rounds: int) -> float:
    """Return the median seconds of opening an inspect-ai log and reading its header, in this process."""
    times = []
    for _ in range(rounds):
        started = time.perf_counter()
        with path.open("rb") as file:
            read_inspect_log(file, path.name)
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def main(arguments: Sequence[str]) -> int:
    """Measure and print; return the exit code."""
    parser = argparse.ArgumentParser(description="Measure a report on many experiments.")
    parser.add_argument("--rounds", type=int, default=5, help="runs of each set (default 5)")
    parser.add_argument("--experiments", type=int, default=1000, help="size of the large set (default 1000)")
    options = parser.parse_args(arguments)
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:2])
    with tempfile.TemporaryDirectory() as place:
        counts = (options.experiments // 10, options.experiments)
        sets = {count: Path(place, f"set_{count}") for count in counts}
        recordings = {count: write_set(set_dir, count) for count, set_dir in sets.items()}
        runs: dict[int, list[Run]] = {count: [] for count in counts}
        for number in range(options.rounds + 1):
            for count in counts:
                taken = report_once(sets[count], recordings[count])
                runs[count] += [taken] if number else []  # the first round warms the page cache
    headers = {path.name: header_s(path, 100) for path in sorted(HEADERS.glob("*.eval"))}
    return int(not (_report(runs) & _report_headers(headers)))


def _report_headers(headers: dict[str, float]) -> bool:
    print("\n| header of | median | at most |")
    print("|---|---|---|")
    for name, seconds in headers.items():
        print(f"| `{name}` | {seconds * 1e3:.2f} ms | {MOST_HEADER_S * 1e3:.0f} ms |")
    return all(seconds < MOST_HEADER_S for seconds in headers.values()) and "inspect_ai" not in sys.modules


def _report(runs: dict[int, list[Run]]) -> bool:
    few, many = sorted(runs)
    times = {count: statistics.median(run.elapsed_s for run in taken) for count, taken in runs.items()}
    memory = max(run.peak_mib for run in runs[many])
    growth = times[many] / times[few]
    print("| `afterall report`, whole command | median | at most |")
    print("|---|---|---|")
    print(f"| {few} experiments | {times[few]:.2f} s | |")
    print(f"| {many} experiments | {times[many]:.2f} s | {MOST_S:.0f} s |")
    print(f"| {many} against {few} | {growth:.1f} × | {MOST_GROWTH:.0f} × |")
    print(f"| peak memory, {many} experiments | {memory:.0f} MiB | |")
    return times[many] < MOST_S and growth <= MOST_GROWTH


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
