"""Noise between replicates, and the statistics it is judged by."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterall.analyse import analyse
from afterall.analyse.design import lay_out
from afterall.analyse.measures import training_measures
from afterall.analyse.noise import Noise, chance_of, holm, learn_noise, mean_and_sd
from afterall.analyse.ordering import in_order
from afterall.analyse.parameters import find_varying
from afterall.analyse.student import two_sided_p
from afterall.model import Experiment
from afterall.settings import SetSettings
from analyse.analyse_made import failed, material, trained

finite = st.floats(allow_nan=False, allow_infinity=False)


def learn(*experiments: Experiment) -> Noise | None:
    """Return the noise of the validation loss."""
    ordered = in_order(experiments)
    return learn_noise(lay_out(ordered, find_varying(ordered, SetSettings())), training_measures(ordered)[0])


@pytest.mark.parametrize(
    ("t", "degrees", "p"),
    [
        # Critical values of Student's t, two-sided, from printed tables (NIST e-Handbook 1.3.6.7.2).
        (12.706, 1, 0.05),
        (4.303, 2, 0.05),
        (2.571, 5, 0.05),
        (3.169, 10, 0.01),
        (1.984, 100, 0.05),
        (1.0, 1, 0.5),
        (0.0, 3, 1.0),
        (math.inf, 3, 0.0),
    ],
)
def test_p_values_are_those_of_the_tables(t: float, degrees: float, p: float) -> None:
    """Tabulated critical values give their probabilities, for either sign."""
    assert two_sided_p(t, degrees) == pytest.approx(p, abs=1e-4)
    assert two_sided_p(-t, degrees) == two_sided_p(t, degrees)


def test_p_values_of_one_degree_are_cauchys() -> None:
    """With one degree of freedom the distribution is Cauchy's, whose tail is an arctangent."""
    for t in (1e-6, 0.1, 1.0, 3.0, 50.0, 1e6):
        assert two_sided_p(t, 1) == pytest.approx(2 * math.atan2(1, t) / math.pi, rel=1e-12)


@given(st.floats(allow_nan=False), st.floats(0.5, 1e4))
def test_a_p_value_is_a_probability(t: float, degrees: float) -> None:
    """Any t and any degrees of freedom give a number in [0, 1]."""
    assert 0 <= two_sided_p(t, degrees) <= 1


@given(st.lists(finite, min_size=1, max_size=6))
def test_means_never_overflow(values: list[float]) -> None:
    """The mean of finite numbers is finite and lies between them."""
    mean, sd = mean_and_sd(values)
    assert math.isfinite(mean)
    assert min(values) <= mean * (1 + 1e-12) or min(values) <= mean * (1 - 1e-12)
    assert sd is None or sd >= 0


def test_mean_and_sd_have_n_minus_one_below() -> None:
    """The deviation of 1, 2, 3 is 1; of one value there is none."""
    assert mean_and_sd([1, 2, 3]) == (2, 1)
    assert mean_and_sd([5]) == (5, None)
    assert mean_and_sd([0, 0]) == (0, 0)


def test_noise_is_pooled_over_the_settings_that_were_repeated() -> None:
    """Variances are averaged by degrees of freedom; settings that ran once teach nothing."""
    pairs = [trained(f"r4s{n}", v, lora_rank=4, seed=n) for n, v in enumerate((1.0, 3.0))]
    three = [trained(f"r8s{n}", v, lora_rank=8, seed=n) for n, v in enumerate((1.0, 2.0, 3.0))]
    noise = learn(*pairs, *three, trained("single", 9.0, lora_rank=16, seed=0))
    assert noise is not None
    # Variances 2 (1 degree) and 1 (2 degrees): (2 + 2) / 3.
    assert noise.sd == pytest.approx(math.sqrt(4 / 3))
    assert noise.degrees == 3


def test_without_replicates_there_is_no_noise() -> None:
    """Single runs teach nothing of chance, nor do two of which one diverged."""
    assert learn(trained("a", 1.0, lora_rank=4, seed=0), trained("b", 2.0, lora_rank=8, seed=0)) is None
    assert learn(trained("a", 1.0, seed=0), trained("b", math.nan, seed=1)) is None


def test_a_run_that_broke_off_teaches_nothing_of_seeds() -> None:
    """Its loss is of another point of training: neither noise nor the mean of replicates takes it in."""
    whole = [trained(f"s{n}", value, lora_rank=4, seed=n) for n, value in enumerate((1.0, 1.2))]
    fields: dict[str, Any] = {"metrics": {"final_val_loss": 9.0}, "parameters": {"lora_rank": 4, "seed": 9}}
    killed = failed("killed", **fields)
    noise = learn(*whole, killed)
    assert noise == learn(*whole)
    (group,) = analyse(material(*whole, killed)).replicates
    assert (group.metrics["final_val_loss"].n, group.metrics["final_val_loss"].mean) == (2, 1.1)
    assert group.experiments == ("killed", "s0", "s1")


def test_replicates_that_agree_exactly_make_every_difference_one() -> None:
    """Without any scatter only equal numbers tie."""
    error = Noise(0.0, 2).error(1, 1)
    assert (chance_of(0.0, error, 2), chance_of(1e-300, error, 2)) == (1.0, 0.0)
    assert chance_of(1.0, Noise(5e-324, 2).error(100, 100), 2) == 0.0


def test_holm_corrects_step_down() -> None:
    """The smallest is multiplied by their number, the next by one less; the order stays, None stays."""
    first, nothing, third, fourth = holm([0.01, None, 0.04, 0.03])
    assert [first, third, fourth] == pytest.approx([0.03, 0.06, 0.06])
    assert nothing is None
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []
