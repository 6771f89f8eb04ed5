"""Every comparison that the report states follows from the runs' numbers, sentence by sentence."""

import math
import re
from collections.abc import Callable
from statistics import fmean, stdev

import pytest

from claims.claims_comparing import Compared, all_compared, compared
from claims.claims_reading import Told
from claims.claims_report import labelled, numbers_in, prints, section, subsections, tokens
from claims.claims_seeds import hedges, holm, welch
from claims.claims_sets import COMPARED_SETS

ToldOf = Callable[[str], Told]
SEEDS = re.compile(
    r"p (?P<sign>[=<]) (?P<p>[\d.]+)(?: corrected for (?P<of>\d+) comparisons)?"
    r"(?:, (?P<apart>\S+) ± (?P<half>\S+) apart at 95 %)?"
    r"(?:, Hedges' g (?P<g>\S+))?\)"
)


@pytest.mark.parametrize("name", COMPARED_SETS)
def test_comparisons_are_found(name: str, told: ToldOf) -> None:
    """The sentences below are not passed over unseen: nearly every labelled bullet is a comparison."""
    found = list(all_compared(told(name)))
    assert len(found) >= 4
    bullets = [
        (label, sentence)
        for heading, body in subsections(section(told(name).report, "Key Findings")).items()
        for label, sentence in labelled(body)
        if label and heading.endswith("Impact")
    ]
    unread = [sentence for label, sentence in bullets if compared(told(name), label, sentence) is None]
    known = r".* (in \d+ of \d+ comparisons|stood at .* not at the same point of training).*"
    assert [sentence for sentence in unread if not re.fullmatch(known, sentence)] == []


@pytest.mark.parametrize("name", COMPARED_SETS)
def test_both_numbers_are_those_of_the_runs(name: str, told: ToldOf) -> None:
    """Each side's value is its run's, or the mean of its runs, with their standard deviation and number."""
    for sentence, pair in all_compared(told(name)):
        for side in (pair.first, pair.second):
            assert len(side.values) == side.n, sentence
            assert side.value.is_of(fmean(side.values)), sentence
            if side.sd is not None:
                spread = stdev(side.values) if side.n > 1 else side.spread
                assert spread is not None, sentence
                assert side.sd.is_of(spread), sentence


@pytest.mark.parametrize("name", COMPARED_SETS)
def test_direction_and_ratio_follow_from_the_numbers(name: str, told: ToldOf) -> None:
    """Lower is lower, faster takes less time, and the factor or percentage is that of the two numbers."""
    for sentence, pair in all_compared(told(name)):
        first, second = fmean(pair.first.values), fmean(pair.second.values)
        if pair.how is None:
            continue
        assert (first < second) == (pair.word in ("lower", "faster")), sentence
        low, high = sorted((first, second))
        share = high / low if pair.kind == "×" else 100 * abs(first - second) / second
        assert pair.how.is_of(share), (sentence, share)
        assert (pair.kind == "×") == (high / low >= 1.1), sentence


@pytest.mark.parametrize("name", COMPARED_SETS)
def test_values_are_of_the_step_that_is_named(name: str, told: ToldOf) -> None:
    """Both sides' runs were at the same step."""
    for sentence, pair in all_compared(told(name)):
        if pair.step is not None:
            runs = [*pair.first.runs, *pair.second.runs]
            steps = {told(name).run(run)["metrics"]["global_step"]["value"] for run in runs}
            assert steps == {pair.step}, sentence


@pytest.mark.parametrize("name", COMPARED_SETS)
def test_summaries_count_the_comparisons(name: str, told: ToldOf) -> None:
    """What is said to be lower in 2 of 2 comparisons is so in those below it."""
    for heading, body in subsections(section(told(name).report, "Key Findings")).items():
        bullets = list(labelled(body)) if heading.endswith("Impact") else []
        for label, sentence in bullets:
            found = re.match(
                r"(?P<who>.+) was (?P<word>\w+) in (?P<n>\d+) of (?P<of>\d+) comparisons", sentence
            )
            if found:
                pairs = [
                    c for each, text in bullets if each == label and (c := compared(told(name), each, text))
                ]
                so = [c for c in pairs if c.word == found["word"] and found["who"] in (c.a, c.b)]
                won = [c for c in so if c.a == found["who"]]
                assert (int(found["n"]), int(found["of"])) == (len(won), len(pairs)), sentence


@pytest.mark.parametrize("name", COMPARED_SETS)
def test_what_is_folded_agrees(name: str, told: ToldOf) -> None:
    """A training loss or rate behind a fold goes, pair by pair, the way of the loss or time above it."""
    for body in subsections(section(told(name).report, "Key Findings")).values():
        for fold in re.findall(
            r"<summary>.*: agrees(?: in \w+(?: \d+)? comparisons)?(?:;.*)?</summary>", body
        ):
            shown, _, rest = body.partition(fold)
            hidden = rest.partition("</details>")[0]
            above, below = (ways(told(name), part) for part in (shown, hidden))
            assert below
            assert below.items() <= above.items(), fold
            number = re.search(r"all (\d+) comparisons", fold)
            many = int(number[1]) if number else 2 if "both" in fold else 1
            assert len(below) == many or (len(below) < many and "within 1 % of each other" in hidden)


def ways(report: Told, text: str) -> dict[frozenset[str], str]:
    """Return which side each comparison of a text prefers, "" for a tie, by the runs of both sides."""
    found = {}
    for label, sentence in labelled(text):
        pair = compared(report, label, sentence)
        if pair is not None and "/accuracy" not in pair.metric:
            found[frozenset([*pair.first.runs, *pair.second.runs])] = pair.a if pair.how else ""
    return found


@pytest.mark.parametrize("name", COMPARED_SETS)
def test_verdicts_follow_from_seeds(name: str, told: ToldOf) -> None:
    """Tie, chance or effect, p-value (by Holm over a metric's pairs), interval and Hedges' g are theirs."""
    by_metric: dict[str, list[tuple[str, Compared]]] = {}
    for sentence, pair in all_compared(told(name)):
        if pair.first.n > 1 and pair.second.n > 1:
            by_metric.setdefault(pair.metric, []).append((sentence, pair))
    for pairs in by_metric.values():
        corrected = holm([welch(pair.first.values, pair.second.values)[0] for _, pair in pairs])
        for (sentence, pair), p_value in zip(pairs, corrected, strict=True):
            _, half = welch(pair.first.values, pair.second.values)
            is_tie = abs(fmean(pair.first.values) - fmean(pair.second.values)) <= half
            assert is_tie == (pair.verdict == "tie"), sentence
            found = SEEDS.search(pair.rest)
            assert (found is None) == is_tie, sentence
            if found:
                assert ("may be chance of the seeds" in pair.rest) == (p_value > 0.05), sentence
                assert found["of"] is None or int(found["of"]) == len(pairs), sentence
                assert prints(found["p"], p_value) or (found["sign"] == "<" and p_value < float(found["p"]))
                assert prints(found["apart"], fmean(pair.first.values) - fmean(pair.second.values)), sentence
                assert prints(found["half"], half), (sentence, half)
                assert prints(found["g"], hedges(pair.first.values, pair.second.values)), sentence


@pytest.mark.parametrize("name", COMPARED_SETS)
def test_what_samples_say_is_what_the_finding_says(name: str, told: ToldOf) -> None:
    """Each number of a comparison sample by sample is evidence of the finding on these two runs."""
    for sentence, pair in all_compared(told(name)):
        if "/accuracy" not in pair.metric:
            continue
        runs = {*pair.first.runs, *pair.second.runs}
        (finding,) = [
            each for each in told(name).findings
            if each["code"] == "evaluation_paired" and {each["evidence"]["a"], each["evidence"]["b"]} == runs
        ]  # fmt: skip
        evidence = finding["evidence"]
        facts = [*numbers_in(evidence), 0.95]
        assert [t.text for t in tokens(pair.rest) if not any(map(t.is_of, facts))] == [], sentence
        apart = fmean(pair.second.values) - fmean(pair.first.values)
        assert math.isclose(abs(evidence["difference"]), abs(apart)), sentence
        is_doubtful = evidence["p_corrected"] > 0.05
        assert ("may be chance" in pair.rest, "beyond chance" in pair.rest) == (is_doubtful, not is_doubtful)
