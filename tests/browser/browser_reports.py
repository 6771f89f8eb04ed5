"""Make reports whose pages are looked at in a browser."""

import math

from afterall.model import Experiment, Report
from render.render_reports import fact, make_experiment
from render.test_render_figures import run, sweep

LOST = "rank64"
"""The run that ends in NaN."""


def curve(rank: int, steps: int) -> list[float]:
    """Return a loss that falls, the lower the higher the rank, with a ripple."""
    return [
        1 / rank**0.2 + 3 * math.exp(-step / (steps / 6)) + 0.1 * math.sin(7 * step) for step in range(steps)
    ]


def one(name: str, rank: int, steps: int = 400, *, is_lost: bool = False) -> Experiment:
    """Return a run of many steps; its loss is NaN over its last third where it is lost."""
    values = curve(rank, steps)
    if is_lost:
        values[steps * 2 // 3 :] = [math.nan] * (steps - steps * 2 // 3)
    metrics = {
        "final_val_loss": fact(values[-1]),
        "global_step": fact(steps),
        "mean_last_loss": fact(values[-1]),
    }
    return run(name, rank, values, metrics=metrics)


def four() -> Report:
    """Return four ranks, one of them diverged, and a run that never trained."""
    ranked = [one(f"rank{rank}", rank, is_lost=f"rank{rank}" == LOST) for rank in (16, 4, 64, 128)]
    return sweep([*ranked, make_experiment("idle", metrics={"final_val_loss": fact(9.5)}, parameters=_IDLE)])


def many(count: int, steps: int = 300) -> Report:
    """Return a sweep of so many runs."""
    return sweep([one(f"run{n}", (4, 16, 64)[n % 3], steps) for n in range(count)])


_IDLE = {"lora_rank": fact(8)}
