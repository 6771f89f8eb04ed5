"""Decide which source to believe where several speak of one metric, and notice contradictions.

The one table, read from the top; a later line decides only among what the earlier ones leave equal:

| asked for | 1st | 2nd | 3rd |
|---|---|---|---|
| any value | sources of the attempt that counts | known formats before guesses | |
| last value | furthest optimizer step | `Origin` | |
| whole curve | furthest optimizer step | most points | `Origin` |
| plan, runtime | `Origin` | | |
| progress | furthest | | |

Where two sources show different values at the same step, and neither's rounding explains it, that is a
finding.
"""

import math
from collections.abc import Callable, Iterable, Sequence

from msgspec import Struct

from afterall.model import Fact, Finding, FindingCode, Scalar, Source
from afterall.scan.curves import Curve
from afterall.scan.readings import Reading, Readings
from afterall.scan.traces import Origin, Trace


class Told(Struct, frozen=True):
    """One source's curve, its readings in order of their steps."""

    trace: Trace
    curve: Curve
    rows: Readings

    @property
    def reach(self) -> float:
        """The last optimizer step; less than any where steps are only rows, least where there are none."""
        last = self.rows[-1].step
        return last if last < 0 else (-0.5 if self.curve.counts_rows else last)

    @property
    def is_placed(self) -> bool:
        """True where steps are optimizer steps."""
        return self.reach >= 0

    def source(self, row: Reading) -> Source:
        """Return where one reading stands."""
        where = self.curve.where(row)
        return Source(self.trace.file, f"{where}, step {row.step}" if self.is_placed else where)


def told(traces: Iterable[Trace], key: str, steps_per_epoch: float | None) -> list[Told]:
    """Return every source's curve of one metric, guesses only where nobody else knows it."""
    found = []
    for trace in traces:
        curve = trace.curves.get(key)
        if curve is not None and len(curve):
            rows = curve.readings(trace.steps_per_epoch or steps_per_epoch)
            found.append(Told(trace, curve, rows))
    known = [one for one in found if one.trace.origin is not Origin.GUESS]
    return known or found


def for_last(sources: Sequence[Told]) -> Told:
    """Return the source whose last value counts."""
    return min(sources, key=lambda one: (-one.reach, one.trace.origin))


def for_curve(sources: Sequence[Told]) -> Told:
    """Return the source whose whole curve counts."""
    return min(sources, key=lambda one: (-one.reach, -len(one.rows), one.trace.origin))


def first_fact(traces: Iterable[Trace], name: str) -> Fact | None:
    """Return the fact of the most trustworthy source."""
    known = [trace for trace in traces if name in trace.facts]
    return min(known, key=lambda trace: trace.origin).facts[name] if known else None


def furthest_fact(facts: Iterable[Fact]) -> Fact | None:
    """Return the fact with the greatest number, the first of equal ones."""
    return max(facts, key=lambda fact: as_number(fact.value), default=None)


def as_number(value: Scalar) -> float:
    """Return a number for comparing, below all others where it is none."""
    if isinstance(value, bool) or not isinstance(value, int | float) or math.isnan(value):
        return -math.inf
    return float(value)


def contradictions(key: str, sources: Sequence[Told]) -> list[Finding]:
    """Return a finding for each source that says otherwise than the chosen one at the same step."""
    if len(sources) < 2:
        return []
    used = for_last(sources)
    return [
        finding
        for other in sources
        if other is not used and (finding := _contradiction(key, used, other)) is not None
    ]


def _contradiction(key: str, used: Told, other: Told) -> Finding | None:
    pairs = _pairs(used, other)
    differing = [(a, b) for a, b in pairs if not _agree(used.curve, a.value, other.curve, b.value)]
    if not differing:
        return None
    a, b = differing[-1]
    evidence: dict[str, Scalar] = {
        "metric": key,
        "a": a.value,
        "a_file": used.trace.file,
        "b": b.value,
        "b_file": other.trace.file,
        "differing": len(differing),
        "compared": len(pairs),
    }
    if a.step >= 0:
        evidence["step"] = a.step
    sources = (used.source(a), other.source(b))
    return Finding(code=FindingCode.SOURCES_DISAGREE, subject=key, evidence=evidence, sources=sources)


def _pairs(used: Told, other: Told) -> list[tuple[Reading, Reading]]:
    """Return readings of the same step; of a summary its last value, if it ends at the same step."""
    if used.is_placed and other.is_placed:
        by_step = {row.step: row for row in other.rows}
        return [(row, by_step[row.step]) for row in used.rows if row.step in by_step]
    ended = other.trace.facts.get("global_step")
    if used.is_placed and ended is not None and ended.value == used.rows[-1].step and len(other.rows) == 1:
        return [(used.rows[-1], other.rows[-1])]
    return []


def _agree(a_curve: Curve, a: float, b_curve: Curve, b: float) -> bool:
    if math.isnan(a) or math.isnan(b):
        return math.isnan(a) and math.isnan(b)
    if math.isinf(a) or math.isinf(b):
        return a == b
    return a_curve.rounding.allows(b, a) or b_curve.rounding.allows(a, b)


Pick = Callable[[Sequence[Told]], Told]
"""A line of the table: chooses among sources."""
