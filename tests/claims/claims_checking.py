"""Hold a finding's evidence against what its checker computed anew.

A checker takes a report and one of its findings, and returns the whole evidence as it follows from other
facts; what it cannot know it leaves out. Numbers are never left out.
"""

import math
from collections.abc import Callable, Mapping

from claims.claims_reading import Json, Told

Value = str | int | float | bool | None
Facts = Mapping[str, Value]
Checker = Callable[[Told, Json], Facts]


def differences(evidence: Facts, computed: Facts) -> list[str]:
    """Return how evidence and computed facts differ, a line each; numbers that nobody computed too."""
    told = []
    for key in sorted({*evidence, *computed}):
        stated, anew = evidence.get(key), computed.get(key)
        if key not in computed:
            if isinstance(stated, int | float) and not isinstance(stated, bool):
                told.append(f"{key} = {stated!r} rests on nothing")
        elif not _same(stated, anew):
            told.append(f"{key} is {stated!r}, computed {anew!r}")
    return told


def _same(stated: Value, anew: Value) -> bool:
    if isinstance(stated, bool) or isinstance(anew, bool):
        return stated is anew
    if isinstance(stated, float) or isinstance(anew, float):
        if not isinstance(stated, int | float) or not isinstance(anew, int | float):
            return False
        return math.isclose(stated, anew, rel_tol=1e-9, abs_tol=1e-12)
    return stated == anew


def known(facts: Facts) -> Facts:
    """Return facts without those that nobody knows."""
    return {key: value for key, value in facts.items() if value is not None and value != ""}


def no_facts(_: Told, __: Json) -> Facts:
    """Check a finding that states no number and rests on nothing else."""
    return {}
