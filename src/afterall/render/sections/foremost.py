"""Choose the runs that a reader of a large set wants to see first: the best, and some that did not end."""

from afterall.model import Experiment
from afterall.render.composing import md
from afterall.render.escaping import Markdown
from afterall.render.folding import LONGEST
from afterall.render.page import Page
from afterall.render.sections.best import finished_in
from afterall.render.sections.standing import has_trained

MOST_BEST = 10
MOST_BAD = 10


def foremost(page: Page) -> list[Experiment]:
    """Return all runs of a set that can be read whole; of a larger one the best and some that failed."""
    experiments = list(page.report.experiments)
    if len(experiments) <= LONGEST:
        return experiments
    first = _best(page) or experiments[:MOST_BEST]
    bad = [experiment for experiment in experiments if not has_trained(experiment)]
    return [*first, *(experiment for experiment in bad[:MOST_BAD] if experiment not in first)]


def caption(page: Page, shown: int) -> Markdown:
    """Return what a table of the foremost runs holds, "" where it holds all."""
    total = len(page.report.experiments)
    if shown == total:
        return Markdown("")
    best = _best(page)
    first = md("{} {}", "best" if best else "first", len(best) or MOST_BEST)
    return md(
        "The {} of {} experiments, and those that did not come to their end (at most {}):",
        first,
        total,
        MOST_BAD,
    )


def _best(page: Page) -> list[Experiment]:
    """Return the finished runs with the best finite numbers; empty where nothing ranks the runs."""
    names = finished_in(page.deciding) if page.deciding else []
    return [page.by_name[name] for name in names[:MOST_BEST]]
