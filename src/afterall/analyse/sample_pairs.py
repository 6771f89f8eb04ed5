"""Compare two sides' evaluation scores sample by sample, on the samples that both answered.

Scores of 0 and 1 by the exact McNemar test (Psychometrika 12, 1947): of the samples that one side alone gets,
chance gives each half. Other scores by the paired t test; of fewer than `ENOUGH` samples, where it may not
lean on the mean being normal, by the exact permutation test that flips the signs of the differences (Fisher
1935). Unlike Wilcoxon's ranks it takes ties and zeros as they are, and judges the mean that is reported.

The interval of scores of 0 and 1 is that of Bonett and Price (J. Educ. Behav. Stat. 37, 2012): Wald's, with
one more sample won and one more lost. Where few samples differ it keeps its 95 %; mean ± t · error does not.

Invariant: only samples of both sides count, and exchanging the sides changes nothing but signs.
"""

import math
from collections.abc import Sequence
from functools import lru_cache
from statistics import NormalDist

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from afterall.analyse.noise import LEVEL, chance_of, holm
from afterall.analyse.student import two_sided_t
from afterall.model import Comparison, PairedTest, SamplePairs, SampleScores

ENOUGH = 30
"""Samples from which the mean of their differences is taken to be normal."""
_ROUNDING = 1e-9
"""Relative: numbers that differ by less are equal, as means of replicates taken in another order."""
_Z = NormalDist().inv_cdf(1 - LEVEL / 2)

Numbers = NDArray[np.float64]


def pair_samples(a: Sequence[SampleScores], b: Sequence[SampleScores]) -> SamplePairs | None:
    """Return the paired comparison of two sides, each the scores of one run or of several replicates.

    Replicates' scores of a sample are averaged. None where the sides share fewer than two samples.
    """
    if not a or not b:
        return None
    (names_a, of_a), (names_b, of_b) = _averaged(a), _averaged(b)
    shared, at_a, at_b = np.intersect1d(names_a, names_b, assume_unique=True, return_indices=True)
    if len(shared) < 2:
        return None
    one, two = of_a[at_a], of_b[at_b]
    apart = np.where(np.isclose(one, two, rtol=_ROUNDING, atol=0.0), 0.0, two - one)
    test = _test(one, two)
    p_value, low, high = _judged(test, apart)
    return SamplePairs(
        test=test,
        samples=len(shared),
        samples_a=len(names_a),
        samples_b=len(names_b),
        higher_a=_count(apart < 0),
        higher_b=_count(apart > 0),
        difference=_mean(apart),
        low=low,
        high=high,
        raw_p_value=p_value,
        p_value=p_value,
        within_chance=p_value > LEVEL,
    )


def corrected(comparisons: Sequence[Comparison]) -> list[Comparison]:
    """Return the comparisons with their pairs' p-values corrected for there being several (Holm)."""
    raw = [None if c.pairs is None else c.pairs.raw_p_value for c in comparisons]
    family = sum(p is not None for p in raw)
    return [
        c if p is None else replace(c, pairs=_with_p_value(c.pairs, p, family))
        for c, p in zip(comparisons, holm(raw), strict=True)
    ]


def _with_p_value(pairs: SamplePairs | None, p_value: float, family: int) -> SamplePairs | None:
    if pairs is None:
        return None
    return replace(pairs, p_value=p_value, within_chance=p_value > LEVEL, family=family)


def _averaged(runs: Sequence[SampleScores]) -> tuple[NDArray[np.uint64], Numbers]:
    """Return the samples that all runs have, ascending, and the mean of the runs' scores of each."""
    names, total = _unpacked(runs[0])
    for run in runs[1:]:
        its, values = _unpacked(run)
        names, kept, at = np.intersect1d(names, its, assume_unique=True, return_indices=True)
        total = total[kept] + values[at]
    return names, total / len(runs)


def _unpacked(run: SampleScores) -> tuple[NDArray[np.uint64], Numbers]:
    return np.frombuffer(run.samples, "<u8"), np.frombuffer(run.values, "<f8")


def _test(a: Numbers, b: Numbers) -> PairedTest:
    if all(np.isin(side, (0.0, 1.0)).all() for side in (a, b)):
        return PairedTest.MCNEMAR
    return PairedTest.PAIRED_T if len(a) >= ENOUGH else PairedTest.SIGN_FLIP


def _judged(test: PairedTest, apart: Numbers) -> tuple[float, float, float]:
    """Return the p-value of differences, and where the 95 % interval of their mean begins and ends."""
    mean, degrees = _mean(apart), len(apart) - 1
    error = float(np.std(apart, ddof=1)) / math.sqrt(len(apart))
    match test:
        case PairedTest.MCNEMAR:
            only_a, only_b = _count(apart < 0), _count(apart > 0)
            return mcnemar(only_a, only_b), *interval_of_shares(only_a, only_b, len(apart))
        case PairedTest.PAIRED_T:
            p_value = chance_of(mean, error, degrees)
        case PairedTest.SIGN_FLIP:
            p_value = sign_flip(apart)
    half = _critical(degrees) * error
    return p_value, mean - half, mean + half


def _count(so: NDArray[np.bool_]) -> int:
    return int(np.count_nonzero(so))


def _mean(numbers: Numbers) -> float:
    return math.fsum(numbers) / len(numbers)


def mcnemar(only_a: int, only_b: int) -> float:
    """Return how often chance splits the discordant samples at least this unevenly: two-sided binomial, 1/2.

    Summed from the largest term of the smaller tail down, each the one before times k / (n - k + 1).
    """
    n, k = only_a + only_b, min(only_a, only_b)
    log_term = math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1) - n * math.log(2)
    term = total = math.exp(log_term)
    while k > 0 and term > 0:
        term *= k / (n - k + 1)
        total += term
        k -= 1
    return min(1.0, 2 * total)


def interval_of_shares(only_a: int, only_b: int, samples: int) -> tuple[float, float]:
    """Return the 95 % interval of b's share of right samples less a's (Bonett and Price), within -1 and 1."""
    share_a, share_b = (only_a + 1) / (samples + 2), (only_b + 1) / (samples + 2)
    middle = share_b - share_a
    half = _Z * math.sqrt((share_a + share_b - middle**2) / (samples + 2))
    return max(-1.0, middle - half), min(1.0, middle + half)


def sign_flip(apart: Numbers) -> float:
    """Return the share of all flips of signs whose sum is at least as far from 0, for fewer than ENOUGH.

    The sums of one half of the differences are sought among those of the other, so 2^n sums need no more than
    2^(n/2) of each. Sums that differ by rounding alone are equal.
    """
    moved = apart[apart != 0]
    wanted = abs(math.fsum(moved)) - _ROUNDING * float(np.abs(moved).sum())
    if wanted <= 0:
        return 1.0
    half = len(moved) // 2
    one, other = _sums(moved[:half]), np.sort(_sums(moved[half:]))
    reached = len(one) * len(other) - int(np.searchsorted(other, wanted - one, side="left").sum())
    return min(1.0, 2.0 * reached / (len(one) * len(other)))


def _sums(numbers: Numbers) -> Numbers:
    """Return the sums under every choice of signs."""
    sums = np.zeros(1)
    for number in numbers:
        sums = np.concatenate((sums + number, sums - number))
    return sums


@lru_cache(maxsize=256)
def _critical(degrees: int) -> float:
    return two_sided_t(LEVEL, degrees)
