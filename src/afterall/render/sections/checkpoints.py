"""Render the verification of checkpoints: which were saved, which are good, and what they hold.

Invariant: "all saved" is only said where every experiment has the same checkpoints and every one is good.
"""

import re
from collections.abc import Iterable, Sequence

from msgspec import Struct

from afterall.model import Checkpoint, Experiment, FindingCode, State, Verdict
from afterall.render.composing import joined, listing, md, plain_listing, plural
from afterall.render.escaping import Markdown, text
from afterall.render.folding import folded
from afterall.render.page import Page
from afterall.render.sections.contents import ContentsGroup, contents
from afterall.render.tables import Column, table
from afterall.render.words.findings import WORDINGS
from afterall.render.words.states import VERDICTS
from afterall.render.words.tiers import REPORTED

_LIGHTNING = re.compile(r"epoch=\d+-step=\d+(?=-\w+=)")
"""A Lightning checkpoint's name without the metric behind it, which no other run's bears."""

WIDEST = 8
"""Checkpoints beyond this many are counted rather than given a column each."""


_GRAVITY = (Verdict.OK, Verdict.UNVERIFIED, Verdict.INCOMPLETE, Verdict.MISSING, Verdict.CORRUPT)
"""Where several checkpoints of a run share a column, the gravest of them is shown."""


class CheckpointsView(Struct, frozen=True, kw_only=True):
    """The table is empty where no experiment has or owes a checkpoint."""

    summary: Markdown
    tier: Markdown
    table: Markdown
    legend: Markdown
    contents: tuple[ContentsGroup, ...]


def view(page: Page) -> CheckpointsView:
    """Return the verification of all checkpoints."""
    experiments = page.report.experiments
    every = [checkpoint for experiment in experiments for checkpoint in experiment.checkpoints]
    names = columns_of(experiments)
    wide = len(names) > WIDEST
    drawn = _counted(experiments) if wide else _by_name(experiments, names)
    return CheckpointsView(
        summary=_summary(experiments, every),
        tier=_tiers(every),
        table=folded(drawn, len(experiments), _fold(experiments)) if every else Markdown(""),
        legend=_legend(every, wide),
        contents=contents(page),
    )


def _fold(experiments: Sequence[Experiment]) -> str:
    """Return the words on the fold of a long table: how many, and whose checkpoints are not all good."""
    bad = [e for e in experiments if any(c.verdict is not Verdict.OK for c in e.checkpoints)]
    if not bad:
        return f"Checkpoints of all {len(experiments)} experiments"
    names = plain_listing([experiment.name for experiment in bad], 6)
    return f"Checkpoints of all {len(experiments)} experiments; not all good: {names}"


def heading_of(checkpoint: Checkpoint) -> str:
    """Return a checkpoint's column: "Epoch 2", "Step 50", "Final", or its own name."""
    if checkpoint.name == "final":
        return "Final"
    if checkpoint.epoch is not None and checkpoint.name == f"epoch_{checkpoint.epoch}":
        return f"Epoch {checkpoint.epoch}"
    if checkpoint.step is not None and checkpoint.name == f"checkpoint-{checkpoint.step}":
        return f"Step {checkpoint.step}"
    found = _LIGHTNING.match(checkpoint.name)
    return checkpoint.name if found is None else found[0]


def columns_of(experiments: Iterable[Experiment]) -> list[str]:
    """Return all columns, by epoch or step, the final state last."""
    found: dict[str, tuple[bool, float, str]] = {}
    for experiment in experiments:
        for checkpoint in experiment.checkpoints:
            at = checkpoint.epoch if checkpoint.epoch is not None else checkpoint.step
            heading = heading_of(checkpoint)
            found.setdefault(heading, (heading == "Final", float("inf") if at is None else at, heading))
    return sorted(found, key=lambda heading: found[heading])


def _by_name(experiments: Sequence[Experiment], names: Sequence[str]) -> Markdown:
    columns = [Column(text(word)) for word in ("Experiment", *names, "Notes")]
    rows = []
    for experiment in experiments:
        worst_last = sorted(experiment.checkpoints, key=lambda c: _GRAVITY.index(c.verdict))
        marks = {heading_of(c): VERDICTS[c.verdict][0] for c in worst_last}
        cells = [Markdown(marks.get(name, "—")) for name in names]
        rows.append([text(experiment.name), *cells, _notes(experiment)])
    return table(columns, rows)


def _counted(experiments: Sequence[Experiment]) -> Markdown:
    columns = [Column(Markdown("Experiment"))]
    columns += [Column(Markdown(word), is_number=True) for word in ("Saved", "✓", "⚠️", "✗")]
    columns += [Column(Markdown("Last")), Column(Markdown("Notes"))]
    rows = []
    for experiment in experiments:
        marks = [VERDICTS[c.verdict][0] for c in experiment.checkpoints]
        saved = sum(c.verdict is not Verdict.MISSING for c in experiment.checkpoints)
        amounts = [
            Markdown(str(amount)) for amount in (saved, *(marks.count(mark) for mark in ("✓", "⚠️", "✗")))
        ]
        last = columns_of([experiment])[-1:]
        rows.append(
            [text(experiment.name), *amounts, text(last[0]) if last else Markdown("—"), _notes(experiment)]
        )
    return table(columns, rows)


def _notes(experiment: Experiment) -> Markdown:
    """Return what is wrong with an experiment's checkpoints, in few words."""
    if not experiment.checkpoints:
        return md("No checkpoints: {}", _why_none(experiment))
    wrong = [c for c in experiment.checkpoints if c.verdict is not Verdict.OK]
    if not wrong:
        return Markdown("Complete as far as it came" if _is_cut_short(experiment) else "Complete")
    return listing([_wrong(checkpoint) for checkpoint in wrong], 3)


def _is_cut_short(experiment: Experiment) -> bool:
    """Tell whether the training that saved the checkpoints did not come to its end."""
    codes = {finding.code for finding in experiment.findings}
    return experiment.completion.value is False and FindingCode.TRACES_OF_EARLIER_ATTEMPT not in codes


def _wrong(checkpoint: Checkpoint) -> Markdown:
    codes = dict.fromkeys(finding.code for finding in checkpoint.findings)
    named = md("{} {}", checkpoint.name, VERDICTS[checkpoint.verdict][1])
    if not codes or checkpoint.verdict is Verdict.MISSING:
        return named
    return md("{} ({})", named, ", ".join(WORDINGS[code].title.lower() for code in list(codes)[:2]))


def _why_none(experiment: Experiment) -> str:
    match experiment.state:
        case State.NOT_SUBMITTED:
            return "never submitted"
        case State.PENDING:
            return "not started"
        case State.RUNNING:
            return "none saved yet"
        case State.UNKNOWN:
            return "none was found"
        case _:
            return "none was saved"


def _summary(experiments: Sequence[Experiment], every: Sequence[Checkpoint]) -> Markdown:
    good = [e for e in experiments if e.checkpoints and all(c.verdict is Verdict.OK for c in e.checkpoints)]
    if not every:
        return Markdown("No experiment saved a checkpoint.")
    same = {tuple(columns_of([experiment])) for experiment in experiments}
    if len(good) == len(experiments) and len(same) == 1:
        subject = {1: "The experiment", 2: "Both experiments"}.get(len(experiments), "All experiments")
        return md("{} saved checkpoints for {}.", subject, _saved(experiments[0]))
    wrong = sum(c.verdict in (Verdict.CORRUPT, Verdict.INCOMPLETE, Verdict.MISSING) for c in every)
    none = sum(not e.checkpoints for e in experiments)
    running = sum(e.state is State.RUNNING and _is_cut_short(e) for e in good)
    unfinished = sum(map(_is_cut_short, good)) - running
    unsure = sum(c.verdict is Verdict.UNVERIFIED for c in every)
    told = [
        md(
            "{} of {} have all their checkpoints, complete", len(good), plural(len(experiments), "experiment")
        ),
        md("{} damaged, incomplete or missing", plural(wrong, "checkpoint is", "checkpoints are"))
        if wrong
        else None,
        md("training of {} did not come to its end", unfinished) if unfinished else None,
        md("training of {} goes on", running) if running else None,
        md("{} not be verified", plural(unsure, "checkpoint could", "checkpoints could")) if unsure else None,
        md("{} no checkpoint", plural(none, "experiment has", "experiments have")) if none else None,
    ]
    return md("{}.", joined([part for part in told if part], "; "))


def _saved(experiment: Experiment) -> Markdown:
    """Return "**epochs 0, 1, and 2**" for checkpoints that are all epochs, their names otherwise."""
    epochs = [c.epoch for c in experiment.checkpoints]
    if all(heading_of(c).startswith("Epoch ") for c in experiment.checkpoints) and len(epochs) <= 12:
        numbers = listing([text(str(epoch)) for epoch in sorted(e for e in epochs if e is not None)], 12)
        return md("**{} {}**", "epochs" if len(epochs) > 1 else "epoch", numbers)
    return listing([md("**{}**", name) for name in columns_of([experiment])], 12)


def _tiers(every: Sequence[Checkpoint]) -> Markdown:
    used = {c.tier for c in every if c.verdict is not Verdict.MISSING}
    told = [text(words, 200) for tier, words in REPORTED.items() if tier in used]
    if not told:
        return Markdown("") if not every else Markdown("Nothing could be verified.")
    mixed = " (some checkpoints at one, some at another)" if len(told) > 1 else ""
    return md("Verified at the {}{}.", joined(told, "; "), Markdown(mixed))


def _legend(every: Sequence[Checkpoint], wide: bool) -> Markdown:
    """Return what the marks mean, where there are others than ✓."""
    seen = {c.verdict for c in every}
    if seen <= {Verdict.OK} and not wide:
        return Markdown("")
    return Markdown(
        "✓ complete · ⚠️ incomplete or not verifiable · ✗ corrupt or missing · — neither saved nor promised"
    )
