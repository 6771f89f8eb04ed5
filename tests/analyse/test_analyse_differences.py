"""What replicates say of a difference agrees with scipy, and with what is known of the truth."""

import math
import random

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from scipy import stats

from afterall.analyse import analyse
from afterall.analyse.differences import Difference, judge_difference
from afterall.analyse.noise import Noise, mean_and_sd
from afterall.analyse.student import two_sided_p, two_sided_t
from afterall.model import Side, Source
from analyse.analyse_made import material, trained

NOISE = Noise(0.5, 6)
VALUES = st.lists(st.floats(-100, 100), min_size=2, max_size=6)


def side(*values: float) -> Side:
    """Return the mean of some replicates."""
    mean, sd = mean_and_sd(values)
    return Side(experiment="a", setting=1, value=mean, step=5, source=Source("a"), n=len(values), sd=sd)


@given(VALUES, VALUES)
def test_welchs_test_is_scipys(a: list[float], b: list[float]) -> None:
    """p-value and 95 % interval of any two groups that scatter."""
    one, two = side(*a), side(*b)
    assume(min(one.sd or 0, two.sd or 0) > 1e-3)
    judged = judge_difference(one, two, NOISE)
    theirs = stats.ttest_ind(b, a, equal_var=False)
    assert judged.p_value == pytest.approx(theirs.pvalue, rel=1e-6, abs=1e-12)
    low, high = theirs.confidence_interval(0.95)
    assert judged.half_width == pytest.approx((high - low) / 2, rel=1e-6)


@given(st.floats(0.001, 0.999), st.floats(1, 1e4))
def test_critical_values_are_scipys(p: float, degrees: float) -> None:
    """The t that chance exceeds with a probability, for any degrees of freedom."""
    assert two_sided_t(p, degrees) == pytest.approx(stats.t.isf(p / 2, degrees), rel=1e-6)
    assert two_sided_p(two_sided_t(p, degrees), degrees) == pytest.approx(p, rel=1e-6)


def test_a_side_that_ran_once_is_judged_by_the_sets_noise() -> None:
    """So is one whose replicates agree to the last digit, which say nothing of how seeds scatter."""
    t = 1.0 / (0.5 * math.sqrt(1 / 1 + 1 / 3))
    judged = judge_difference(side(1.0), side(2.0, 1.9, 2.1), NOISE)
    assert judged.p_value == pytest.approx(two_sided_p(t, 6))
    assert judged.half_width == pytest.approx(stats.t.isf(0.025, 6) * 0.5 * math.sqrt(1 / 1 + 1 / 3))
    assert judged.effect_size is None
    alike = judge_difference(side(1.0, 1.0), side(2.0, 1.9, 2.1), NOISE)
    assert alike.p_value > 0.05
    assert judge_difference(side(1.0), side(1.0), Noise(0.0, 2)) == Difference(1.0, 0.0, None)


NUMBERS = st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=4)


@given(NUMBERS, NUMBERS, st.floats(0, allow_infinity=False), st.integers(1, 9))
@example([0.0, 5e-324], [0.0, 0.0, 0.0, 5e-324], 0.0, 1)
@example([-1e308, -1.5e308], [1e308], 1e308, 1)
def test_any_two_sides_are_judged(a: list[float], b: list[float], sd: float, degrees: int) -> None:
    """However large or small the numbers, the chance is a probability, and what is told is a number."""
    judged = judge_difference(side(*a), side(*b), Noise(sd, degrees))
    assert 0 <= judged.p_value <= 1
    assert judged.half_width is None or 0 <= judged.half_width < math.inf
    assert judged.effect_size is None or math.isfinite(judged.effect_size)


def test_the_effect_size_is_hedges_g() -> None:
    """Two deviations apart with three replicates each: 2 x (1 - 3 / 15), positive where b is larger."""
    up = judge_difference(side(1, 2, 3), side(3, 4, 5), NOISE).effect_size
    down = judge_difference(side(3, 4, 5), side(1, 2, 3), NOISE).effect_size
    assert up == pytest.approx(1.6)
    assert down == pytest.approx(-1.6)


def test_a_setting_that_scatters_more_is_not_judged_by_its_calm_neighbours() -> None:
    """Without any effect, one in twenty is called one also where a high rate scatters 50 times as much."""
    chance = random.Random(3)
    called = 0
    for _ in range(200):
        runs = [
            trained(f"r{rank}s{n}", 5.0 + chance.gauss(0, scatter), lora_rank=rank, seed=n)
            for rank, scatter, seeds in ((4, 0.01, 12), (64, 0.5, 3))
            for n in range(seeds)
        ]
        (found,) = [c for c in analyse(material(*runs)).comparisons if c.metric == "final_val_loss"]
        called += found.within_noise is False
    assert called <= 19
