"""What a monitor sampled of the GPUs is told in one line, where anything was sampled."""

import pytest

from afterall.model import Experiment
from afterall.render.page import Page
from afterall.render.sections.efficiency import subsections
from afterall.settings import SetSettings
from render.render_reports import fact, make_experiment, tiny_report


def sampled(name: str, **metrics: float) -> Experiment:
    """Return an experiment with these metrics alone."""
    return make_experiment(name, metrics={key: fact(value) for key, value in metrics.items()})


def lines(*experiments: Experiment) -> list[str]:
    """Return the bullets of the section that tell of sampled GPUs."""
    told = list(subsections(Page(tiny_report(*experiments), SetSettings())))
    bullets = [bullet for one in told for block in one.blocks for bullet in block.bullets]
    return [bullet for bullet in bullets if "mean GPU" in bullet.lower() or "Wh in all" in bullet]


A = sampled("1B_rank4", gpu_utilization_mean_percent=87.4, gpu_power_mean_w=350.0, gpu_energy_wh=1000.0)
B = sampled("3B_rank64", gpu_utilization_mean_percent=35.0, gpu_power_mean_w=120.0, gpu_energy_wh=234.0)

BUSY = "Mean GPU utilization: 87.4 % (1B_rank4)"
POWER = "mean GPU power: 350 W (1B_rank4)"


@pytest.mark.parametrize(
    ("experiments", "told"),
    [
        (
            (B, A),
            f"{BUSY} to 35 % (3B_rank64); {POWER} to 120 W (3B_rank64); 1,234 Wh in all, over 2 experiments.",
        ),
        ((A,), f"{BUSY}; {POWER}; 1,000 Wh in all, over 1 experiment."),
        ((sampled("a", gpu_energy_wh=3.0),), "3 Wh in all, over 1 experiment."),
    ],
)
def test_what_was_sampled_of_gpus_is_one_line(experiments: tuple[Experiment, ...], told: str) -> None:
    """The busiest and the idlest run are named, power alike, and energies added up."""
    (line,) = lines(*experiments)
    assert line.replace("\\_", "_") == told


def test_nothing_is_told_where_nothing_was_sampled() -> None:
    """Most sets have no monitor."""
    assert lines(make_experiment("a")) == []
