"""Render how every run compares with the one that the set's settings call the baseline.

Invariant: a difference is told only for the same point of training; what else differs stands beside it.
"""

import math
from collections.abc import Iterator

from afterall.model import ComparedAt, Comparison, Direction, Ranking, Scalar, Side
from afterall.render.composing import joined, listing, md
from afterall.render.escaping import Markdown, text
from afterall.render.folding import folded
from afterall.render.page import Page
from afterall.render.sections.best import labelled
from afterall.render.sections.comparing import are_points_known, is_tie
from afterall.render.sections.sampling import belief_by_samples, chance
from afterall.render.sections.subsection import Block, Subsection
from afterall.render.tables import Column, table
from afterall.render.words.metrics import metric_name
from afterall.render.words.numbers import percent

MOST_SETTINGS = 4


def subsections(page: Page) -> Iterator[Subsection]:
    """Yield one subsection where the settings name a baseline."""
    name = page.settings.baseline
    if name is None:
        return
    held = page.report.against_baseline
    ranking = page.deciding
    if ranking is None or not held:
        yield Subsection("Against the Baseline", (Block(text=_nothing(name)),))
        return
    compared = sorted(
        (c for c in held if c.metric == ranking.metric), key=lambda c: _place(c.b.experiment, ranking)
    )
    yield Subsection("Against the Baseline", tuple(_blocks(name, ranking, compared, page)))


def _nothing(name: str) -> Markdown:
    form = (
        "{} can be compared with no other run: it has no finite number, or none differs in a known parameter."
    )
    return md(form, name)


def _place(name: str, ranking: Ranking) -> int:
    return ranking.order.index(name) if name in ranking.order else len(ranking.order)


def _blocks(name: str, ranking: Ranking, compared: list[Comparison], page: Page) -> Iterator[Block]:
    if not compared:
        yield Block(text=md("{} has no {} to compare with.", name, labelled([ranking.metric])))
        return
    yield Block(text=_told(compared[0].a, ranking, page))
    yield Block(table=_table(ranking, compared, page))
    seen = {run for c in compared for side in (c.a, c.b) for run in side.experiments}
    left = [text(e.name) for e in page.report.experiments if e.name not in seen]
    if left:
        form = "Not compared, for want of a finite number or of a known difference: {}."
        yield Block(text=md(form, listing(left, 6)))


def _told(side: Side, ranking: Ranking, page: Page) -> Markdown:
    """Return the baseline's own number, whose it is, and which way is better."""
    label, value = labelled([ranking.metric]), page.digits.write(ranking.metric, side.value)
    runs = listing([text(run) for run in side.experiments], 6)
    better = "higher" if ranking.direction is Direction.UP else "lower"
    return md("{}: {} of {}{}; {} is better.", label, value, runs, _mean(side), better)


def _table(ranking: Ranking, compared: list[Comparison], page: Page) -> Markdown:
    columns = [
        Column(Markdown("Experiment")),
        Column(Markdown("Differs In")),
        Column(text(metric_name(ranking.metric).header), is_number=True),
        Column(Markdown("Difference"), is_number=True),
        Column(Markdown("Belief")),
    ]
    words = f"All {len(compared)} that are compared with the baseline"
    return folded(table(columns, [_row(c, page) for c in compared]), len(compared), words)


def _mean(side: Side) -> Markdown:
    return md(" (mean of {})", side.n) if side.n > 1 else Markdown("")


def _row(c: Comparison, page: Page) -> list[Markdown]:
    return [
        md("{}{}", listing([text(name) for name in c.b.experiments], 3), _mean(c.b)),
        _differences(c, page),
        text(page.digits.write(c.metric, c.b.value)),
        _difference(c, page),
        _belief(c),
    ]


def _differences(c: Comparison, page: Page) -> Markdown:
    """Return every setting that differs, the baseline's in brackets."""
    differing = [(c.parameter, c.a.setting, c.b.setting), *c.confounders]
    told = [_differing(page, c, *each) for each in differing]
    more = [md("{} more", len(told) - MOST_SETTINGS)] if len(told) > MOST_SETTINGS else []
    return joined([*told[:MOST_SETTINGS], *more])


def _differing(page: Page, c: Comparison, name: str, a: Scalar, b: Scalar) -> Markdown:
    told = page.value_of(name, b, c.b.experiment), page.value_of(name, a, c.a.experiment)
    return md("{} {} ({})", page.names.phrase(name), *told)


def _difference(c: Comparison, page: Page) -> Markdown:
    """Return the difference to the baseline, and as a share of it where both are positive."""
    if c.compared_at is ComparedAt.NEITHER:
        return Markdown("not at the same step" if are_points_known(c) else "not known to be at the same step")
    apart = c.b.value - c.a.value
    told = page.digits.write_difference(c.metric, apart)
    if c.a.value > 0 and c.b.value > 0 and math.isfinite(apart / c.a.value):
        sign = "-" if apart < 0 else "+" if apart > 0 else ""
        return text(f"{told} ({sign}{percent(apart / c.a.value)})")
    return text(told)


def _belief(c: Comparison) -> Markdown:
    if c.compared_at is ComparedAt.NEITHER:
        return Markdown("no claim")
    if by_samples := belief_by_samples(c):
        return by_samples
    if c.within_noise is None:
        return Markdown("one seed")
    if is_tie(c):
        return Markdown("a tie within noise")
    if c.p_value is None:
        return Markdown("beyond noise")
    return md("may be chance: {}", chance(c.p_value)) if c.within_noise else chance(c.p_value)
