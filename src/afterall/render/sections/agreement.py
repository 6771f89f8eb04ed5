"""Tell where comparisons by one measure go the way of another's, pair by pair, and fold what they repeat.

Invariant: only what agrees throughout is folded: a pair that goes the other way, or that the other measure
does not have, is told in full. The fold holds what would stand there, and says in how many pairs it agrees.
"""

from collections.abc import Sequence

from afterall.model import ComparedAt, Comparison, Direction
from afterall.render.escaping import Markdown
from afterall.render.folding import fold
from afterall.render.sections.comparing import are_points_known

Runs = tuple[tuple[str, ...], tuple[str, ...]]

ALIKE = 0.01
"""Relative difference up to which two costs are told as the same."""


def is_alike(comparison: Comparison) -> bool:
    """Tell whether two sides cost the same as far as anybody cares."""
    a, b = comparison.a.value, comparison.b.value
    return abs(a - b) <= ALIKE * max(abs(a), abs(b))


def agree(own: Sequence[Comparison], others: Sequence[Comparison], *, of_cost: bool = False) -> bool:
    """Tell whether each comparison of `own` that claims anything goes the way of its pair in `others`.

    Of costs, what is nearly the same claims nothing.
    """
    ways = {_runs(c): _way(c, of_cost=of_cost) for c in others if _claims(c)}
    claiming = [c for c in own if _claims(c)]
    paired = [c for c in claiming if _runs(c) in ways]
    if not paired or any(c not in paired and not (of_cost and is_alike(c)) for c in claiming):
        return False
    return all((way := _way(c, of_cost=of_cost)) is not None and way == ways[_runs(c)] for c in paired)


def agreeing(
    heading: str,
    told: Markdown,
    own: Sequence[Comparison],
    others: Sequence[Comparison],
) -> Markdown:
    """Return the sentences `told` behind a fold that says in how many pairs they agree with `others`."""
    known = {_runs(c) for c in others if _claims(c)}
    paired = [c for c in own if _claims(c) and _runs(c) in known]
    many = {1: "", 2: " in both comparisons"}.get(len(paired), f" in all {len(paired)} comparisons")
    apart = [c for c in own if not _claims(c)]
    points = "different" if all(map(are_points_known, apart)) else "different or unknown"
    more = f"; {len(apart)} more at {points} points of training" if apart else ""
    return fold(Markdown(f"- {told}"), f"{heading}: agrees{many}{more}")


def _claims(c: Comparison) -> bool:
    return c.compared_at is not ComparedAt.NEITHER


def _runs(c: Comparison) -> Runs:
    return (c.a.experiments or (c.a.experiment,), c.b.experiments or (c.b.experiment,))


def _way(c: Comparison, *, of_cost: bool) -> int | None:
    """Return 1 where b is better, -1 where a is, 0 where they tie; None where nobody knows what is better."""
    if c.within_noise or c.a.value == c.b.value or (of_cost and is_alike(c)):
        return 0
    if c.direction is Direction.UNKNOWN:
        return None
    return 1 if (c.b.value > c.a.value) is (c.direction is Direction.UP) else -1
