"""Sets whose truth is known, because chance made them."""

import random

from afterall.analyse import analyse
from afterall.model import Comparison
from analyse.analyse_made import material, trained

SETS = 200
SEEDS = 5


def drawn(effect: float, seed: int) -> list[Comparison]:
    """Return the comparisons by validation loss of sets in which rank 64 is better by `effect` deviations."""
    chance = random.Random(seed)
    found: list[Comparison] = []
    for _ in range(SETS):
        runs = [
            trained(f"r{rank}s{n}", 5.0 - shift + chance.gauss(0, 0.01), lora_rank=rank, seed=n)
            for rank, shift in ((4, 0.0), (64, effect * 0.01))
            for n in range(SEEDS)
        ]
        comparisons = analyse(material(*runs)).comparisons
        found += [comparison for comparison in comparisons if comparison.metric == "final_val_loss"]
    return found


def test_no_effect_is_called_a_tie_at_the_stated_rate() -> None:
    """Of 200 sets without any effect about one in twenty is called one: 10 expected, 19 the 99.5 % bound."""
    comparisons = drawn(0.0, seed=1)
    assert len(comparisons) == SETS
    assert sum(comparison.within_noise is False for comparison in comparisons) <= 19


def test_a_real_effect_is_found() -> None:
    """Three deviations with five seeds a side are found in nearly every set (power 0.98)."""
    comparisons = drawn(3.0, seed=2)
    assert sum(comparison.within_noise is False for comparison in comparisons) >= 0.94 * SETS
    assert sum(comparison.a.value > comparison.b.value for comparison in comparisons) == SETS


def test_one_run_each_never_claims_anything() -> None:
    """Without repetitions the same effect is told with its numbers and no verdict."""
    runs = [trained("r4", 5.0, lora_rank=4, seed=0), trained("r64", 1.0, lora_rank=64, seed=0)]
    found = [c for c in analyse(material(*runs)).comparisons if c.metric == "final_val_loss"]
    assert [(c.within_noise, c.p_value, c.noise_sd) for c in found] == [(None, None, None)]
