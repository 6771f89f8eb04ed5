"""Render what to do next, one heading for each kind of step, with exact commands."""

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from afterall.model import NextStep, NextStepKind, Scalar
from afterall.render.composing import all_experiments, capital, first_that_fits, listing, md, md_calling
from afterall.render.escaping import Markdown, fence, link, text
from afterall.render.page import Page
from afterall.render.sections.subsection import Block, Subsection, numbered
from afterall.render.words.parameter_names import OURS, ParameterNames
from afterall.render.words.steps import STEPS
from afterall.settings import RESULTS_JSON

MOST_COMMANDS = 12
MOST_SCRIPTS = 8


def view(page: Page) -> tuple[Subsection, ...]:
    """Return the next steps, in the report's order."""
    groups: dict[NextStepKind, list[NextStep]] = {}
    for step in _joined(page):
        groups.setdefault(step.kind, []).append(step)
    return numbered(
        Subsection(STEPS[kind].title, (*_ready(kind, page), *(_block(step, page) for step in steps)))
        for kind, steps in groups.items()
    )


def _joined(page: Page) -> list[NextStep]:
    """Return steps that are told in the same words as one, which differ in causes that are told elsewhere."""
    order = {experiment.name: place for place, experiment in enumerate(page.report.experiments)}
    alike: dict[tuple[NextStepKind, Markdown], list[NextStep]] = {}
    for step in page.report.next_steps:
        alike.setdefault((step.kind, told(replace(step, experiments=()), 0, page.names)), []).append(step)
    return [
        replace(
            group[0],
            experiments=tuple(
                sorted({name for step in group for name in step.experiments}, key=lambda n: order.get(n, 0))
            ),
            command="\n".join(step.command for step in group if step.command),
        )
        for group in alike.values()
    ]


def told(step: NextStep, total: int, names: ParameterNames = OURS) -> Markdown:
    """Return a step as a sentence; `total` is how many experiments the set has."""
    jobs = step.details.get("jobs")
    several = {"are_several": True} if isinstance(jobs, int) and jobs > 1 else {}
    values: Mapping[str, Scalar] = {**step.details, **several, "who": _who(step.experiments, total)}
    return capital(md_calling(names, first_that_fits(STEPS[step.kind].says, values), **values))


def _who(names: Sequence[str], total: int) -> Markdown:
    if not names:
        return Markdown("the set")
    if len(names) == total and total > 1:
        return text(all_experiments(total))
    return listing([text(name) for name in names], 8)


def _block(step: NextStep, page: Page) -> Block:
    commands = [line for line in step.command.split("\n") if line.strip()]
    more = len(commands) - MOST_COMMANDS
    shown = commands[:MOST_COMMANDS] if more > 0 else commands
    if more > 0:
        shown.append(f"# … and {more} more alike, in {RESULTS_JSON}")
    return Block(
        text=told(step, len(page.report.experiments), page.names),
        fence=fence("\n".join(shown), "bash") if shown else Markdown(""),
    )


def _ready(kind: NextStepKind, page: Page) -> tuple[Block, ...]:
    """Return the evaluation scripts that lie ready."""
    scripts = [path for e in page.report.experiments for path in e.layout.eval_scripts]
    if kind is not NextStepKind.EVALUATE or not scripts:
        return ()
    have = sum(bool(e.layout.eval_scripts) for e in page.report.experiments)
    total = len(page.report.experiments)
    who = (
        text(all_experiments(total).capitalize())
        if have == total and total > 1
        else md("{} of {} experiments", have, total)
    )
    bullets = [link(path, path) for path in scripts[:MOST_SCRIPTS]]
    if len(scripts) > MOST_SCRIPTS:
        bullets.append(md("… and {} more", len(scripts) - MOST_SCRIPTS))
    return (Block(text=md("{} have standalone evaluation scripts ready:", who), bullets=tuple(bullets)),)
