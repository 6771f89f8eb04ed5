"""Two evaluations of the same samples are compared one by one, as scipy does and as is known of the truth."""

import math
import random
import struct
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from msgspec.structs import replace
from scipy import stats

from afterall.analyse import analyse
from afterall.analyse.sample_pairs import ENOUGH, interval_of_shares, mcnemar, pair_samples, sign_flip
from afterall.model import Comparison, Experiment, Finding, FindingCode, PairedTest, SamplePairs, SampleScores
from analyse.analyse_made import evaluation, material, trained

SETS = 200
NUMBERS = st.floats(-100, 100).map(lambda number: round(number, 3))


def scores(values: Sequence[float] | Mapping[int, float]) -> SampleScores:
    """Return what samples scored, by their digests; those of a list are 0, 1, and so on."""
    known = dict(sorted(values.items())) if isinstance(values, Mapping) else dict(enumerate(values))
    return SampleScores(
        struct.pack(f"<{len(known)}Q", *known), struct.pack(f"<{len(known)}d", *known.values())
    )


def paired(a: Sequence[float] | Mapping[int, float], b: Sequence[float] | Mapping[int, float]) -> SamplePairs:
    """Return the comparison of two runs that share samples."""
    found = pair_samples([scores(a)], [scores(b)])
    assert found is not None
    return found


def run(name: str, values: Sequence[float] | Mapping[int, float], **parameters: int) -> Experiment:
    """Return a finished run whose final model was evaluated."""
    told = scores(values)
    mean = math.fsum(struct.unpack(f"<{told.count}d", told.values)) / told.count
    metrics, samples = {"match/accuracy": mean}, {"match/accuracy": told}
    done = evaluation(f"{name}/x.eval", "final", metrics=metrics, sample_scores=samples)
    return replace(trained(name, 1.0, **parameters), evaluations=(done,))


def compared(*runs: Experiment) -> list[Comparison]:
    """Return the comparisons by accuracy."""
    found = analyse(material(*runs)).comparisons
    return [comparison for comparison in found if comparison.metric == "capitalization/match/accuracy"]


def told(*runs: Experiment) -> list[Finding]:
    """Return the findings on pairs."""
    found = analyse(material(*runs)).findings
    return [finding for finding in found if finding.code is FindingCode.EVALUATION_PAIRED]


@given(st.integers(0, 400), st.integers(0, 400))
def test_mcnemars_test_is_scipys(only_a: int, only_b: int) -> None:
    """The exact one: a binomial test of the discordant samples."""
    assume(only_a + only_b)
    expected = stats.binomtest(only_a, only_a + only_b, 0.5).pvalue
    assert mcnemar(only_a, only_b) == pytest.approx(expected, rel=1e-9)


def test_mcnemars_test_holds_for_many_and_for_none() -> None:
    """Without discordant samples nothing speaks against chance; thousands do not overflow."""
    assert mcnemar(0, 0) == 1.0
    assert mcnemar(9_000, 11_000) == pytest.approx(stats.binomtest(9_000, 20_000, 0.5).pvalue, rel=1e-9)
    assert mcnemar(0, 20_000) == 0.0


@given(st.lists(st.tuples(NUMBERS, NUMBERS), min_size=ENOUGH, max_size=80))
def test_the_paired_t_test_is_scipys(pairs: list[tuple[float, float]]) -> None:
    """p-value and 95 % interval of the mean difference, of ENOUGH samples and more."""
    a, b = zip(*pairs, strict=True)
    found = paired(a, b)
    assume(found.test is PairedTest.PAIRED_T and found.high - found.low > 1e-6)
    theirs = stats.ttest_rel(b, a)
    low, high = theirs.confidence_interval(0.95)
    assert found.raw_p_value == pytest.approx(theirs.pvalue, rel=1e-6, abs=1e-12)
    assert found.low == pytest.approx(low, rel=1e-6, abs=1e-9)
    assert found.high == pytest.approx(high, rel=1e-6, abs=1e-9)


@given(st.lists(st.integers(-6, 6) | NUMBERS, min_size=2, max_size=9))
def test_the_test_by_flipped_signs_is_scipys(apart: list[float]) -> None:
    """The exact permutation test of few samples, ties and zeros included."""
    found = pair_samples([scores([0.0] * len(apart))], [scores(apart)])
    assert found is not None
    assume(found.test is PairedTest.SIGN_FLIP and any(apart))
    theirs = stats.permutation_test(
        (apart,), math.fsum, permutation_type="samples", n_resamples=10_000, vectorized=False
    )
    assert found.raw_p_value == pytest.approx(theirs.pvalue, rel=1e-9)


def test_signs_are_flipped_exactly_up_to_the_last_sample() -> None:
    """29 samples that all differ one way have two flips of 2^29 as far from 0."""
    few = ENOUGH - 1
    found = paired([0.5] * few, [0.75] * few)
    assert (found.test, found.raw_p_value) == (PairedTest.SIGN_FLIP, 2 / 2**few)
    assert paired([0.5] * ENOUGH, [0.75] * ENOUGH).test is PairedTest.PAIRED_T
    assert sign_flip(np.zeros(3)) == 1.0


def test_what_is_told_of_a_pair() -> None:
    """How many samples are higher at each side, and by how much b is above a."""
    found = paired([1, 1, 0, 0, 1, 0], [0, 1, 1, 1, 1, 1])
    assert (found.test, found.samples, found.higher_a, found.higher_b) == (PairedTest.MCNEMAR, 6, 1, 3)
    assert found.difference == pytest.approx(2 / 6)
    assert (found.low, found.high) == interval_of_shares(1, 3, 6)


@pytest.mark.parametrize(
    ("only_a", "only_b", "samples", "low", "high"),
    [(16, 6, 161, -0.1195, -0.0032), (7, 1, 21, -0.5084, -0.0134)],
)
def test_the_interval_of_shares_is_the_published_one(
    only_a: int, only_b: int, samples: int, low: float, high: float
) -> None:
    """Of Cavo et al. (2012) and Bentur et al. (2009), as in Fagerland, Lydersen and Laake (2014)."""
    assert interval_of_shares(only_a, only_b, samples) == pytest.approx((low, high), abs=5e-5)


@given(st.integers(0, 60), st.integers(0, 60), st.integers(0, 60))
def test_the_interval_of_shares_holds_the_difference(only_a: int, only_b: int, neither: int) -> None:
    """It is never without width, and leaves out 0 only where the exact test nearly rejects it too."""
    samples = only_a + only_b + neither
    assume(samples >= 2)
    low, high = interval_of_shares(only_a, only_b, samples)
    assert -1 <= low <= (only_b - only_a) / samples <= high <= 1
    assert low < high
    assert low < 0 < high or mcnemar(only_a, only_b) < 0.15


@pytest.mark.parametrize("samples", [10, 20, 50])
@pytest.mark.parametrize(("only_a", "only_b"), [(0.01, 0.02), (0.02, 0.1), (0.05, 0.3), (0.2, 0.2), (0, 0.8)])
def test_the_interval_of_shares_keeps_its_level(samples: int, only_a: float, only_b: float) -> None:
    """Its exact coverage is 95 % nearly; that of mean ± t · error is 26 % for the first of 10 samples."""
    covered = sum(
        stats.multinomial.pmf((a, b, samples - a - b), samples, (only_a, only_b, 1 - only_a - only_b))
        for a in range(samples + 1)
        for b in range(samples + 1 - a)
        if _holds(interval_of_shares(a, b, samples), only_b - only_a)
    )
    assert covered > 0.94


def _holds(interval: tuple[float, float], number: float) -> bool:
    return interval[0] <= number <= interval[1]


def test_only_shared_samples_count() -> None:
    """Those that one side alone answered are counted, and nothing else."""
    a, b = {n: float(n % 2) for n in range(8)}, dict.fromkeys(range(5, 20), 1.0)
    found = paired(a, b)
    assert (found.samples, found.samples_a, found.samples_b) == (3, 8, 15)
    assert (found.higher_a, found.higher_b) == (0, 1)
    assert found.difference == pytest.approx(1 / 3)
    assert pair_samples([scores({1: 1.0, 2: 0.0})], [scores({2: 1.0, 3: 0.0})]) is None
    assert pair_samples([], [scores([1.0, 0.0])]) is None


def test_replicates_are_averaged_sample_by_sample() -> None:
    """A setting that ran with two seeds has 0, a half or 1 of each, on the samples that both answered."""
    found = pair_samples([scores([0, 1, 1]), scores([0, 0, 1, 1])], [scores([1, 1, 1])])
    assert found is not None
    assert (found.test, found.samples_a) == (PairedTest.SIGN_FLIP, 3)
    assert found.difference == pytest.approx(0.5)


def test_means_in_another_order_are_equal() -> None:
    """0.1 + 0.2 + 0.3 is not 0.3 + 0.2 + 0.1 to the last digit, and no sample is higher for that."""
    runs = [scores([each] * 5) for each in (0.1, 0.2, 0.3)]
    found = pair_samples(runs, runs[::-1])
    assert found is not None
    assert (found.higher_a, found.higher_b, found.difference, found.raw_p_value) == (0, 0, 0.0, 1.0)


PAIRS = st.dictionaries(st.integers(0, 40), st.tuples(NUMBERS, NUMBERS), min_size=2)


@given(
    PAIRS | st.dictionaries(st.integers(0, 40), st.tuples(st.integers(0, 1), st.integers(0, 1)), min_size=2)
)
def test_exchanging_the_sides_changes_signs_alone(pairs: dict[int, tuple[float, float]]) -> None:
    """Neither the p-value nor the interval's width depends on which side is a."""
    a, b = ({n: float(pair[side]) for n, pair in pairs.items()} for side in (0, 1))
    one, other = paired(a, b), paired(b, a)
    assert 0 <= one.raw_p_value <= 1
    assert one.raw_p_value == pytest.approx(other.raw_p_value)
    assert (one.low, one.high) == pytest.approx((-other.high, -other.low))
    assert one.difference == pytest.approx(-other.difference)
    assert (one.higher_a, one.higher_b) == (other.higher_b, other.higher_a)


@given(st.lists(st.floats(-1e100, 1e100), min_size=2, max_size=40), st.randoms(use_true_random=False))
def test_any_scores_are_compared(values: list[float], shuffled: random.Random) -> None:
    """However large, what is told is a number."""
    other = shuffled.sample(values, len(values))
    found = paired(values, other)
    assert 0 <= found.raw_p_value <= 1
    assert math.isfinite(found.difference)
    assert math.isfinite(found.low)
    assert math.isfinite(found.high)


def test_a_comparison_has_its_pairs() -> None:
    """Of runs whose logs hold samples; a run whose log holds none is compared as before."""
    a, b = [1.0, 0.0] * 20, [1.0, 1.0] * 20
    (found,) = compared(run("r4", a, lora_rank=4), run("r64", b, lora_rank=64))
    assert found.pairs is not None
    assert (found.pairs.higher_a, found.pairs.higher_b, found.pairs.within_chance) == (0, 20, False)
    assert (found.p_value, found.within_noise) == (None, None)
    bare = run("r64", b, lora_rank=64)
    bare = replace(bare, evaluations=tuple(replace(each, sample_scores={}) for each in bare.evaluations))
    assert [c.pairs for c in compared(run("r4", a, lora_rank=4), bare)] == [None]


def test_runs_at_different_points_of_training_are_not_paired() -> None:
    """Of them nothing is claimed."""
    short = run("r64", [1.0] * 40, lora_rank=64)
    short = replace(
        short, metrics={**short.metrics, "global_step": replace(short.metrics["global_step"], value=20)}
    )
    assert [c.pairs for c in compared(run("r4", [0.0] * 40, lora_rank=4), short)] == [None]


def test_comparisons_by_one_metric_are_corrected_together() -> None:
    """Neighbours and the ends of three ranks: three tests, the smallest p-value counts three times."""
    runs = [run(f"r{rank}", [1.0] * right + [0.0] * (40 - right), lora_rank=rank) for rank, right in
            ((4, 20), (8, 24), (16, 30))]  # fmt: skip
    found = [c.pairs for c in compared(*runs) if c.pairs is not None]
    raw = [each.raw_p_value for each in found]
    assert [each.family for each in found] == [3, 3, 3]
    assert min(each.p_value for each in found) == pytest.approx(3 * min(raw))
    assert all(each.p_value >= each.raw_p_value for each in found)


def test_a_finding_tells_the_numbers() -> None:
    """RESULTS.json has them under the task; a is the lower setting."""
    a, b = [1.0, 0.0] * 20, [1.0, 1.0] * 20
    (found,) = told(run("r64", b, lora_rank=64), run("r4", a, lora_rank=4))
    assert (found.subject, found.experiment) == ("capitalization", None)
    assert {key: found.evidence[key] for key in ("a", "b", "score", "parameter", "test", "comparisons")} == {
        "a": "r4", "b": "r64", "score": "match/accuracy", "parameter": "lora_rank", "test": "mcnemar",
        "comparisons": 1,
    }  # fmt: skip
    counts = ("samples", "samples_a", "samples_b", "higher_a", "higher_b", "difference")
    assert [found.evidence[key] for key in counts] == [40, 40, 40, 0, 20, 0.5]
    assert found.evidence["p_value"] == found.evidence["p_corrected"] == 2 / 2**20
    assert [source.file for source in found.sources] == ["r4/x.eval", "r64/x.eval"]


def test_the_order_of_runs_does_not_matter() -> None:
    """Neither for what is compared nor for what is found."""
    chance = random.Random(5)
    runs = [run(f"r{rank}", [float(chance.random() < 0.6) for _ in range(50)], lora_rank=rank) for rank in
            (4, 8, 16, 32)]  # fmt: skip
    mixed = chance.sample(runs, len(runs))
    assert compared(*runs) == compared(*mixed)
    assert told(*runs) == told(*mixed)


def drawn(draw: Callable[[random.Random], tuple[float, float]], samples: int, seed: int) -> list[SamplePairs]:
    """Return the pairs of sets of two runs whose scores of each sample `draw` makes."""
    chance = random.Random(seed)
    found = []
    for _ in range(SETS):
        a, b = zip(*(draw(chance) for _ in range(samples)), strict=True)
        (comparison,) = compared(run("r4", a, lora_rank=4), run("r64", b, lora_rank=64))
        assert comparison.pairs is not None
        found.append(comparison.pairs)
    return found


def right(chance: random.Random, share: float, gain: float = 0.0) -> tuple[float, float]:
    """Return whether two runs are right on one sample: hard ones are hard for both."""
    hard = chance.random() < 0.5
    one = share - 0.25 if hard else share + 0.2
    return float(chance.random() < one), float(chance.random() < one + gain)


def rated(chance: random.Random, gain: float = 0.0) -> tuple[float, float]:
    """Return two runs' ratings of one sample, both about what it deserves; skewed, as edit distances are."""
    worth = chance.expovariate(1)
    return worth + chance.expovariate(2), worth + chance.expovariate(2) + gain


@pytest.mark.parametrize(
    ("draw", "samples"),
    [
        (lambda chance: right(chance, 0.7), 400),
        (lambda chance: right(chance, 0.7), 40),
        (rated, 100),
        (rated, 20),
    ],
)
def test_no_effect_is_beyond_chance_at_the_stated_rate(
    draw: Callable[[random.Random], tuple[float, float]], samples: int
) -> None:
    """Of 200 sets of two equal models one in twenty at most: 10 expected, 19 the 99.5 % bound."""
    assert sum(not pairs.within_chance for pairs in drawn(draw, samples, seed=samples)) <= 19


@pytest.mark.parametrize(
    ("draw", "samples"),
    [
        (lambda chance: right(chance, 0.7, gain=0.1), 1000),
        (lambda chance: rated(chance, gain=0.4), 100),
        (lambda chance: rated(chance, gain=0.8), 20),
    ],
)
def test_a_real_effect_is_found(draw: Callable[[random.Random], tuple[float, float]], samples: int) -> None:
    """In nine of ten sets at least, and always on the right side."""
    found = drawn(draw, samples, seed=3)
    assert sum(not pairs.within_chance for pairs in found) >= 0.9 * SETS
    assert all(pairs.difference > 0 for pairs in found if not pairs.within_chance)


def test_the_interval_holds_the_true_difference() -> None:
    """Of 200 of ratings that differ by 0.4 about ten miss it, 19 the 99.5 % bound."""
    found = drawn(lambda chance: rated(chance, gain=0.4), 100, seed=4)
    assert sum(not pairs.low <= 0.4 <= pairs.high for pairs in found) <= 19
