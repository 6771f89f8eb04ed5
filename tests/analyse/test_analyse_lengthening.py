"""What a curve asks for is suggested once, with its finding, and not against another one."""

import numpy as np
import pytest
from msgspec.structs import replace

from afterall.analyse.health import judge_health
from afterall.analyse.steps.lengthening import lengthening_steps
from afterall.model import Fact, Finding, FindingCode, NextStepKind, Source
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


@pytest.mark.parametrize("code", [FindingCode.LEARNING_RATE_ENDED, FindingCode.LOSS_ROSE])
def test_what_speaks_against_longer_training_silences_it(code: FindingCode) -> None:
    """More steps of a schedule that had ended, or of a loss that rose, would not help."""
    run = experiment(loss=FALLING)
    assert len(lengthening_steps([run], judge_health(run))) == 1
    assert lengthening_steps([run], [*judge_health(run), Finding(code=code, experiment="run")]) == []


def test_longer_training_is_told_with_the_epochs_that_were_planned() -> None:
    """As a whole number where it is one."""
    run = experiment(loss=FALLING)
    for planned, told in ((3.0, 3), (1.5, 1.5)):
        metrics = {"planned_epochs": Fact(planned, Source("run/job.out"))}
        (step,) = lengthening_steps([replace(run, metrics=metrics)], judge_health(run))
        assert repr(step.details) == repr({"epochs": told})


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
