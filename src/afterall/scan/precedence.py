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
from afterall.scan.curves import Curve, Rounding
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
    ours, theirs = _of_equal_steps(used, other)
    differing = _differing(ours, used.curve.rounding, theirs, other.curve.rounding)
    if not differing:
        return None
    a, b = ours[differing[-1]], theirs[differing[-1]]
    evidence: dict[str, Scalar] = {
        "metric": key,
        "a": a.value,
        "a_file": used.trace.file,
        "b": b.value,
        "b_file": other.trace.file,
        "differing": len(differing),
        "compared": len(ours),
    }
    if a.step >= 0:
        evidence["step"] = a.step
    sources = (used.source(a), other.source(b))
    return Finding(code=FindingCode.SOURCES_DISAGREE, subject=key, evidence=evidence, sources=sources)


def _of_equal_steps(used: Told, other: Told) -> tuple[Readings, Readings]:
    """Return both sources' readings at the same steps; of a summary its last, if it ends at the same step."""
    if used.is_placed and other.is_placed:
        if used.rows.steps == other.rows.steps:
            return used.rows, other.rows
        by_step = {row.step: row for row in other.rows}
        shared = used.rows.among([step in by_step for step in used.rows.steps])
        return shared, Readings.of(by_step[step] for step in shared.steps)
    ended = other.trace.facts.get("global_step")
    if used.is_placed and ended is not None and ended.value == used.rows[-1].step and len(other.rows) == 1:
        return used.rows[-1:], other.rows
    return used.rows[:0], other.rows[:0]


def _differing(ours: Readings, our: Rounding, theirs: Readings, their: Rounding) -> list[int]:
    """Return at which places the values differ by more than the way in which either is rounded explains."""
    both = zip(ours.values, theirs.values, strict=True)
    if ours.not_finite or theirs.not_finite:
        return [at for at, (a, b) in enumerate(both) if not _agree(a, our, b, their)]
    (fixed, scaled), (other_fixed, other_scaled) = our.slack, their.slack
    return [
        at
        for at, (a, b) in enumerate(both)
        if (apart := abs(a - b)) > fixed + scaled * abs(b) and apart > other_fixed + other_scaled * abs(a)
    ]


def _agree(a: float, our: Rounding, b: float, their: Rounding) -> bool:
    if math.isnan(a) or math.isnan(b):
        return math.isnan(a) and math.isnan(b)
    if math.isinf(a) or math.isinf(b):
        return a == b
    return our.allows(b, a) or their.allows(a, b)


Pick = Callable[[Sequence[Told]], Told]
"""A line of the table: chooses among sources."""
