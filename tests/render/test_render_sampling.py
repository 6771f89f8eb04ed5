"""What samples alone may make of two scores is said in a sentence, and in a table's few words."""

from typing import Any

import pytest
from msgspec.structs import replace

from afterall.model import Comparison, Direction, PairedTest, SamplePairs
from afterall.render.sections.sampling import belief_by_samples, of_samples
from render.render_reports import make_comparison

A, B = "1B_rank4", "1B_rank64"
PAIRS = SamplePairs(
    test=PairedTest.MCNEMAR,
    samples=500,
    samples_a=500,
    samples_b=500,
    higher_a=15,
    higher_b=75,
    difference=0.12,
    low=0.0826,
    high=0.156,
    raw_p_value=1e-10,
    p_value=1e-10,
    within_chance=False,
)


def compared(a: float = 0.7, b: float = 0.82, **changes: Any) -> Comparison:
    """Return a comparison of two scores; `changes` are of its pairs."""
    pair = make_comparison(A, B, "lora_rank", "final_loss")
    sides = {"a": replace(pair.a, value=a, stderr=0.02), "b": replace(pair.b, value=b, stderr=0.02)}
    pairs = replace(PAIRS, **changes)
    return replace(pair, metric="sorting/match/accuracy", direction=Direction.UP, pairs=pairs, **sides)


def test_the_better_side_is_the_one_spoken_of() -> None:
    """The sentence before has said that b was higher than a; where a is better, signs and counts turn."""
    beyond, test = "beyond chance of the samples (seeds aside):", "McNemar p < 0.0001"
    better = f"+0.12 (+0.083 to +0.16 at 95 %) on 500 shared, higher on 75, lower on 15, {test}"
    assert of_samples(compared()) == f"{beyond} {better}"
    worse = f"-0.12 (-0.16 to -0.083 at 95 %) on 500 shared, higher on 15, lower on 75, {test}"
    assert of_samples(replace(compared(), direction=Direction.DOWN)) == f"{beyond} {worse}"


def test_seeds_are_not_set_aside_where_they_are_known() -> None:
    """What seeds say stands in the same sentence."""
    assert of_samples(replace(compared(), p_value=0.2)).startswith("beyond chance of the samples: +0.12")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"samples": 480}, "on 480 shared of 500 each, "),
        ({"samples": 480, "samples_a": 520}, "on 480 shared of 500 and 520, "),
        ({"samples_a": 1500, "samples_b": 1500, "samples": 1500}, "on 1,500 shared, "),
        ({"test": PairedTest.PAIRED_T, "p_value": 0.0123}, "paired t p = 0.012"),
        ({"test": PairedTest.SIGN_FLIP, "p_value": 1.0}, "sign flips p = 1"),
        ({"within_chance": True, "p_value": 0.65}, "may be chance of the samples: +0.12"),
        ({"p_value": 0.02, "family": 3}, "McNemar p = 0.02 corrected for 3 comparisons"),
        ({"difference": 0.25, "low": 0.25, "high": 0.25}, ": +0.25 on 500 shared, "),
    ],
)
def test_numbers_and_tests_are_named(changes: dict[str, Any], words: str) -> None:
    """How many samples are shared, of how many, and by which test."""
    assert words in of_samples(compared(**changes))


def test_pairs_decide_before_single_errors() -> None:
    """A difference within the scores' errors may be beyond chance where the same samples were asked."""
    close = compared(b=0.72, difference=0.02)
    assert of_samples(close).startswith("beyond chance of the samples")
    assert of_samples(replace(close, pairs=None)) == "may be chance of the samples (±0.055 at 95 %)"
    assert of_samples(compared(b=0.7, difference=0.0)) == ""


def test_shared_samples_may_say_the_contrary() -> None:
    """The higher score may be that of easier samples, which the other run was not asked."""
    contrary = compared(difference=-0.12, low=-0.156, high=-0.0826, higher_a=75, higher_b=15, samples=400)
    assert of_samples(contrary).startswith(
        "the other way round on the samples of both, beyond their chance: -0.12 (-0.16 to -0.083 at 95 %)"
    )
    assert belief_by_samples(contrary).startswith("the other way round on the samples of both: p < 0.0001")
    chance = replace(contrary, pairs=replace(PAIRS, difference=-0.01, within_chance=True, p_value=0.8))
    assert of_samples(chance).startswith("may be chance of the samples: -0.01")


def test_every_test_has_a_name() -> None:
    """A new one would otherwise end the report."""
    assert all(of_samples(compared(test=test)) for test in PairedTest)


def test_the_table_against_the_baseline_is_shorter() -> None:
    """One seed stays one seed; chance of the samples comes first, then what seeds say."""
    assert belief_by_samples(compared()) == "one seed; beyond chance of its samples: p < 0.0001, 500 shared"
    doubtful = compared(within_chance=True, p_value=0.4)
    assert belief_by_samples(doubtful) == "may be chance of its samples: p = 0.4, 500 shared"
    assert belief_by_samples(replace(compared(), within_noise=False)) == ""
    assert belief_by_samples(replace(compared(b=0.72), pairs=None)) == "may be chance: ±0.055 by its samples"
    assert belief_by_samples(compared(b=0.7)) == ""
