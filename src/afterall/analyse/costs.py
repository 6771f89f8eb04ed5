"""Add up what each experiment took of the cluster.

Invariant: a sum exists only where every part of it is known; what a still running leg took so far counts.
"""

import math
from collections.abc import Sequence
from datetime import datetime

from afterall.analyse.ordering import to_float
from afterall.analyse.readings import finite_metric, is_alive
from afterall.model import Attempt, Cost, Experiment

SECONDS_PER_HOUR = 3600


def find_costs(experiments: Sequence[Experiment]) -> tuple[Cost, ...]:
    """Return the costs of every experiment that has an attempt or a logged duration, in their order."""
    return tuple(
        _cost(experiment)
        for experiment in experiments
        if experiment.attempts or finite_metric(experiment, "train_seconds") is not None
    )


def _cost(experiment: Experiment) -> Cost:
    latest = experiment.latest
    started = [a for a in experiment.attempts if a.start is not None or a.elapsed_s]
    return Cost(
        experiment=experiment.name,
        job_id=job_name(latest) if latest else "",
        waited_s=_waited(latest) if latest else None,
        elapsed_s=latest.elapsed_s if latest else None,
        all_elapsed_s=_total([a.elapsed_s for a in started]),
        attempts=len(experiment.attempts),
        train_seconds=finite_metric(experiment, "train_seconds"),
        tokens_per_second_per_gpu=_throughput(experiment),
        time_limit_s=latest.time_limit_s if latest else None,
        gpus=latest.gpus if latest else None,
        gpu_hours=_hours([(a.gpus, a.elapsed_s) for a in started]),
        cpu_hours=_hours([(a.cpus, a.elapsed_s) for a in started]),
        lost_gpu_hours=_hours([(a.gpus, a.elapsed_s) for a in _lost(experiment, started)]),
        lost_cpu_hours=_hours([(a.cpus, a.elapsed_s) for a in _lost(experiment, started)]),
        requested_memory_bytes=latest.requested_memory_bytes if latest else None,
        max_rss_bytes=latest.max_rss_bytes if latest else None,
    )


def _lost(experiment: Experiment, started: Sequence[Attempt]) -> list[Attempt]:
    """Return the attempts that did not bring training to its end; none while a job of it lives.

    An attempt that a later one resumed from is not told from one that was thrown away: both are counted.
    """
    if is_alive(experiment):
        return []
    return [a for a in started if a is not experiment.latest or experiment.completion.value is False]


def job_name(attempt: Attempt) -> str:
    """Return a job's id as users type it."""
    return attempt.display_id or attempt.job_id


def _throughput(experiment: Experiment) -> float | None:
    median = finite_metric(experiment, "tokens_per_second_per_gpu_median")
    return finite_metric(experiment, "tokens_per_second_per_gpu") if median is None else median


def _waited(attempt: Attempt) -> int | None:
    """Return how long the attempt queued, from when it could have started."""
    since: datetime | None = attempt.eligible or attempt.submit
    if since is None or attempt.start is None or attempt.start < since:
        return None
    return int((attempt.start - since).total_seconds())


def _total(parts: Sequence[int | None]) -> int | None:
    known = [part for part in parts if part is not None]
    return sum(known) if known and len(known) == len(parts) else None


def _hours(parts: Sequence[tuple[int | None, int | None]]) -> float | None:
    products = [None if n is None or seconds is None else n * seconds for n, seconds in parts]
    total = _total(products)
    hours = None if total is None else to_float(total) / SECONDS_PER_HOUR
    return hours if hours is not None and math.isfinite(hours) else None
