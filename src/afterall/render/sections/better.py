"""Render which checkpoints a score prefers to the last one of their run, and how far that can be believed."""

from afterall.model import BetterCheckpoint
from afterall.render.composing import md, plural
from afterall.render.escaping import Markdown, code
from afterall.render.page import Page
from afterall.render.sections.sampling import TESTS, chance
from afterall.render.words.metrics import metric_name
from afterall.settings import RESULTS_JSON

MOST = 4


def better_checkpoints(page: Page) -> list[Markdown]:
    """Return a sentence for each of the first such checkpoints, and how many more there are."""
    found = page.report.better_checkpoints
    told = [_sentence(one, page) for one in found[:MOST]]
    if len(found) > MOST:
        more = plural(len(found) - MOST, "more run has", "more runs have")
        told.append(md("… and {} such a checkpoint, named under Next Steps and in {}.", more, RESULTS_JSON))
    return told


def _sentence(one: BetterCheckpoint, page: Page) -> Markdown:
    """Return "a: checkpoint `epoch_1` scored 0.95 by `task/match/accuracy`, the last (`epoch_2`) 0.65; …"."""
    return md(
        "{}: checkpoint {:code} scored {} by {}, the last ({:code}) {}; beyond chance of the samples ({}).",
        one.experiment,
        one.checkpoint,
        page.digits.write(one.metric, one.value),
        code(metric_name(one.metric).phrase),
        one.last,
        page.digits.write(one.metric, one.last_value),
        _evidence(one),
    )


def _evidence(one: BetterCheckpoint) -> Markdown:
    """Return "McNemar p = 0.0018 on 200 shared", or that standard errors tell."""
    family = Markdown(f" corrected for {one.family} comparisons" if one.family > 1 else "")
    if one.pairs is None:
        return md("by both standard errors {}{}", chance(one.p_value), family)
    return md("{} {} on {} shared{}", TESTS[one.pairs.test], chance(one.p_value), one.pairs.samples, family)
