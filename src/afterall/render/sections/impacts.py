"""Render what each varying parameter did to the quality of the runs, pair by pair."""

from collections.abc import Iterator, Sequence

from afterall.model import ComparedAt, Comparison
from afterall.render.composing import listing, md
from afterall.render.escaping import text
from afterall.render.page import Page
from afterall.render.sections.best import LAST_LOSS, MEAN_LOSS, labelled
from afterall.render.sections.comparing import bullets, summary
from afterall.render.sections.subsection import Block, Subsection
from afterall.render.words.metrics import is_quality
from afterall.render.words.parameters import followers


def subsections(page: Page) -> Iterator[Subsection]:
    """Yield one subsection for each varying parameter with comparisons along it, the model last."""
    for parameter in sorted(page.varying, key=lambda parameter: parameter.name == "model"):
        pairs = [c for c in page.report.comparisons if c.parameter == parameter.name and is_quality(c.metric)]
        if not pairs:
            continue
        blocks: list[Block] = []
        along = [text(page.names.phrase(name)) for name in followers(parameter.name, parameter.moves_with)]
        if along:
            form = "{} changed with it throughout: what follows is the effect of both."
            blocks.append(Block(text=md(form, listing(along, 4))))
        blocks += [_block(metrics, own, page) for metrics, own in _by_metric(pairs)]
        yield Subsection(f"{page.names.title(parameter.name)} Impact", tuple(blocks))


def _by_metric(pairs: Sequence[Comparison]) -> list[tuple[list[str], list[Comparison]]]:
    """Return the comparisons of each metric; metrics with the same numbers throughout stand together.

    The mean of the last steps' losses is left out where it points the same way as the last loss throughout.
    """
    by_metric: dict[str, list[Comparison]] = {}
    for pair in pairs:
        by_metric.setdefault(pair.metric, []).append(pair)
    if LAST_LOSS in by_metric and _signs(by_metric.get(MEAN_LOSS, [])) == _signs(by_metric[LAST_LOSS]):
        by_metric.pop(MEAN_LOSS)
    groups: dict[tuple[object, ...], tuple[list[str], list[Comparison]]] = {}
    for metric, own in by_metric.items():
        numbers = tuple((c.a.experiment, c.b.experiment, c.a.value, c.b.value) for c in own)
        groups.setdefault(numbers, ([], own))[0].append(metric)
    return list(groups.values())


def _signs(pairs: Sequence[Comparison]) -> dict[tuple[str, str], bool]:
    return {(c.a.experiment, c.b.experiment): c.a.value < c.b.value for c in pairs}


def _block(metrics: Sequence[str], pairs: Sequence[Comparison], page: Page) -> Block:
    """Return the comparisons of one metric, those that differ in this parameter alone first."""
    ordered = sorted(pairs, key=lambda c: (c.compared_at is ComparedAt.NEITHER, len(c.confounders)))
    overall = summary(pairs, page)
    lines = (*([overall] if overall else []), *bullets(ordered, page))
    return Block(label=md("{}:", labelled(metrics)), bullets=lines)
