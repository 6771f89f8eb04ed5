"""Put a report's facts into the cells of terminal tables; every string of a user's is made printable."""

import math
from pathlib import Path

from afterall.cli.printable import plain
from afterall.model import Experiment, Fact, Report, Verdict
from afterall.render.words.measures import clock, days
from afterall.render.words.numbers import count, number

EXPERIMENT_HEADERS = (
    "Experiment",
    "State",
    "Trained",
    "Job",
    "Elapsed",
    "Steps",
    "Loss",
    "Val loss",
    "Checkpoints",
)
SET_HEADERS = ("Set", "Status", "Trained", "Experiments", "Dates")
_MISSING = "-"


def experiment_row(experiment: Experiment) -> list[str]:
    """Return one experiment's cells, in the order of EXPERIMENT_HEADERS."""
    latest = experiment.latest
    trained = {True: "yes", False: "no", None: "unknown"}[experiment.completion.value]
    elapsed = latest.elapsed_s if latest else None
    return [
        plain(experiment.name),
        experiment.state.value.replace("_", " "),
        trained,
        plain(latest.display_id or latest.job_id) if latest else _MISSING,
        clock(elapsed) if elapsed is not None else _MISSING,
        _whole(experiment.metrics.get("global_step")),
        _real(experiment.metrics.get("final_loss")),
        _real(experiment.metrics.get("final_val_loss")),
        _checkpoints(experiment),
    ]


def set_row(set_dir: Path, report: Report) -> list[str]:
    """Return one set's cells, in the order of SET_HEADERS."""
    states = ", ".join(f"{n} {state.value.replace('_', ' ')}" for state, n in report.set.counts.items())
    trained = f"{report.set.trained}/{len(report.experiments)}"
    dates = days(report.set.first, report.set.last)
    return [plain(str(set_dir)), report.set.status.value, trained, states, dates]


def broken_row(set_dir: Path, problem: str) -> list[str]:
    """Return the cells of a set that cannot be read, with what is wrong in place of its experiments."""
    return [plain(str(set_dir)), "unreadable", _MISSING, plain(problem), _MISSING]


def set_title(report: Report) -> str:
    """Return the line above a set's table."""
    trained = f"{report.set.trained} of {len(report.experiments)} trained to their end"
    return f"{plain(report.set.name)}: {report.set.status.value}, {trained}"


def _whole(fact: Fact | None) -> str:
    return count(fact.value) if fact and isinstance(fact.value, int) else _MISSING


def _real(fact: Fact | None) -> str:
    if fact is None or not isinstance(fact.value, int | float):
        return _MISSING
    return number(fact.value) if math.isfinite(fact.value) else str(fact.value)


def _checkpoints(experiment: Experiment) -> str:
    there = [one for one in experiment.checkpoints if one.verdict is not Verdict.MISSING]
    wrong = sum(
        one.verdict in (Verdict.CORRUPT, Verdict.INCOMPLETE, Verdict.MISSING)
        for one in experiment.checkpoints
    )
    return f"{len(there)}, {wrong} wrong" if wrong else str(len(there))
