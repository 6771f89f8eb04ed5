"""Draw the demo's losses: an exponential fall to a floor, with noise from a fixed generator."""

import math
import random

from msgspec import Struct

from afterall.demo.runs import LEARNING_RATE, LOG_EVERY, STEPS, STEPS_PER_EPOCH, DemoRun


class Logged(Struct, frozen=True):
    """One line of a trainer's history: optimizer step, epoch, training loss or validation loss."""

    step: int
    epoch: float
    loss: float | None = None
    eval_loss: float | None = None
    learning_rate: float = 0.0
    grad_norm: float = 0.0
    runtime_s: float = 0.0


def history(run: DemoRun) -> list[Logged]:
    """Return what the run logs: the loss every LOG_EVERY steps, the validation loss after each epoch."""
    noise = random.Random(run.job_id)  # noqa: S311 (a reproducible curve, not a secret)
    lines = []
    for step in range(LOG_EVERY, run.steps_reached + 1, LOG_EVERY):
        fall = 2.4 * math.exp(-step / run.model.tau)
        lines.append(
            Logged(
                step=step,
                epoch=step / STEPS_PER_EPOCH,
                loss=(run.floor + fall) * (1 + 0.04 * noise.gauss(0, 1)),
                learning_rate=LEARNING_RATE * (1 - step / STEPS),
                grad_norm=0.3 + fall / 2 + 0.02 * abs(noise.gauss(0, 1)),
                runtime_s=round(step * run.model.seconds_per_step, 4),
            )
        )
        if step % STEPS_PER_EPOCH == 0:
            validation = run.floor * 1.35 + 0.004 + fall * 1.1
            lines.append(Logged(step=step, epoch=step / STEPS_PER_EPOCH, eval_loss=validation))
    return lines
