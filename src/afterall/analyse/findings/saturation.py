"""Find evaluations that every run passes: they tell runs apart no more.

Only scores that are better high and end at 1, as an accuracy does. Invariant: one run's score says nothing of
the evaluation, and neither does one that some runs fail.
"""

import math
from collections.abc import Sequence

from afterall.analyse.measures import Measure
from afterall.model import Direction, Experiment, Finding, FindingCode

PASSED = 0.98


def judge_scores(experiments: Sequence[Experiment], measures: Sequence[Measure]) -> list[Finding]:
    """Return a finding for each task and score that all runs which have it pass."""
    found = []
    for measure in measures:
        task, _, score = measure.name.partition("/")
        readings = [reading for run in experiments if (reading := measure.read(run)) is not None]
        values = [reading.value for reading in readings]
        if not score or measure.direction is not Direction.UP or len(values) < 2:
            continue
        if all(map(math.isfinite, values)) and PASSED <= min(values) <= max(values) <= 1:
            found.append(
                Finding(
                    code=FindingCode.EVALUATION_SATURATED,
                    subject=task,
                    evidence={
                        "score": score,
                        "lowest": min(values),
                        "highest": max(values),
                        "runs": len(values),
                    },
                    sources=tuple(reading.source for reading in readings[:6]),
                )
            )
    return found
