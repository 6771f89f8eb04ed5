"""Tell what comparing two evaluations sample by sample shows: who scores higher, and what chance would do.

Invariant: a is the side of the lower setting, whatever order runs come in; the numbers are those of the
comparison's sentence.
"""

from collections.abc import Sequence

from afterall.analyse.findings.evidence import known
from afterall.model import Comparison, Finding, FindingCode, SamplePairs

MOST = 200
"""The first in order of the comparisons."""


def judge_pairs(comparisons: Sequence[Comparison]) -> list[Finding]:
    """Return a finding for each of the first comparisons whose samples were paired."""
    paired = [(comparison, comparison.pairs) for comparison in comparisons if comparison.pairs is not None]
    return [_finding(comparison, pairs) for comparison, pairs in paired[:MOST]]


def _finding(c: Comparison, pairs: SamplePairs) -> Finding:
    task, _, score = c.metric.partition("/")
    return Finding(
        code=FindingCode.EVALUATION_PAIRED,
        subject=task,
        evidence=known(
            {
                "score": score,
                "parameter": c.parameter,
                "a": ", ".join(c.a.experiments),
                "b": ", ".join(c.b.experiments),
                "test": pairs.test.value,
                "samples": pairs.samples,
                "samples_a": pairs.samples_a,
                "samples_b": pairs.samples_b,
                "higher_a": pairs.higher_a,
                "higher_b": pairs.higher_b,
                "difference": pairs.difference,
                "low": pairs.low,
                "high": pairs.high,
                "p_value": pairs.raw_p_value,
                "p_corrected": pairs.p_value,
                "comparisons": pairs.family,
            }
        ),
        sources=(c.a.source, c.b.source),
    )
