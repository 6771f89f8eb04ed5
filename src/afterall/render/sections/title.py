"""Render the title block: name, date of the data, what was compared, and how it stands."""

from msgspec import Struct

from afterall.model import SetSummary, VaryingParameter
from afterall.render.composing import joined, listing, md
from afterall.render.escaping import Markdown, text
from afterall.render.page import Page
from afterall.render.sections.headline import headline
from afterall.render.sections.standing import completion_status, provisional
from afterall.render.words.measures import days
from afterall.render.words.parameters import alternatives, listed


class TitleView(Struct, frozen=True, kw_only=True):
    """The title block; `provisional` is empty once no job lives."""

    name: Markdown
    provisional: Markdown
    date: Markdown
    experiment: Markdown
    models: Markdown
    variants: Markdown
    status: Markdown
    result: Markdown
    """Who is best, and how far that can be believed; empty where nobody can be named."""


def view(page: Page) -> TitleView:
    """Return the title block of the report."""
    return TitleView(
        name=text(page.report.set.name),
        provisional=provisional(page.report),
        date=_date(page.report.set),
        experiment=task_description(page),
        models=model_names(page),
        variants=_variants(page),
        status=completion_status(page.report),
        result=headline(page),
    )


def task_description(page: Page) -> Markdown:
    """Return what was tested: the set's own words, or the parameters compared."""
    summary = page.report.set
    own = summary.title or summary.task
    if own:
        return text(own, 200)
    compared = [text(page.names.phrase(parameter.name)) for parameter in page.varying]
    if not compared and len(page.report.experiments) < 2:
        return Markdown("not described")
    if not compared:
        return Markdown("not described; no parameter differs between the experiments")
    return md("{} comparison", listing(compared, 4))


def model_names(page: Page) -> Markdown:
    """Return the names of all models."""
    names = [text(page.models.get(name, name)) for name in page.report.set.models]
    return listing(names, 12) if names else Markdown("not named in any configuration that could be read")


def _date(summary: SetSummary) -> Markdown:
    told = days(summary.first, summary.last)
    if not told:
        return Markdown("unknown: neither a job record nor a file tells")
    return md("{} (from file times)", told) if summary.dates_from_files else text(told)


def _variants(page: Page) -> Markdown:
    parts = [_variant(p, page) for p in page.varying if p.name != "model" and not _told_by_another(p, page)]
    parts += [md("{} ({})", f"{len(p.values)} seeds", ", ".join(listed(p.values))) for p in page.seeds]
    if parts:
        return joined(parts, "; ")
    if any(parameter.name == "model" for parameter in page.varying):
        return Markdown("the models above")
    if len(page.report.experiments) < 2:
        return Markdown("none: there is no second experiment")
    return Markdown("none: no parameter differs between the experiments")


def _variant(parameter: VaryingParameter, page: Page) -> Markdown:
    told = md("{} {}", page.names.phrase(parameter.name), alternatives(parameter))
    along = [p for p in page.varying if p.name in parameter.moves_with and p.name != "model"]
    if not along:
        return told
    others = joined([md("{} {}", page.names.phrase(p.name), alternatives(p)) for p in along[:3]])
    return md("{} (with {})", told, others)


def _told_by_another(parameter: VaryingParameter, page: Page) -> bool:
    """Tell whether a parameter listed before this one already named it as moving along."""
    for other in page.varying:
        if other.name == parameter.name:
            return False
        if other.name != "model" and parameter.name in other.moves_with:
            return True
    return False
