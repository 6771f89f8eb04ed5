"""Render the key findings: best run, effect of each parameter, repeats, cost, evaluations, anomalies.

Invariant: the conclusion comes first, every claim with both its numbers; nothing is called significant that
replicates do not show.
"""

from collections.abc import Iterator

from msgspec import Struct

from afterall.model import FindingCode
from afterall.render.composing import capital, listing, md, plural
from afterall.render.escaping import Markdown, text
from afterall.render.page import Page
from afterall.render.sections import baseline, best, efficiency, evaluations, generalisation, impacts
from afterall.render.sections.subsection import Block, Subsection, numbered
from afterall.render.sentences import sentence
from afterall.render.words.families import are_of_one_family
from afterall.render.words.parameters import cell

ANOMALIES = (
    FindingCode.LOSS_NOT_FINITE,
    FindingCode.ZERO_STEPS,
    FindingCode.STOPPED_EARLY,
    FindingCode.LOSS_ROSE,
    FindingCode.OVERFITTING,
    FindingCode.LOSS_SPIKE,
    FindingCode.LEARNING_RATE_ENDED,
    FindingCode.THROUGHPUT_DROPPED,
    FindingCode.STRAGGLER,
    FindingCode.NO_TENSORS,
    FindingCode.SOURCES_DISAGREE,
)
"""What is unexpected in the results themselves, told here and explained under Issues."""
MOST_ANOMALIES = 10
MOST_MODELS = 4
_DATA = "dataset"
"""The parameter that says what a run was trained on."""
_MODEL = "model"
"""The parameter that says which base model a run began with."""


class FindingsView(Struct, frozen=True, kw_only=True):
    """`caveats` stand before everything else."""

    caveats: tuple[Markdown, ...]
    subsections: tuple[Subsection, ...]


def view(page: Page) -> FindingsView:
    """Return the key findings."""
    caveats = [sentence(f, page.names) for f in page.findings(FindingCode.ONE_SEED, FindingCode.CONFOUNDED)]
    parts: tuple[Subsection, ...] = (
        best.subsection(page),
        *baseline.subsections(page),
        *impacts.subsections(page),
        *generalisation.subsections(page),
        *efficiency.subsections(page),
        *evaluations.subsections(page),
        _anomalies(page),
    )
    return FindingsView(
        caveats=(*(md("{}.", capital(caveat)) for caveat in caveats), *_of_losses(page)),
        subsections=numbered(parts),
    )


def _of_losses(page: Page) -> Iterator[Markdown]:
    """Yield a warning where runs differ in what their losses measure."""
    shaping = [text(page.names.phrase(parameter.name)) for parameter in page.varying if parameter.shapes_loss]
    if shaping:
        is_one = len(shaping) == 1
        form = "{} {} part of the loss itself: losses of runs that differ in {} measure different things."
        yield md(form, capital(listing(shaping)), "is" if is_one else "are", "it" if is_one else "them")
    if any(parameter.name == _DATA for parameter in page.varying):
        yield Markdown(
            "The dataset differs: training losses of such runs were measured on different data, and so were "
            "validation losses unless these runs share a validation set."
        )
    yield from _of_tokens(page)


def _of_tokens(page: Page) -> Iterator[Markdown]:
    """Yield a warning where runs that a loss ranks may count it in other tokens."""
    models = next((parameter.values for parameter in page.varying if parameter.name == _MODEL), ())
    if best.leading_loss(page) is None or are_of_one_family(models):
        return
    named = listing([text(cell(page.short(_MODEL, model))) for model in models], MOST_MODELS)
    yield md(
        "The base models differ by name in more than size ({}): they may differ in tokenizer, and losses per "
        "token of different tokenizers are not comparable.",
        named,
    )


def _anomalies(page: Page) -> Subsection:
    found = page.findings(*ANOMALIES)
    if not found:
        return Subsection("Anomalies", (Block(text=_nothing_odd(page)), generalisation.gaps(page)))
    bullets = [
        md("**{}**: {}.", f.experiment or "the set", sentence(f, page.names)) for f in found[:MOST_ANOMALIES]
    ]
    if len(found) > MOST_ANOMALIES:
        bullets.append(md("… and {} more, under Issues and Notes.", len(found) - MOST_ANOMALIES))
    return Subsection("Anomalies", (Block(bullets=tuple(bullets)), generalisation.gaps(page)))


def _nothing_odd(page: Page) -> Markdown:
    """Return what was looked for in vain, which says nothing of runs that left no numbers."""
    seen = sum(bool(e.metrics or e.series) for e in page.report.experiments)
    if not seen:
        return Markdown("No run left numbers to judge.")
    runs = plural(seen, "run with numbers", "runs with numbers")
    return md(
        "None in {}: no NaN or infinite loss, no run of 0 steps, no sources that disagree; where curves are "
        "long enough to tell, no spike or rise of the loss, and no overfitting.",
        runs,
    )
