"""Render the overview: the set's own description, then what was run, how, and who was asked."""

from collections.abc import Sequence
from itertools import product
from math import prod

from msgspec import Struct

from afterall.model import FindingCode, Scalar, SlurmSource, SourceReport, VaryingParameter
from afterall.render.composing import joined, listing, md, plural
from afterall.render.escaping import Markdown, text
from afterall.render.page import Page
from afterall.render.sections.software import software
from afterall.render.words.measures import moment
from afterall.render.words.parameters import EVERYDAY, absent, followers, listed
from afterall.render.words.states import SOURCES, TRAINERS

MOST_GAPS = 2
"""Combinations that are named where they are all that a factorial design lacks."""


class OverviewView(Struct, frozen=True, kw_only=True):
    """Paragraphs; `description` is empty where the set has none."""

    description: Markdown
    design: Markdown
    evidence: Markdown


def view(page: Page) -> OverviewView:
    """Return the overview."""
    own = page.report.set.description
    return OverviewView(
        description=text(own, 2000) if own else Markdown(""),
        design=joined([part for part in (_design(page), _common(page)) if part], " "),
        evidence=joined(
            [part for part in (software(page), _sources(page), _dates(page), _moved(page)) if part], " "
        ),
    )


def _design(page: Page) -> Markdown:
    total = len(page.report.experiments)
    independent = _independent(page.varying)
    if not total:
        return Markdown("The directory holds no experiment.")
    used = sorted({e.trainer for e in page.report.experiments if e.trainer})
    trainers = [text(TRAINERS.get(name, name)) for name in used]
    by = md(", trained with {}", listing(trainers)) if trainers else Markdown("")
    if not independent:
        differ = "" if total == 1 else "; no parameter that could be read differs between them"
        return md("{}{}{}.", plural(total, "experiment"), by, differ)
    varied = listing([_varied(parameter, page) for parameter in independent], 6)
    comma = Markdown("," if by else "")
    return md(
        "{}{}{} vary {}{}.", plural(total, "experiment"), by, comma, varied, _coverage(page, independent)
    )


def _varied(parameter: VaryingParameter, page: Page) -> Markdown:
    values: list[Scalar] = [
        page.models.get(v, v) if parameter.name == "model" and isinstance(v, str) else v
        for v in parameter.values
    ]
    between = "; " if any(isinstance(value, str) and ", " in value for value in values) else ", "
    words = [*listed(values), *([absent(parameter.name)] if parameter.unset else [])]
    shown = between.join(words) + (" in some runs" if len(words) == 1 else "")
    name = page.names.phrase(parameter.name)
    along = [page.names.phrase(other) for other in followers(parameter.name, parameter.moves_with)]
    if not along:
        return md("{} ({})", name, shown)
    changes = "changes" if len(along) == 1 else "change"
    return md("{} ({}; {} {} with it)", name, shown, ", ".join(listed(along, 3)), changes)


def _independent(varying: tuple[VaryingParameter, ...]) -> list[VaryingParameter]:
    """Return varying parameters without those that another one before them determines."""
    kept: list[VaryingParameter] = []
    for parameter in varying:
        if not any(parameter.name in other.moves_with for other in kept):
            kept.append(parameter)
    return kept


def _coverage(page: Page, independent: list[VaryingParameter]) -> Markdown:
    """Return how many of the possible combinations were run, and how often.

    A parameter that only some runs set has no second value to combine; to be known to have none is one.
    """
    independent = [parameter for parameter in independent if _choices(parameter) > 1]
    combinations = {
        tuple(repr(parameter.by_experiment.get(experiment.name)) for parameter in independent)
        for experiment in page.report.experiments
        if all(_is_told(parameter, experiment.name) for parameter in independent)
    }
    seeds = joined([_seeds(parameter, page) for parameter in page.seeds], "")
    if len(independent) < 2:
        return seeds
    possible = prod(map(_choices, independent))
    if len(combinations) == possible:
        return md("; every combination is there{}", seeds)
    lacking = _lacking(page, independent, combinations)
    return md("; {} of {} combinations are there{}{}", len(combinations), possible, lacking, seeds)


def _lacking(page: Page, independent: list[VaryingParameter], have: set[tuple[str, ...]]) -> Markdown:
    """Return which combinations were not run, "" where that is more than a design's few gaps."""
    choices = [(*p.values, *((None,) if p.unset else ())) for p in independent]
    if prod(map(len, choices)) > len(have) + MOST_GAPS:
        return Markdown("")
    gaps = [each for each in product(*choices) if tuple(map(repr, each)) not in have]
    named = [
        joined([page.setting(p.name, value) for p, value in zip(independent, gap, strict=True)], " with ")
        for gap in gaps
    ]
    return md(" (not {})", listing(named, last="nor"))


def _choices(parameter: VaryingParameter) -> int:
    return len(parameter.values) + bool(parameter.unset)


def _is_told(parameter: VaryingParameter, experiment: str) -> bool:
    return experiment in parameter.by_experiment or experiment in parameter.unset


def _seeds(parameter: VaryingParameter, page: Page) -> Markdown:
    values = [text(word) for word in listed(parameter.values, 4)]
    return md(", with {} {}", page.names.plural(parameter.name), listing(values))


def _common(page: Page) -> Markdown:
    """Return the everyday parameters that every experiment has and none changes."""
    experiments = page.report.experiments
    told: list[Markdown] = []
    for name in EVERYDAY:
        values = [e.parameters[name].value for e in experiments if name in e.parameters]
        if (
            len(values) == len(experiments)
            and len({repr(value) for value in values}) == 1
            and name != "model"
        ):
            told.append(page.setting(name, values[0]))
    if not told:
        return Markdown("")
    return md("The same in every run: {}." if len(experiments) > 1 else "Its settings: {}.", joined(told))


def _sources(page: Page) -> Markdown:
    asked = page.report.set.asked
    of_slurm = [report for report in asked if report.source is not SlurmSource.LOG]
    if not of_slurm:
        return Markdown("Slurm was not asked: states are read from the runs' own logs and files.")
    if not any(report.answered for report in of_slurm):
        return _unanswered(page, of_slurm)
    used = {SOURCES[e.latest.source] for e in page.report.experiments if e.latest}
    answered = [SOURCES[report.source] for report in asked if report.answered]
    kept = [text(words) for words in dict.fromkeys(answered) if words in used or not used]
    return md("Job states come from {}.", listing(kept or [text(words) for words in answered]))


def _unanswered(page: Page, asked: Sequence[SourceReport]) -> Markdown:
    """Return that nobody answered; why stands with the finding, or here where there is none."""
    if page.findings(FindingCode.SLURM_UNAVAILABLE):
        why = Markdown("See [Issues and Notes](#issues-and-notes).")
    else:
        why = joined([md("{}: {}", SOURCES[r.source], r.detail or "no answer") for r in asked], "; ")
    return md("No Slurm source answered. ({}) States are read from the runs' own logs and files.", why)


def _dates(page: Page) -> Markdown:
    summary = page.report.set
    if summary.first is None or summary.last is None or summary.dates_from_files:
        return Markdown("")
    attempts = [attempt for experiment in page.report.experiments for attempt in experiment.attempts]
    jobs = "The job" if len(attempts) == 1 else "The jobs"
    if any(attempt.is_alive and attempt.start is not None for attempt in attempts):
        form = (
            "{} began at {} and goes on." if len(attempts) == 1 else "{} began at {}, and not all have ended."
        )
        return md(form, jobs, moment(summary.first))
    return md("{} ran between {} and {}.", jobs, moment(summary.first), moment(summary.last))


def _moved(page: Page) -> Markdown:
    old = page.report.set.moved_from
    return md("They ran in {:code}; the set has been moved since.", old) if old else Markdown("")
