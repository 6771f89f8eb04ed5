"""Make runs with something planted in their curves: spikes, rises, overfitting, schedules, speed, NaN."""

import math
from pathlib import Path

import numpy as np

from claims.claims_making import Job, Losses, write_accounting, write_run, write_state
from scan.checkpoint_making import write_hf_checkpoint

STEPS = 1000
DONE = "{'train_runtime': '540', 'train_loss': '1.2', 'epoch': '2'}\n"
RUNS = (
    "spike",
    "spike_unhealed",
    "rose",
    "rose_above",
    "overfit",
    "overfit_unsaved",
    "falling",
    "rate",
    "nan",
    "nan_between",
    "slow",
    "irregular",
)


def make_unwell(into: Path) -> tuple[Path, Path]:
    """Make the set; return it and its accounting."""
    set_dir = into / "unwell"
    for number, name in enumerate(RUNS):
        write_run(set_dir / name, 100 + number, DONE)
        _write_curves(set_dir / name, name)
    write_hf_checkpoint(set_dir / "overfit" / "checkpoint-400", 400)
    jobs = [Job(job_id=100 + number, run=name) for number, name in enumerate(RUNS)]
    return set_dir, write_accounting(into / "sacct.txt", set_dir, jobs)


def _write_curves(directory: Path, name: str) -> None:
    loss = _sound(RUNS.index(name))
    validation, rate = {500: 1.05, 1000: 1.02}, {}
    match name:
        case "spike":
            loss[601], loss[804] = 5.0, 3.9
        case "spike_unhealed":
            loss = {step: value + (0.15 if step > 600 else 0) for step, value in loss.items()}
            loss[601] = 5.0
        case "rose" | "rose_above":
            height = 2 if name == "rose" else 6
            loss = {s: value + height * max(0, s - 700) / 300 for s, value in loss.items()}
        case "overfit" | "overfit_unsaved":
            loss = _falling(2.0)
            validation = {200: 1.9, 400: 1.7, 600: 1.8, 800: 1.9, 1000: 2.0}
        case "falling":
            loss, validation = _falling(2.0), {500: 1.6, 1000: 1.1}
        case "rate":
            rate = {step: 1e-4 * max(0.0, 1 - step / 600) for step in loss}
        case "nan":
            loss = {step: value if step <= 900 else math.nan for step, value in loss.items()}
            validation[1000] = math.nan
        case "nan_between":
            loss[300], loss[301] = math.nan, math.inf
        case "slow":
            _write_torchtune(directory, loss)
            return
        case "irregular":
            validation = {100: 1.3, 400: 1.02, 500: 1.03, 1000: 1.021}
        case _:
            pass
    write_state(directory, loss, validation, rate)


def _sound(seed: int) -> dict[int, float]:
    """Return a loss that falls to 1 within the first half and scatters about it."""
    scatter = np.random.RandomState(seed).normal(0, 0.05, STEPS)
    return {s: 1 + 3 * math.exp(-s / (STEPS / 15)) + float(scatter[s - 1]) for s in range(1, STEPS + 1)}


def _falling(start: float) -> dict[int, float]:
    scatter = np.random.RandomState(1).normal(0, 0.02, STEPS)
    return {s: start - s / STEPS + float(scatter[s - 1]) for s in range(1, STEPS + 1)}


def _write_torchtune(directory: Path, loss: Losses) -> None:
    """Write a log of torchtune's DiskLogger that becomes slow after three fifths."""
    speeds = {step: 1000.5 if step < 600 else 480.25 for step in loss}
    lines = [
        f"Step {step} | loss:{value} lr:0.0003 tokens_per_second_per_gpu:{speeds[step]} \n"
        for step, value in loss.items()
    ]
    (directory / "log_1795417200.txt").write_text("".join(lines))
