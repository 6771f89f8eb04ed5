"""Render the report's first conclusion: which setting is best, and how far that can be believed.

Invariant: settings that ran more than once stand as their mean ± standard deviation (n); only finished runs
with a finite number count; what replicates do not show is not claimed.
"""

import math
import statistics
from collections.abc import Iterator, Sequence

from msgspec import Struct

from afterall.model import Comparison, Direction, FindingCode, Ranking, Replicates
from afterall.render.composing import joined, listing, md, plural
from afterall.render.escaping import Markdown, text
from afterall.render.page import Page
from afterall.render.sections.best import finished_in, labelled
from afterall.render.sections.comparing import corrected, is_tie
from afterall.render.sections.sampling import chance

MOST_SETTINGS = 3
_TIE = Markdown("; the two tie, replicates differ as much")


class Contender(Struct, frozen=True):
    """A run, or the replicates of a setting: what it is called, its number, and its runs."""

    label: Markdown
    value: float
    runs: tuple[str, ...]
    sd: float | None = None
    lost: int = 0
    """Replicates that diverged and count in no mean."""


def headline(page: Page) -> Markdown:
    """Return who is best by the first measure of quality, and whether that can be believed; "" for none."""
    for ranking in page.by_quality:
        if len(finished_in(ranking)) > 1:
            return md("{}: {}", labelled([ranking.metric]), _told(page, ranking))
    return Markdown("")


def _told(page: Page, ranking: Ranking) -> Markdown:
    sign = -1 if ranking.direction is Direction.UP else 1
    ordered = sorted(_contenders(page, ranking), key=lambda one: sign * one.value)
    first = [one for one in ordered if one.value == ordered[0].value]
    words = _number(page, ranking, first[0])
    if len(first) > 1:
        bold = [md("**{}**", one.label) for one in first]
        return md("{} are equal ({}){}", listing(bold, 6), words, _without_noise(page, ranking))
    told = md("**{}** ({})", first[0].label, words)
    if len(ordered) == 1:
        return told
    second = ordered[1]
    told = md("{}, then {} ({})", told, second.label, _number(page, ranking, second))
    return md("{}{}", told, _belief(page, ranking, first[0], second))


def _contenders(page: Page, ranking: Ranking) -> Iterator[Contender]:
    finished = finished_in(ranking)
    told: set[str] = set()
    for group in page.report.replicates:
        runs = tuple(name for name in finished if name in group.experiments)
        values = [ranking.values[name] for name in runs]
        if len(runs) > 1 and math.isfinite(sum(values)):
            told.update(runs)
            label = _label(page, group, finished)
            mean, sd = statistics.fmean(values), statistics.stdev(values)
            yield Contender(label, mean, runs, sd, _diverged(ranking, group))
    for name in finished:
        if name not in told:
            groups = [group for group in page.report.replicates if name in group.experiments]
            lost = sum(_diverged(ranking, group) for group in groups)
            yield Contender(text(name), ranking.values[name], (name,), lost=lost)


def _diverged(ranking: Ranking, group: Replicates) -> int:
    return sum(not math.isfinite(ranking.values.get(name, 0.0)) for name in group.experiments)


def _label(page: Page, group: Replicates, finished: Sequence[str]) -> Markdown:
    """Return the settings that tell a group from the other finished runs, its runs' names where none does."""
    telling = [
        parameter.name
        for parameter in page.varying
        if len({repr(parameter.by_experiment.get(name)) for name in finished}) > 1
    ]
    shown = [page.setting(name, group.settings[name]) for name in telling if name in group.settings]
    if not shown or len(shown) > MOST_SETTINGS:
        return listing([text(name) for name in group.experiments], 3)
    return joined(shown)


def _number(page: Page, ranking: Ranking, one: Contender) -> Markdown:
    value = page.digits.write(ranking.metric, one.value)
    if one.sd is None:
        return md("{}; {} of it diverged", value, plural(one.lost, "repeat")) if one.lost else text(value)
    spread = page.digits.write_spread(ranking.metric, one.sd)
    lost = md(", {} diverged", one.lost) if one.lost else Markdown("")
    return md("{} ± {}, n = {}{}", value, spread, len(one.runs), lost)


def _belief(page: Page, ranking: Ranking, first: Contender, second: Contender) -> Markdown:
    """Return how far the order may be chance, as far as replicates tell."""
    compared = _compared(page, ranking, first, second)
    if compared is not None and compared.within_noise is not None and compared.p_value is not None:
        if is_tie(compared):
            return _TIE
        if compared.within_noise:
            return md("; may be chance of the seeds ({})", corrected(compared, page))
        return md("; more than seeds alone explain ({})", chance(compared.p_value))
    if any(name in ranking.tied_with_best for name in second.runs):
        return _TIE
    return _without_noise(page, ranking)


def _without_noise(page: Page, ranking: Ranking) -> Markdown:
    if ranking.noise_sd is not None:
        return Markdown("")
    may_repeat = any("runs" in found.evidence for found in page.findings(FindingCode.ONE_SEED))
    why = "nothing was repeated with another known seed" if may_repeat else "nothing was repeated"
    return md("; {}, so it may be chance", why)


def _compared(page: Page, ranking: Ranking, first: Contender, second: Contender) -> Comparison | None:
    """Return the report's own comparison of these two, whichever side they stand on."""
    wanted = {frozenset(first.runs), frozenset(second.runs)}
    for c in page.report.comparisons:
        if c.metric == ranking.metric and {frozenset(c.a.experiments), frozenset(c.b.experiments)} == wanted:
            return c
    return None
