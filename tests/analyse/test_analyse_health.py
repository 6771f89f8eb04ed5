"""What is planted in a curve is found, and a curve that only scatters gives no warning."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from afterall.analyse.health import judge_health
from afterall.model import (
    Checkpoint,
    CheckpointFile,
    CheckpointKind,
    Completion,
    Experiment,
    ExperimentLayout,
    FileRole,
    Finding,
    FindingCode,
    Point,
    Points,
    Series,
    Severity,
    Source,
    State,
    Tier,
    Verdict,
)

STEPS = 1000
SOURCE = Source("run/job.out", "line 1")


def experiment(completed: bool = True, checkpoints: Sequence[Checkpoint] = (), **curves: Any) -> Experiment:
    """Return a run with these curves: values at every step from 1 on, or values by step."""
    series = {}
    for key, values in curves.items():
        points = values.items() if isinstance(values, dict) else enumerate(values, start=1)
        series[key] = Series(key, Points.of(Point(int(step), float(value)) for step, value in points), SOURCE)
    return Experiment(
        layout=ExperimentLayout(name="run", path="run"),
        state=State.COMPLETED,
        completion=Completion(completed),
        series=series,
        checkpoints=tuple(checkpoints),
    )


def curve(seed: int = 0, noise: float = 0.05, end: float = 1.0, steps: int = STEPS) -> Any:
    """Return a loss that falls to `end` within the first half and scatters about it."""
    scatter = np.random.default_rng(seed).normal(0, noise, steps)
    return end + 3 * np.exp(-np.arange(steps) / (steps / 15)) + scatter


def only(findings: Sequence[Finding], code: FindingCode) -> Finding:
    """Return the one finding there is, which has to be of this code."""
    assert [finding.code for finding in findings] == [code]
    return findings[0]


@pytest.mark.parametrize("noise", [0.001, 0.05, 0.2])
def test_a_sound_run_gives_no_finding(noise: float) -> None:
    """Of two hundred runs that only scatter, none is told to be unwell."""
    told = [
        finding.code
        for seed in range(200)
        for finding in judge_health(experiment(loss=curve(seed, noise), val_loss={500: 1.02, 1000: 1.01}))
    ]
    assert told == []


@pytest.mark.parametrize("seed", range(10))
def test_a_planted_spike_is_found(seed: int) -> None:
    """A jump of one step is told with its step and its value, mildly where the loss came back."""
    values = curve(seed)
    values[600] = 5.0
    found = only(judge_health(experiment(loss=values)), FindingCode.LOSS_SPIKE)
    assert (found.evidence["step"], found.evidence["value"], found.evidence["spikes"]) == (601, 5.0, 1)
    assert found.evidence["recovered"] is True
    assert found.gravity is Severity.INFO


def test_neighbouring_values_are_one_spike() -> None:
    """Three steps in a row are one event, two hundred steps later is another."""
    values = curve()
    values[500:503] = 4.0
    values[703] = 3.5
    assert only(judge_health(experiment(loss=values)), FindingCode.LOSS_SPIKE).evidence["spikes"] == 2


def test_a_steep_beginning_is_no_spike() -> None:
    """The first tenth of a run may be as high as it likes, for one step too."""
    values = curve()
    values[:20] = 12.0
    values[60] = 12.0
    assert judge_health(experiment(loss=values)) == []


def test_a_spike_that_the_loss_did_not_come_back_from_is_a_warning() -> None:
    """After it the course stays higher than it was, though not by as much as a loss that rose."""
    values = curve()
    values[600] = 5.0
    values[601:] += 0.15
    found = only(judge_health(experiment(loss=values)), FindingCode.LOSS_SPIKE)
    assert found.evidence["recovered"] is False
    assert found.gravity is Severity.WARNING


def test_a_loss_that_rises_and_stays_is_found() -> None:
    """Divergence without NaN is told with the lowest course and the end."""
    values = curve()
    values[700:] += np.linspace(0, 2, 300)
    found = only(judge_health(experiment(loss=values)), FindingCode.LOSS_ROSE)
    assert found.evidence["last"] == pytest.approx(3.0, abs=0.2)
    assert found.evidence["lowest"] == pytest.approx(1.0, abs=0.05)
    assert "above_start" not in found.evidence
    values[700:] += np.linspace(0, 5, 300)
    higher = only(judge_health(experiment(loss=values)), FindingCode.LOSS_ROSE)
    assert higher.evidence["above_start"] is True


def test_a_last_stretch_alone_is_no_rise() -> None:
    """What only the end of a run shows may be over at the next step."""
    values = curve()
    values[-25:] += 0.5
    assert judge_health(experiment(loss=values)) == []
    values[-50:-25] += 0.5
    only(judge_health(experiment(loss=values)), FindingCode.LOSS_ROSE)


def test_overfitting_is_found_with_the_checkpoint_of_the_lowest_validation() -> None:
    """Validation rises from step 400 on while training falls; what was saved there is named."""
    weights = CheckpointFile(
        path="run/checkpoint-400/adapter_model.safetensors",
        role=FileRole.ADAPTER,
        size_bytes=1,
        verdict=Verdict.OK,
    )
    saved = Checkpoint(
        name="checkpoint-400",
        path="run/checkpoint-400",
        layout="huggingface",
        kind=CheckpointKind.ADAPTER,
        verdict=Verdict.OK,
        tier=Tier.QUICK,
        step=400,
        files=(weights,),
        size_bytes=1,
    )
    falling = 2 - np.arange(STEPS) / STEPS + np.random.default_rng(1).normal(0, 0.02, STEPS)
    validation = {200: 1.9, 400: 1.7, 600: 1.8, 800: 1.9, 1000: 2.0}
    found = [
        f
        for f in judge_health(experiment(loss=falling, val_loss=validation, checkpoints=[saved]))
        if f.code is FindingCode.OVERFITTING
    ]
    (one,) = found
    assert (one.evidence["lowest_step"], one.evidence["last"]) == (400, 2.0)
    assert one.evidence["checkpoint"] == "run/checkpoint-400"


def by_epoch(loss: Sequence[float], validation: Sequence[float]) -> Experiment:
    """Return a run that told these losses at the end of epochs, and no step."""
    told = {"loss": loss, "val_loss": validation}
    curves = {
        key: Points.of(Point(place, value, float(place - 1)) for place, value in enumerate(values, start=1))
        for key, values in told.items()
    }
    series = {key: Series(key, points, SOURCE) for key, points in curves.items()}
    return replace(experiment(), by_epoch=series)


def test_overfitting_is_found_over_epochs() -> None:
    """Of a run that tells no steps, with the epochs as its log counts them."""
    one = only(
        judge_health(by_epoch([2.0, 1.5, 1.2, 1.0, 0.8], [1.9, 1.7, 1.8, 1.9, 2.1])), FindingCode.OVERFITTING
    )
    assert one.evidence == {
        "lowest": 1.7,
        "lowest_epoch": 1.0,
        "last": 2.1,
        "last_epoch": 4.0,
        "train_then": 1.5,
        "train_now": 0.8,
    }
    assert one.sources == (SOURCE,)


@pytest.mark.parametrize(
    ("loss", "validation"),
    [
        ([2.0, 1.5, 1.2, 1.0], [1.9, 1.7, 1.69, 2.1]),
        ([2.0, 1.5, 1.2, 1.0], [1.9, 1.7, 1.701, 1.702]),
        ([2.0, 1.5, 1.6, 1.7], [1.9, 1.7, 1.8, 2.1]),
        ([], [1.9, 1.7, 1.8, 2.1]),
        ([2.0, 1.5, 1.2], [1.9, 1.7, 1.8, 2.1]),
        ([2.0, 1.5, 1.2], []),
    ],
    ids=[
        "one later",
        "hardly",
        "training rises too",
        "no training",
        "no training at the end",
        "no validation",
    ],
)
def test_other_losses_by_epoch_show_no_overfitting(loss: list[float], validation: list[float]) -> None:
    """As of losses by step."""
    assert judge_health(by_epoch(loss, validation)) == []


@pytest.mark.parametrize(
    "validation",
    [
        {500: 1.0, 1000: 1.2},
        {250: 1.0, 500: 1.005, 750: 1.008, 1000: 1.01},
        {250: 1.5, 500: 1.4, 750: 1.3, 1000: 1.2},
        {250: 1.0, 500: 1.3, 750: 0.99, 1000: 1.2},
        {100 + 100 * n: loss for n, loss in enumerate((1.5, *(1.7, 1.52) * 4, 1.6))},
    ],
)
def test_one_worse_validation_or_a_small_rise_is_no_overfitting(validation: dict[int, float]) -> None:
    """One later point, a rise of one percent or no larger than the scatter, or a fall overfits nothing."""
    falling = 2 - np.arange(STEPS) / STEPS
    codes = [f.code for f in judge_health(experiment(loss=falling, val_loss=validation))]
    assert FindingCode.OVERFITTING not in codes


def test_validation_that_rises_with_the_training_loss_is_no_overfitting() -> None:
    """Nothing is learned by heart where training does not fall, or where nobody knows whether it does."""
    validation = {200: 1.9, 400: 1.7, 600: 1.8, 800: 1.9, 1000: 2.0}
    rising = 1 + np.arange(STEPS) / (10 * STEPS)
    assert judge_health(experiment(loss=rising, val_loss=validation)) == []
    assert judge_health(experiment(val_loss=validation)) == []


def test_a_loss_that_still_falls_is_told_as_a_note() -> None:
    """A tenth less over the last third is worth a longer training, of a finished run alone."""
    falling = 2 - np.arange(STEPS) / STEPS + np.random.default_rng(2).normal(0, 0.02, STEPS)
    found = only(judge_health(experiment(loss=falling)), FindingCode.STILL_FALLING)
    assert found.gravity is Severity.INFO
    assert found.evidence["per_third"] == pytest.approx(0.25, abs=0.03)
    assert judge_health(experiment(completed=False, loss=falling)) == []


def test_a_loss_that_hardly_falls_any_more_is_no_note() -> None:
    """A fall of less than three percent over the last third is not worth it, however steady it is."""
    assert judge_health(experiment(loss=2 - 0.1 * np.arange(STEPS) / STEPS)) == []
    falling = experiment(loss=2 - 0.2 * np.arange(STEPS) / STEPS)
    only(judge_health(falling), FindingCode.STILL_FALLING)


def test_a_schedule_that_ended_early_is_found() -> None:
    """Nothing was learned after the learning rate had become zero."""
    rate = [1e-4 * max(0.0, 1 - step / 600) for step in range(STEPS)]
    found = only(judge_health(experiment(learning_rate=rate)), FindingCode.LEARNING_RATE_ENDED)
    assert found.evidence["step"] == pytest.approx(600, abs=2)


@pytest.mark.parametrize(
    "schedule",
    [
        lambda share: 1e-4 + 0 * share,
        lambda share: 1e-4 * (1 - share),
        lambda share: 5e-5 * (1 + math.cos(math.pi * share)),
        lambda share: 1e-4 * min(1.0, share * 10),
    ],
)
def test_a_usual_schedule_is_no_finding(schedule: Callable[[float], float]) -> None:
    """Constant, linear, cosine and warm-up alone end when training does."""
    assert judge_health(experiment(learning_rate=[schedule(step / STEPS) for step in range(STEPS)])) == []


def test_a_run_that_slowed_down_is_found() -> None:
    """A third of the run at half the speed is told with both medians."""
    speed = [1000.0] * 60 + [480.0] * 40
    found = only(judge_health(experiment(tokens_per_second_per_gpu=speed)), FindingCode.THROUGHPUT_DROPPED)
    assert (found.evidence["before"], found.evidence["after"]) == (1000.0, 480.0)
    assert judge_health(experiment(tokens_per_second_per_gpu=[1000.0, 700.0] * 50)) == []


VALUES = st.lists(st.floats(allow_nan=True, allow_infinity=True), max_size=120)


@given(VALUES, VALUES, VALUES)
@settings(max_examples=80, deadline=None)
def test_any_curve_is_judged(loss: list[float], validation: list[float], rate: list[float]) -> None:
    """Whatever was logged after what gives findings, each rule gives some or none, with finite evidence."""
    spiked = curve(steps=200)
    spiked[120] = 9.0
    run = experiment(
        loss=[*spiked, *loss],
        val_loss=validation,
        learning_rate=[*[1e-4] * 20, *[0.0] * 20, *rate],
        tokens_per_second_per_gpu=[*[1000.0] * 60, *[400.0] * 40, *validation],
    )
    for finding in judge_health(run):
        assert all(not isinstance(v, float) or math.isfinite(v) for v in finding.evidence.values())


@given(st.integers(0, 50), st.sampled_from([0.1, 10.0, 1000.0]))
@settings(max_examples=30, deadline=None)
def test_scaling_a_loss_keeps_the_verdicts(seed: int, factor: float) -> None:
    """Ten times the loss gives the same codes, since every threshold is relative."""
    values = curve(seed)
    values[600] = 5.0
    values[800:] *= 2
    plain = [f.code for f in judge_health(experiment(loss=values))]
    assert [f.code for f in judge_health(experiment(loss=values * factor))] == plain
