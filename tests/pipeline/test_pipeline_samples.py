"""Two runs' evaluation logs become a sentence on samples in RESULTS.md, and a finding in RESULTS.json."""

import json
import os
import random
from collections.abc import Mapping
from pathlib import Path

import pytest
from scipy import stats

from afterall.analyse.sample_pairs import interval_of_shares
from afterall.pipeline import recorded, report
from scan.evaluation_making import answered, eval_log, header, sample

SAMPLES = 500


def drawn(share: float, seed: int) -> list[bool]:
    """Return which of the samples a model gets right."""
    chance = random.Random(seed)
    return [chance.random() < share for _ in range(SAMPLES)]


def told(set_dir: Path, logs: Mapping[str, bytes]) -> tuple[list[str], list[dict[str, object]]]:
    """Return the report's sentences on accuracy, and its findings on pairs; `logs` are by run."""
    for run, log in logs.items():
        path = set_dir / run / "eval" / "checkpoint-300" / "x.eval"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(log)
        os.utime(path, (1_795_417_400, 1_795_417_400))
    report(set_dir, recorded(set_dir.parent / "sacct.txt"))
    lines = (set_dir / "RESULTS.md").read_text().splitlines()
    found = json.loads((set_dir / "RESULTS.json").read_text())["findings"]
    label = "- **`capitalization/match/accuracy`:** "
    sentences = [line.removeprefix(label) for line in lines if line.startswith("- ") and "samples" in line]
    return sentences, [each["evidence"] for each in found if each["code"] == "evaluation_paired"]


def test_a_real_difference_is_beyond_chance(set_dir: Path) -> None:
    """All numbers stand in the sentence, and agree with scipy's."""
    a = drawn(0.7, 1)
    b = [(old or new) and n % 40 > 0 for n, (old, new) in enumerate(zip(a, drawn(0.3, 2), strict=True))]
    (sentence,), (evidence,) = told(set_dir, {"1B_rank4": answered(a), "1B_rank64": answered(b)})
    won = sum(new and not old for old, new in zip(a, b, strict=True))
    lost = sum(old and not new for old, new in zip(a, b, strict=True))
    assert (evidence["higher_b"], evidence["higher_a"]) == (won, lost)
    assert evidence["p_value"] == pytest.approx(stats.binomtest(lost, won + lost).pvalue, rel=1e-9)
    apart = (won - lost) / SAMPLES
    low, high = interval_of_shares(lost, won, SAMPLES)
    assert evidence["difference"] == pytest.approx(apart)
    assert (evidence["low"], evidence["high"]) == pytest.approx((low, high))
    assert sentence.startswith("tiny-1B: rank 64 was 1.1× higher than rank 4 (")
    assert sentence.endswith(
        f"; beyond chance of the samples (seeds aside): +{apart:.3g} (+{low:.2g} to +{high:.2g} at 95 %) on "
        f"500 shared, higher on {won}, lower on {lost}, McNemar p < 0.0001"
    )


def test_chance_is_called_so_with_its_numbers(set_dir: Path) -> None:
    """Five samples won and three lost are nothing."""
    a = [n >= 3 for n in range(50)]
    b = [n not in (10, 11, 12, 13, 14) for n in range(50)]
    (sentence,), _ = told(set_dir, {"1B_rank4": answered(a), "1B_rank64": answered(b)})
    assert sentence == (
        "tiny-1B: rank 4 was 4.4 % higher than rank 64 (0.94 vs 0.90, step 300); may be chance of the "
        "samples: +0.04 (-0.08 to +0.16 at 95 %) on 50 shared, higher on 5, lower on 3, McNemar p = 0.73"
    )


def test_only_shared_samples_are_used_and_counted(set_dir: Path) -> None:
    """The second run's samples begin at 101."""
    a, b = drawn(0.5, 1), drawn(0.9, 2)
    (sentence,), (evidence,) = told(set_dir, {"1B_rank4": answered(a), "1B_rank64": answered(b, first=101)})
    assert "on 400 shared of 500 each," in sentence
    assert (evidence["samples"], evidence["samples_a"], evidence["samples_b"]) == (400, 500, 500)
    assert evidence["higher_b"] == sum(new and not old for old, new in zip(a[100:], b, strict=False))


def test_other_scores_are_tested_by_their_differences(set_dir: Path) -> None:
    """Ratings from 1 to 5 of forty samples by the paired t test."""
    chance = random.Random(3)
    a = [chance.randint(1, 5) for _ in range(40)]
    b = [min(5, each + chance.randint(0, 2)) for each in a]
    logs = {
        run: eval_log(
            [sample(n, each, scores={"exact_match": {"value": each}}) for n, each in enumerate(rated)],
            header(sum(rated) / 40, metric="exact_match/mean", samples=40),
        )
        for run, rated in (("1B_rank4", a), ("1B_rank64", b))
    }
    (sentence,), (evidence,) = told(set_dir, logs)
    assert evidence["p_value"] == pytest.approx(stats.ttest_rel(b, a).pvalue, rel=1e-6)
    assert evidence["test"] == "paired_t"
    assert ", paired t p < 0.0001" in sentence


def test_other_data_is_not_paired(set_dir: Path) -> None:
    """Samples of the same numbers that ask something else are no samples of both."""
    right = drawn(0.7, 1)
    other = [sample(n, "C" if each else "I", input="else") for n, each in enumerate(drawn(0.72, 2), 1)]
    log = eval_log(other, header(0.72, samples=SAMPLES))
    sentences, found = told(set_dir, {"1B_rank4": answered(right), "1B_rank64": log})
    assert (sentences, found) == ([], [])
