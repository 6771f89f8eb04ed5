"""Every setting against the one that the settings call the baseline."""

import math

from afterall.analyse import analyse
from afterall.model import ComparedAt, Comparison, Experiment
from afterall.settings import SetSettings
from analyse.analyse_made import experiment, material, trained


def against(baseline: str | None, *experiments: Experiment) -> list[Comparison]:
    """Return the comparisons with a baseline by the validation loss."""
    report = analyse(material(*experiments, settings=SetSettings(baseline=baseline)))
    return [c for c in report.against_baseline if c.metric == "final_val_loss"]


def test_the_baseline_is_side_a_of_every_comparison() -> None:
    """Whatever its setting; each comparison names all that differs, and compares quality alone."""
    runs = [
        trained("a", 1.0, lora_rank=64, learning_rate=1e-3),
        trained("b", 2.0, lora_rank=4, learning_rate=1e-3),
        trained("c", 3.0, lora_rank=4, learning_rate=1e-4),
    ]
    found = against("b", *runs)
    assert [(c.a.experiment, c.b.experiment, c.parameter) for c in found] == [
        ("b", "c", "learning_rate"),
        ("b", "a", "lora_rank"),
    ]
    (far,) = [c for c in against("a", *runs) if c.b.experiment == "c"]
    assert (far.parameter, far.a.setting, far.b.setting) == ("lora_rank", 64, 4)
    assert far.confounders == (("learning_rate", 1e-3, 1e-4),)
    report = analyse(material(*runs, settings=SetSettings(baseline="b")))
    assert {c.metric for c in report.against_baseline} == {"final_val_loss", "final_loss"}


def test_without_a_baseline_nothing_is_compared_with_one() -> None:
    """Neither where the settings are silent, nor where the baseline left no number."""
    runs = [trained("a", 1.0, lora_rank=4), trained("b", math.nan, lora_rank=8)]
    assert against(None, *runs) == []
    assert against("b", *runs) == []


def test_replicates_of_the_baseline_count_with_it() -> None:
    """One of several seeds stands for its setting, and what seeds alone do is noise."""
    runs = [
        *(trained(f"base_{seed}", 1 + seed / 100, lora_rank=4, seed=seed) for seed in (1, 2, 3)),
        *(trained(f"far_{seed}", 5 + seed / 100, lora_rank=8, seed=seed) for seed in (1, 2, 3)),
        *(trained(f"near_{seed}", 1.001 + seed / 100, lora_rank=16, seed=seed) for seed in (1, 2, 3)),
    ]
    far, near = against("base_2", *runs)
    assert (far.a.n, far.a.experiments) == (3, ("base_1", "base_2", "base_3"))
    assert (far.within_noise, near.within_noise) == (False, True)


def test_other_points_of_training_and_equal_settings() -> None:
    """A shorter run is compared and says so; a run that differs in nothing known is not."""
    short = experiment(
        "short", parameters={"lora_rank": 8}, metrics={"final_val_loss": 1.5, "global_step": 20}
    )
    found = against("a", trained("a", 1.0, lora_rank=4), trained("twin", 1.1, lora_rank=4), short)
    assert [(c.b.experiment, c.compared_at) for c in found] == [("short", ComparedAt.NEITHER)]
