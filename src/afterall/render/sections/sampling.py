"""Say how far the samples of two evaluations, rather than the models, may make their scores' difference.

Invariant: it speaks of these trained models and samples like these; what another seed would give is never
claimed. Where samples were compared one by one, that decides; else the scores' own standard errors do.
"""

import math
from collections.abc import Mapping

from afterall.model import Comparison, Direction, PairedTest, SamplePairs
from afterall.render.composing import md
from afterall.render.escaping import Markdown
from afterall.render.words.numbers import number

SMALLEST_P = 1e-4
Z_95 = 1.96
"""Standard errors within which 95 % of a normal distribution lies."""
TESTS: Mapping[PairedTest, Markdown] = {
    PairedTest.MCNEMAR: Markdown("McNemar"),
    PairedTest.PAIRED_T: Markdown("paired t"),
    PairedTest.SIGN_FLIP: Markdown("sign flips"),
}
"""What each way to compare samples is called."""


def chance(p_value: float) -> Markdown:
    """Return "p = 0.013"; what a set cannot tell from nothing is "p < 0.0001"."""
    if p_value < SMALLEST_P:
        return md("p < {}", number(SMALLEST_P))
    return md("p = {}", number(p_value, 2))


def of_samples(comparison: Comparison) -> Markdown:
    """Return "may be chance of the samples" or the contrary, with its numbers; "" where nothing tells."""
    if comparison.a.value == comparison.b.value:
        return Markdown("")
    if comparison.pairs is None:
        error = sampling_error(comparison)
        return (
            Markdown("")
            if error is None
            else md("may be chance of the samples (±{} at 95 %)", number(error, 2))
        )
    told = _paired(comparison.pairs, is_b=_subject_is_b(comparison))
    if comparison.pairs.within_chance:
        return md("may be chance of the samples: {}", told)
    if _is_contrary(comparison, comparison.pairs):
        return md("the other way round on the samples of both, beyond their chance: {}", told)
    seeds = Markdown(" (seeds aside)" if comparison.p_value is None else "")
    return md("beyond chance of the samples{}: {}", seeds, told)


def belief_by_samples(comparison: Comparison) -> Markdown:
    """Return the same in a table's few words; "" where samples make no difference doubtful."""
    pairs, error = comparison.pairs, sampling_error(comparison)
    if pairs is not None and comparison.a.value != comparison.b.value:
        told = md("{}, {} shared", chance(pairs.p_value), pairs.samples)
        if pairs.within_chance:
            return md("may be chance of its samples: {}", told)
        if _is_contrary(comparison, pairs):
            return md("the other way round on the samples of both: {}", told)
        if comparison.within_noise is None:
            return md("one seed; beyond chance of its samples: {}", told)
    elif error is not None:
        return md("may be chance: ±{} by its samples", number(error, 2))
    return Markdown("")


def sampling_error(comparison: Comparison) -> float | None:
    """Return the half width of the 95 % interval of two scores' difference where it covers zero, else None.

    It is that of independent samples, 1.96 · √(a² + b²) of the evaluations' own standard errors. Runs that
    were asked the same questions usually differ by less chance than that: it claims too little, not too much.
    """
    a, b = comparison.a, comparison.b
    if a.stderr is None or b.stderr is None or a.value == b.value:
        return None
    half = Z_95 * math.hypot(a.stderr, b.stderr)
    return half if abs(b.value - a.value) <= half else None


def _subject_is_b(c: Comparison) -> bool:
    """Tell which side the sentence is about: the better one, or b where nobody knows which is better."""
    return c.direction is Direction.UNKNOWN or (c.b.value > c.a.value) is (c.direction is Direction.UP)


def _is_contrary(c: Comparison, pairs: SamplePairs) -> bool:
    """Tell whether the side that scores higher is lower on the shared samples: it had easier ones besides."""
    return (pairs.difference > 0) is not (c.b.value > c.a.value)


def _paired(pairs: SamplePairs, *, is_b: bool) -> Markdown:
    """Return "+0.12 (+0.082 to +0.16 at 95 %) on 500 shared, higher on 75, lower on 15, McNemar p = 0.01"."""
    apart = pairs.difference if is_b else -pairs.difference
    higher, lower = (pairs.higher_b, pairs.higher_a) if is_b else (pairs.higher_a, pairs.higher_b)
    return md(
        "{}{} on {} shared{}, higher on {}, lower on {}, {} {}{}",
        _signed(apart, 3),
        _interval(pairs, is_b=is_b),
        pairs.samples,
        _of_how_many(pairs),
        higher,
        lower,
        TESTS[pairs.test],
        chance(pairs.p_value),
        md(" corrected for {} comparisons", pairs.family) if pairs.family > 1 else Markdown(""),
    )


def _interval(pairs: SamplePairs, *, is_b: bool) -> Markdown:
    """Return " (+0.082 to +0.16 at 95 %)"; "" where all samples differ alike and there is no scatter."""
    if math.isclose(pairs.low, pairs.high):
        return Markdown("")
    low, high = (pairs.low, pairs.high) if is_b else (-pairs.high, -pairs.low)
    return md(" ({} to {} at 95 %)", _signed(low, 2), _signed(high, 2))


def _signed(apart: float, digits: int) -> Markdown:
    return Markdown(f"{'+' if apart > 0 else ''}{number(apart, digits)}")


def _of_how_many(pairs: SamplePairs) -> Markdown:
    """Return how many samples each side has, where they do not share all."""
    if pairs.samples == pairs.samples_a == pairs.samples_b:
        return Markdown("")
    if pairs.samples_a == pairs.samples_b:
        return md(" of {} each", pairs.samples_a)
    smaller, larger = sorted((pairs.samples_a, pairs.samples_b))
    return md(" of {} and {}", smaller, larger)
