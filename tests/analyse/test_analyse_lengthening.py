"""What a curve asks for is suggested once, with its finding, and not against another one."""

import numpy as np

from afterall.analyse.health import judge_health
from afterall.analyse.steps.lengthening import lengthening_steps
from afterall.model import Finding, FindingCode, NextStepKind
from analyse.test_analyse_health import experiment

FALLING = 2 - np.arange(1000) / 1000 + np.random.default_rng(2).normal(0, 0.02, 1000)


def test_a_loss_that_still_fell_asks_for_longer_training() -> None:
    """The suggestion names the run and its finding."""
    run = experiment(loss=FALLING, val_loss={500: 1.4, 1000: 1.1})
    (step,) = lengthening_steps([run], judge_health(run))
    assert (step.kind, step.experiments, step.because) == (
        NextStepKind.LONGER_TRAINING,
        ("run",),
        FindingCode.STILL_FALLING,
    )


def test_a_validation_loss_that_rose_asks_for_none() -> None:
    """Training loss alone is no reason where validation was lower before."""
    run = experiment(loss=FALLING, val_loss={500: 1.1, 1000: 1.102})
    assert lengthening_steps([run], judge_health(run)) == []


def test_an_overfitted_run_is_sent_to_its_best_checkpoint() -> None:
    """Where the checkpoint of the lowest validation is kept, it is the one to use."""
    run = experiment(loss=FALLING)
    overfitted = Finding(
        code=FindingCode.OVERFITTING,
        experiment="run",
        evidence={"checkpoint": "run/checkpoint-400", "lowest": 1.1, "last": 1.5, "lowest_step": 400},
    )
    (step,) = lengthening_steps([run], [overfitted])
    assert step.kind is NextStepKind.EARLIER_CHECKPOINT
    assert step.details == {"checkpoint": "run/checkpoint-400", "lowest": 1.1, "last": 1.5}
    assert lengthening_steps([run], [Finding(code=FindingCode.OVERFITTING, experiment="run")]) == []
