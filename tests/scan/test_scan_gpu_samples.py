"""Sum up samples of GPUs: means over all, peaks of one, and nothing from what is no sample."""

import math

import pytest

from afterall.scan.trainers.gpu_samples import GPU_METRICS, MOST_GPUS, GpuSamples


def test_nothing_sampled_is_nothing_told() -> None:
    """Without samples, or with none that a sensor can give, there is no fact."""
    samples = GpuSamples()
    samples.add(0, None, math.nan, -1.0)
    samples.add(0, 101.0, math.inf, None)
    assert samples.facts("gpu.csv") == {}


def test_all_facts_have_their_names_units_and_places() -> None:
    """Each fact says how it was made, and of which GPUs."""
    samples = GpuSamples()
    samples.add(0, 50.0, 100.0, 10.0)
    samples.add(2, 100.0, 300.0, 30.0)
    found = samples.facts("gpu.csv")
    assert set(found) <= set(GPU_METRICS)
    assert [(fact.value, fact.unit) for fact in found.values()] == [
        (75.0, "%"),
        (100.0, "%"),
        (200.0, "W"),
        (30.0, "GiB"),
    ]
    assert [fact.source.where for fact in found.values()] == [
        "mean of 2 samples, GPUs 0, 2",
        "greatest of 2 samples, GPU 2",
        "mean of 2 samples, GPUs 0, 2",
        "greatest of 2 samples, GPU 2",
    ]


@pytest.mark.parametrize(("gpus", "named"), [([5], "GPU 5"), ([0, 1, 2], "GPUs 0-2")])
def test_gpus_are_named_shortly(gpus: list[int], named: str) -> None:
    """Neighbours are told as a range."""
    samples = GpuSamples()
    for gpu in gpus:
        samples.add(gpu, 1.0, None, None)
    where = samples.facts("x")["gpu_utilization_mean_percent"].source.where
    assert where == f"mean of {len(gpus)} sample{'s' if len(gpus) > 1 else ''}, {named}"


def test_memory_is_bounded() -> None:
    """Samples of more GPUs than any machine has are left out."""
    samples = GpuSamples()
    for gpu in range(MOST_GPUS + 10):
        samples.add(gpu, 10.0, None, None)
    where = samples.facts("x")["gpu_utilization_mean_percent"].source.where
    assert where.startswith(f"mean of {MOST_GPUS} samples, GPUs 0-")
