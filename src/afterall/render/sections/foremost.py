"""Choose the runs that a reader of a large set wants to see first: the best, and some that did not end."""

from afterall.model import Experiment
from afterall.render.composing import md
from afterall.render.escaping import Markdown
from afterall.render.folding import LONGEST
from afterall.render.page import Page
from afterall.render.sections.standing import has_trained
from afterall.render.words.metrics import is_quality

MOST_BEST = 10
MOST_BAD = 10


def foremost(page: Page) -> list[Experiment]:
    """Return all runs of a set that can be read whole; of a larger one the best and some that failed."""
    experiments = list(page.report.experiments)
    if len(experiments) <= LONGEST:
        return experiments
    ranking = next((r for r in page.report.rankings if is_quality(r.metric)), None)
    order = (
        [name for name in ranking.order if name in ranking.values]
        if ranking
        else [e.name for e in experiments]
    )
    best = [page.by_name[name] for name in order if name not in (ranking.unfinished if ranking else ())]
    bad = [e for e in experiments if not has_trained(e)]
    first = best[:MOST_BEST]
    return [*first, *(e for e in bad[:MOST_BAD] if e not in first)]


def caption(page: Page, shown: int) -> Markdown:
    """Return what a table of the foremost runs holds, "" where it holds all."""
    total = len(page.report.experiments)
    if shown == total:
        return Markdown("")
    return md(
        "The best {} of {} experiments, and those that did not come to their end (at most {}):",
        MOST_BEST,
        total,
        MOST_BAD,
    )
