"""Evaluations that every run passes."""

import pytest

from afterall.analyse import analyse
from afterall.model import Finding, FindingCode
from analyse.analyse_made import evaluation, experiment, material


def saturated(*scores: float, metric: str = "match/accuracy") -> list[Finding]:
    """Return the findings on runs with these scores."""
    runs = [
        experiment(f"r{n}", evaluations=(evaluation(f"r{n}/1.eval", None, metrics={metric: score}),))
        for n, score in enumerate(scores)
    ]
    return [f for f in analyse(material(*runs)).findings if f.code is FindingCode.EVALUATION_SATURATED]


def test_an_evaluation_that_all_runs_pass_is_told() -> None:
    """With the score, its range and how many runs have it, and where the numbers were read."""
    (found,) = saturated(0.99, 1.0, 0.985)
    assert (found.subject, dict(found.evidence)) == (
        "capitalization",
        {"score": "match/accuracy", "lowest": 0.985, "highest": 1.0, "runs": 3},
    )
    assert [source.file for source in found.sources] == ["r0/1.eval", "r1/1.eval", "r2/1.eval"]


@pytest.mark.parametrize("scores", [(1.0,), (1.0, 0.9), (1.0, float("nan")), (99.0, 100.0)])
def test_others_are_not(scores: tuple[float, ...]) -> None:
    """One run, a run that fails, a number that is none, and a score in percent say nothing."""
    assert saturated(*scores) == []


def test_a_score_that_is_better_low_never_is() -> None:
    """A perplexity near 1 would be excellent, and is no sign of an easy task."""
    assert saturated(0.99, 1.0, metric="harness/perplexity") == []
