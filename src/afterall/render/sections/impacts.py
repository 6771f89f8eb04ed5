"""Render what each varying parameter did to the quality of the runs, pair by pair."""

from collections.abc import Iterator, Sequence

from afterall.model import ComparedAt, Comparison, VaryingParameter
from afterall.render.composing import plain_listing
from afterall.render.escaping import Markdown
from afterall.render.page import Page
from afterall.render.sections.agreement import agree, agreeing
from afterall.render.sections.best import LAST_LOSS, MEAN_LOSS, TRAINING, VALIDATION, labelled, leading_loss
from afterall.render.sections.subsection import Block, Subsection
from afterall.render.sections.verdicts import bullet
from afterall.render.words.metrics import is_quality, metric_name
from afterall.render.words.parameters import followers

Group = tuple[list[str], list[Comparison]]
"""Metrics with the same numbers throughout, and their comparisons."""


def subsections(page: Page) -> Iterator[Subsection]:
    """Yield one subsection for each varying parameter with comparisons along it, the model last."""
    for parameter in sorted(page.varying, key=lambda parameter: parameter.name == "model"):
        pairs = [c for c in page.report.comparisons if c.parameter == parameter.name and is_quality(c.metric)]
        if not pairs:
            continue
        yield Subsection(_heading(parameter, page), tuple(_blocks(_by_metric(pairs, page), page)))


def _heading(parameter: VaryingParameter, page: Page) -> str:
    """Return whose effect is told: the parameter's, and that of those which always changed with it."""
    along = [page.names.phrase(name) for name in followers(parameter.name, parameter.moves_with)]
    heading = f"{page.names.title(parameter.name)} Impact"
    return f"{heading} ({plain_listing(along, 4)} changed with it)" if along else heading


def _blocks(groups: Sequence[Group], page: Page) -> list[Block]:
    """Return the comparisons by each metric in one list; training losses that only agree are folded below."""
    validation = next((own for metrics, own in groups if set(metrics) & VALIDATION), [])
    open_, folds = [], []
    for metrics, own in groups:
        is_asked_for = not set(metrics) <= TRAINING or any(m in page.settings.metrics for m in metrics)
        if is_asked_for or not agree(own, validation):
            open_.append(_bullet(metrics, own, page))
        else:
            heading = metric_name(metrics[0]).heading
            folds.append(Block(table=agreeing(heading, _bullet(metrics, own, page), own, validation)))
    return [Block(bullets=tuple(open_)), *folds]


def _by_metric(pairs: Sequence[Comparison], page: Page) -> list[Group]:
    """Return the comparisons of each metric; metrics with the same numbers throughout stand together.

    Of the last loss and the mean of the last steps' losses only one is told where they point the same way
    throughout: the mean where the runs are ranked by it.
    """
    by_metric: dict[str, list[Comparison]] = {}
    for pair in pairs:
        by_metric.setdefault(pair.metric, []).append(pair)
    if LAST_LOSS in by_metric and _signs(by_metric.get(MEAN_LOSS, [])) == _signs(by_metric[LAST_LOSS]):
        leading = leading_loss(page)
        by_metric.pop(LAST_LOSS if leading and leading.metric == MEAN_LOSS else MEAN_LOSS)
    groups: dict[tuple[object, ...], Group] = {}
    for metric, own in by_metric.items():
        numbers = tuple((c.a.experiment, c.b.experiment, *_numbers(c)) for c in own)
        groups.setdefault(numbers, ([], own))[0].append(metric)
    return list(groups.values())


def _numbers(c: Comparison) -> tuple[object, ...]:
    """Return what the sentence on a comparison rests on: the values, their errors and what samples say."""
    return (c.a.value, c.b.value, c.a.stderr, c.b.stderr, repr(c.pairs))


def _signs(pairs: Sequence[Comparison]) -> dict[tuple[str, str], bool]:
    return {(c.a.experiment, c.b.experiment): c.a.value < c.b.value for c in pairs}


def _bullet(metrics: Sequence[str], pairs: Sequence[Comparison], page: Page) -> Markdown:
    """Return the comparisons of one metric, those that differ in this parameter alone first."""
    ordered = sorted(pairs, key=lambda c: (c.compared_at is ComparedAt.NEITHER, len(c.confounders)))
    return bullet(labelled(metrics), ordered, page)
