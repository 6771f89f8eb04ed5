"""Render how long each experiment took: by the job's clock, and by the trainer's own.

Invariant: which of the two a time is, is always said.
"""

from collections.abc import Sequence

from msgspec import Struct

from afterall.model import Experiment, State
from afterall.render.composing import joined, md
from afterall.render.escaping import Markdown, text
from afterall.render.folding import folded
from afterall.render.tables import Column, table
from afterall.render.words.measures import clock, duration
from afterall.render.words.numbers import MISSING
from afterall.render.words.states import never_ran

LONGEST_LIST = 12
"""Durations beyond this many go into a table."""


class DurationsView(Struct, frozen=True, kw_only=True):
    """Either `lines` or `table` holds the durations."""

    note: Markdown
    lines: tuple[Markdown, ...]
    table: Markdown


def view(experiments: Sequence[Experiment]) -> DurationsView:
    """Return the durations of all experiments."""
    short = len(experiments) <= LONGEST_LIST
    return DurationsView(
        note=_note(experiments),
        lines=tuple(_duration(experiment) for experiment in experiments) if short else (),
        table=Markdown("") if short else _folded(experiments),
    )


def _folded(experiments: Sequence[Experiment]) -> Markdown:
    words = md("Durations of all {} experiments", len(experiments))
    return folded(_table(experiments), len(experiments), words)


def _duration(experiment: Experiment) -> Markdown:
    """Return "**name**: ~4.7 minutes (4:41)" with the trainer's own time where it has one."""
    latest, trainer = experiment.latest, experiment.metrics.get("train_seconds")
    parts: list[Markdown] = []
    if latest is not None and latest.elapsed_s is not None:
        so_far = Markdown(" so far" if latest.is_alive else "")
        parts.append(md("{} ({}){}", _about(latest.elapsed_s), clock(latest.elapsed_s), so_far))
    if trainer is not None and isinstance(trainer.value, int | float):
        parts.append(md("{:duration} by the trainer's own clock", trainer.value))
    return md(
        "**{}**: {}", experiment.name, joined(parts, ", ") if parts else Markdown(_no_duration(experiment))
    )


def _about(seconds: float) -> Markdown:
    return Markdown(f"~{duration(seconds)}" if seconds >= 60 else duration(seconds))


def _no_duration(experiment: Experiment) -> str:
    match experiment.state:
        case State.NOT_SUBMITTED | State.PENDING:
            return "not started"
        case State.RUNNING:
            return "still running"
        case _:
            return "never ran" if never_ran(experiment) else "unknown"


def _table(experiments: Sequence[Experiment]) -> Markdown:
    columns = [
        Column(Markdown("Experiment")),
        Column(Markdown("Job"), True),
        Column(Markdown("Trainer's Clock"), True),
    ]
    rows = []
    for experiment in experiments:
        latest, trainer = experiment.latest, experiment.metrics.get("train_seconds")
        job = clock(latest.elapsed_s) if latest and latest.elapsed_s is not None else _no_duration(experiment)
        own = clock(trainer.value) if trainer and isinstance(trainer.value, int | float) else MISSING
        rows.append([text(experiment.name), text(job), text(own)])
    return table(columns, rows)


def _note(experiments: Sequence[Experiment]) -> Markdown:
    if not any(e.latest and e.latest.elapsed_s is not None for e in experiments):
        if all(e.state is State.NOT_SUBMITTED for e in experiments):
            return Markdown("No job has run.")
        return Markdown("No Slurm source tells how long the jobs took.")
    several = any(len(e.attempts) > 1 for e in experiments)
    leg = "latest attempt" if several else "job"
    return md("The elapsed time of each experiment's {}, start-up and saving included.", leg)
