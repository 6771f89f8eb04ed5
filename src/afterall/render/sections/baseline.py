"""Render how every run compares with the one that the set's settings call the baseline.

Invariant: a difference is told only for the same point of training; what else differs stands beside it.
"""

import math
from collections.abc import Iterator

from afterall.model import ComparedAt, Comparison, Direction, Ranking, Scalar
from afterall.render.composing import joined, listing, md
from afterall.render.escaping import Markdown, text
from afterall.render.page import Page
from afterall.render.sections.best import labelled
from afterall.render.sections.comparing import chance, sampling_error
from afterall.render.sections.subsection import Block, Subsection
from afterall.render.tables import Column, table
from afterall.render.words.metrics import is_quality, metric_name
from afterall.render.words.numbers import number, percent
from afterall.render.words.parameters import cell, phrase

MOST_RUNS = 30
MOST_SETTINGS = 4


def subsections(page: Page) -> Iterator[Subsection]:
    """Yield one subsection where the settings name a baseline."""
    name = page.settings.baseline
    if name is None:
        return
    held = page.report.against_baseline
    ranking = next((r for r in page.report.rankings if is_quality(r.metric)), None)
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
    side = compared[0].a
    runs = listing([text(run) for run in side.experiments], 6)
    value = page.digits.write(ranking.metric, side.value)
    better = "higher" if ranking.direction is Direction.UP else "lower"
    mean = md(" (mean of {})", side.n) if side.n > 1 else Markdown("")
    yield Block(
        text=md("{}: {} of {}{}; {} is better.", labelled([ranking.metric]), value, runs, mean, better)
    )
    columns = [
        Column(Markdown("Experiment")),
        Column(Markdown("Differs In")),
        Column(text(metric_name(ranking.metric).header), is_number=True),
        Column(Markdown("Difference"), is_number=True),
        Column(Markdown("Belief")),
    ]
    yield Block(table=table(columns, [_row(c, page) for c in compared[:MOST_RUNS]]))
    if len(compared) > MOST_RUNS:
        yield Block(text=md("… and {} more.", len(compared) - MOST_RUNS))
    seen = {name for c in compared for side in (c.a, c.b) for name in side.experiments}
    left = [text(e.name) for e in page.report.experiments if e.name not in seen]
    if left:
        form = "Not compared, for want of a finite number or of a known difference: {}."
        yield Block(text=md(form, listing(left, 6)))


def _row(c: Comparison, page: Page) -> list[Markdown]:
    mean = md(" (mean of {})", c.b.n) if c.b.n > 1 else Markdown("")
    return [
        md("{}{}", listing([text(name) for name in c.b.experiments], 3), mean),
        _differences(c, page),
        text(page.digits.write(c.metric, c.b.value)),
        _difference(c, page),
        _belief(c),
    ]


def _differences(c: Comparison, page: Page) -> Markdown:
    """Return every setting that differs, the baseline's in brackets."""
    differing = [(c.parameter, c.a.setting, c.b.setting), *c.confounders]
    told = [_differing(page, *each) for each in differing]
    more = [md("{} more", len(told) - MOST_SETTINGS)] if len(told) > MOST_SETTINGS else []
    return joined([*told[:MOST_SETTINGS], *more])


def _differing(page: Page, name: str, a: Scalar, b: Scalar) -> Markdown:
    if name == "model":
        a, b = (page.models.get(v, v) if isinstance(v, str) else v for v in (a, b))
    return md("{} {} ({})", phrase(name), cell(b), cell(a))


def _difference(c: Comparison, page: Page) -> Markdown:
    """Return the difference to the baseline, and as a share of it where both are positive."""
    if c.compared_at is ComparedAt.NEITHER:
        return Markdown("not at the same step")
    apart = c.b.value - c.a.value
    sign = Markdown("−" if apart < 0 else "+" if apart > 0 else "")
    told = page.digits.write(c.metric, abs(apart))
    if c.a.value > 0 and c.b.value > 0 and math.isfinite(apart / c.a.value):
        return md("{}{} ({}{})", sign, told, sign, percent(abs(apart) / c.a.value))
    return md("{}{}", sign, told)


def _belief(c: Comparison) -> Markdown:
    if c.compared_at is ComparedAt.NEITHER:
        return Markdown("no claim")
    error = sampling_error(c)
    if error is not None:
        return md("may be chance: ±{} by its samples", number(error, 2))
    if c.within_noise is None:
        return Markdown("one seed")
    if c.within_noise:
        return Markdown("a tie within noise")
    return Markdown("beyond noise") if c.p_value is None else chance(c.p_value)
