"""Render what to do next, kinds of steps that go together under one heading, with exact commands.

Invariant: commands under one heading stand in the order of its sentences.
"""

from collections.abc import Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from afterall.model import NextStep, NextStepKind, Scalar
from afterall.render.composing import (
    all_experiments,
    capital,
    first_that_fits,
    listing,
    md,
    md_calling,
    plain_listing,
)
from afterall.render.escaping import Markdown, fence, link, text
from afterall.render.page import Page
from afterall.render.sections.place import place
from afterall.render.sections.subsection import Block, Subsection, numbered
from afterall.render.shell import from_set
from afterall.render.words.metrics import Digits
from afterall.render.words.parameter_names import OURS, ParameterNames
from afterall.render.words.steps import STEPS
from afterall.settings import RESULTS_JSON

PLAIN_DIGITS = Digits({})
"""How numbers are written where no report says."""
MOST_COMMANDS = 12
MOST_SCRIPTS = 8


class NextStepsView(Struct, frozen=True, kw_only=True):
    """`place` says where the commands run, "" where there is none."""

    place: Markdown
    steps: tuple[Subsection, ...]


def view(page: Page) -> NextStepsView:
    """Return the next steps, in the report's order."""
    groups: dict[str, list[NextStep]] = {}
    for step in _joined(page):
        groups.setdefault(STEPS[step.kind].title, []).append(step)
    has_commands = any(step.command for step in page.report.next_steps)
    return NextStepsView(
        place=place(page) if has_commands else Markdown(""),
        steps=numbered(Subsection(title, _blocks(steps, page)) for title, steps in groups.items()),
    )


def _blocks(steps: Sequence[NextStep], page: Page) -> tuple[Block, ...]:
    """Return the steps of one heading; several of one command each, or of none, are bullets over a fence."""
    sentences = [told(step, len(page.report.experiments), page.names, page.digits) for step in steps]
    commands = [_commands(step, page) for step in steps]
    amounts = {len(own) for own in commands}
    if amounts in ({0}, {1}) and 1 < len(steps) <= MOST_COMMANDS:
        every = [command for own in commands for command in own]
        blocks = [Block(bullets=tuple(sentences)), Block(fence=_fence(every))]
    else:
        blocks = [Block(text=s, fence=_fence(own)) for s, own in zip(sentences, commands, strict=True)]
    return (*_ready(steps, page), *blocks)


def _commands(step: NextStep, page: Page) -> list[str]:
    """Return a step's commands, one a line, for a shell in the set's directory."""
    return [from_set(line, page.report.set.path) for line in step.command.split("\n") if line.strip()]


def _fence(commands: Sequence[str]) -> Markdown:
    """Return the first of many commands, the others counted; "" for none."""
    more = len(commands) - MOST_COMMANDS
    counted = [f"# … and {more} more alike, in {RESULTS_JSON}"] if more > 0 else []
    return fence("\n".join([*commands[:MOST_COMMANDS], *counted]), "bash") if commands else Markdown("")


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


def told(step: NextStep, total: int, names: ParameterNames = OURS, digits: Digits = PLAIN_DIGITS) -> Markdown:
    """Return a step as a sentence; `total` is how many experiments the set has."""
    jobs = step.details.get("jobs")
    several = {"are_several": True} if isinstance(jobs, int) and jobs > 1 else {}
    values: Mapping[str, Scalar] = {
        **step.details,
        **several,
        **_measured(step.details, digits),
        "who": _who(step.experiments, total),
    }
    form = first_that_fits(STEPS[step.kind].says, values)
    sentence = md_calling(names, form, **values)
    # A run's name at the sentence's start is spelled as it is.
    is_named = form.startswith("{who}") and step.experiments and not len(step.experiments) == total > 1
    return sentence if is_named else capital(sentence)


def _measured(details: Mapping[str, Scalar], digits: Digits) -> dict[str, Scalar]:
    """Return the numbers of one metric that a detail holds joined, as the report writes that metric."""
    metric, joined = details.get("metric"), details.get("measured")
    if not isinstance(metric, str) or not isinstance(joined, str):
        return {}
    try:
        numbers = [float(part) for part in joined.split(", ")]
    except ValueError:
        return {}
    return {"measured": plain_listing([digits.write(metric, number) for number in numbers], 12)}


def _who(names: Sequence[str], total: int) -> Markdown:
    if not names:
        return Markdown("the set")
    if len(names) == total and total > 1:
        return text(all_experiments(total))
    return listing([text(name) for name in names], 8)


def _ready(steps: Sequence[NextStep], page: Page) -> tuple[Block, ...]:
    """Return the evaluation scripts that lie ready, where a step asks for an evaluation and none was run."""
    scripts = [path for e in page.report.experiments for path in e.layout.eval_scripts]
    has_begun = any(experiment.evaluations for experiment in page.report.experiments)
    if not scripts or has_begun or all(step.kind is not NextStepKind.EVALUATE for step in steps):
        return ()
    have = sum(bool(e.layout.eval_scripts) for e in page.report.experiments)
    total = len(page.report.experiments)
    who = (
        text(all_experiments(total).capitalize())
        if have == total and total > 1
        else md("{} of {} experiments", have, total)
    )
    named = listing([link(path, path) for path in scripts], MOST_SCRIPTS)
    return (Block(text=md("{} have standalone evaluation scripts ready: {}.", who, named)),)
