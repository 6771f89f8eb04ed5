"""Render how long each experiment took, as one column: by the job's clock, and by the trainer's own.

Invariant: which of the two a time is, is always said.
"""

from collections.abc import Callable, Sequence

from msgspec import Struct

from afterall.model import Attempt, Experiment, State
from afterall.render.composing import joined, listing, md
from afterall.render.escaping import Markdown, text
from afterall.render.sections.standing import has_trained
from afterall.render.tables import Column
from afterall.render.words.measures import clock, duration
from afterall.render.words.numbers import MISSING

MOST_NAMED = 4


class DurationsView(Struct, frozen=True, kw_only=True):
    """`span` is empty where no two finished experiments have a time of one clock, and none was restarted."""

    note: Markdown
    span: Markdown


def view(experiments: Sequence[Experiment]) -> DurationsView:
    """Return what the column of durations holds, and between which the finished experiments lie."""
    told = [part for part in (_span(experiments), _restarted(experiments)) if part]
    return DurationsView(note=_note(experiments), span=joined(told, " "))


def column(experiments: Sequence[Experiment]) -> list[tuple[Column, Callable[[Experiment], Markdown]]]:
    """Return the one column, none where no experiment has any time: "4:41 (4:20)"."""
    by_job, by_trainer = _known(experiments)
    if not by_job and not by_trainer:
        return []
    if not by_job:
        return [(Column(Markdown("Training Time"), is_number=True), lambda e: text(_own(e) or MISSING))]
    heading = "Duration (Training)" if by_trainer else "Duration"
    return [(Column(Markdown(heading), is_number=True), _cell)]


def job_seconds(experiment: Experiment) -> int | None:
    """Return the elapsed time of the attempt that counts, None where nobody tells."""
    return None if experiment.latest is None else experiment.latest.elapsed_s


def train_seconds(experiment: Experiment) -> float | None:
    """Return how long training alone took, by the trainer's own clock."""
    fact = experiment.metrics.get("train_seconds")
    return fact.value if fact is not None and isinstance(fact.value, int | float) else None


def _known(experiments: Sequence[Experiment]) -> tuple[bool, bool]:
    """Tell whether any job's time is known, and whether any trainer's."""
    by_job = any(job_seconds(experiment) is not None for experiment in experiments)
    return by_job, any(train_seconds(experiment) is not None for experiment in experiments)


def _cell(experiment: Experiment) -> Markdown:
    seconds, own = job_seconds(experiment), _own(experiment)
    told = MISSING if seconds is None else clock(seconds)
    if seconds is not None and experiment.latest is not None and experiment.latest.is_alive:
        told = f"{told} so far"
    return text(f"{told} ({own})" if own else told)


def _own(experiment: Experiment) -> str:
    seconds = train_seconds(experiment)
    return "" if seconds is None else clock(seconds)


def _note(experiments: Sequence[Experiment]) -> Markdown:
    by_job, by_trainer = _known(experiments)
    if not by_job:
        if all(experiment.state is State.NOT_SUBMITTED for experiment in experiments):
            return Markdown("No job has run.")
        own = " *Training Time* is by the trainer's own clock." if by_trainer else ""
        return Markdown(f"No Slurm source tells how long the jobs took.{own}")
    heading = "Duration (Training)" if by_trainer else "Duration"
    several = any(len(experiment.attempts) > 1 for experiment in experiments)
    return md(
        "*{}*: the elapsed time of each experiment's {}, start-up and saving included{}.",
        heading,
        "latest attempt" if several else "job",
        "; in brackets training alone, by the trainer's own clock" if by_trainer else "",
    )


def _span(experiments: Sequence[Experiment]) -> Markdown:
    """Return the shortest and the longest of the experiments that came to their end.

    By the jobs' clock none of several attempts: the last one may have gone on from where another stopped.
    """
    by_job = _known(experiments)[0]
    ended = [e for e in experiments if has_trained(e) and not (e.latest and e.latest.is_alive)]
    ended = [e for e in ended if not by_job or len(_started(e)) < 2]
    read = job_seconds if by_job else train_seconds
    known = [(seconds, text(e.name)) for e in ended if (seconds := read(e)) is not None]
    if len(known) < 2:
        return Markdown("")
    shortest, longest = min(known)[0], max(known)[0]
    if _about(shortest) == _about(longest):
        return md("Those that came to their end took {} each.", _about(shortest))
    first, last = ([name for seconds, name in known if seconds == end] for end in (shortest, longest))
    return md(
        "Of those that came to their end the shortest took {} ({}), the longest {} ({}).",
        _about(shortest), listing(first, MOST_NAMED), _about(longest), listing(last, MOST_NAMED),
    )  # fmt: skip


def _restarted(experiments: Sequence[Experiment]) -> Markdown:
    """Return how long all attempts took together, of each experiment that was started more than once."""
    told = []
    for experiment in experiments:
        times = [attempt.elapsed_s for attempt in _started(experiment)]
        known = [seconds for seconds in times if seconds is not None]
        if len(times) > 1 and len(known) == len(times):
            told.append(md("{} {} in {} attempts", experiment.name, _about(sum(known)), len(times)))
    return md("In all their attempts: {}.", listing(told, MOST_NAMED)) if told else Markdown("")


def _started(experiment: Experiment) -> list[Attempt]:
    return [one for one in experiment.attempts if one.start is not None or one.elapsed_s]


def _about(seconds: float) -> Markdown:
    return Markdown(f"~{duration(seconds)}" if seconds >= 60 else duration(seconds))
