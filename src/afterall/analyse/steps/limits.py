"""Compute the limits to resubmit a job with, from what it used and how far it came.

Invariant: a proposed limit is larger than the one that was too small; fractions are exact, so that no number
is too large for them.
"""

from fractions import Fraction
from math import ceil

from afterall.analyse.measures import whole
from afterall.analyse.readings import finite_metric
from afterall.model import Attempt, Experiment, Scalar

MIB = 1024 * 1024
MEMORY_GROWTH = Fraction(3, 2)
"""Over what was asked for: how much a killed process still wanted, nobody knows."""
MEMORY_MARGIN = Fraction(6, 5)
"""Over what was seen in use."""
TIME_GROWTH = Fraction(2)
"""Where nothing tells how far the run came."""
TIME_MARGIN = Fraction(5, 4)
"""Over the time that the rest needs at the pace so far."""


def more_memory(attempt: Attempt) -> dict[str, Scalar]:
    """Return old_memory_mib and memory_mib, per node as `--mem` is; empty where no request is known.

    Accounting gives what was asked for over all nodes, and the largest use of one task.
    """
    if not attempt.requested_memory_bytes:
        return {}
    asked = Fraction(attempt.requested_memory_bytes, max(attempt.nodes or 1, 1) * MIB)
    used = Fraction(attempt.max_rss_bytes or 0, MIB)
    wanted = max(asked * MEMORY_GROWTH, used * MEMORY_MARGIN)
    grain = 256 if wanted <= 8 * 1024 else 1024 if wanted <= 64 * 1024 else 8 * 1024
    return {"old_memory_mib": round(asked), "memory_mib": ceil(wanted / grain) * grain}


def more_time(experiment: Experiment, attempt: Attempt) -> dict[str, Scalar]:
    """Return old_time_limit_s and time_limit_s; empty where no limit is known.

    A run that logged its steps is given what all of them take at its pace, counted from the job's start.
    """
    limit = attempt.time_limit_s
    if not limit or limit < 0:
        return {}
    spent = attempt.elapsed_s or limit
    reached = whole(finite_metric(experiment, "global_step"))
    planned = whole(finite_metric(experiment, "planned_steps"))
    wanted = limit * TIME_GROWTH
    if reached and planned and 0 < reached < planned:
        wanted = max(spent * Fraction(planned, reached), Fraction(limit)) * TIME_MARGIN
    grain = 5 * 60 if wanted <= 2 * 3600 else 30 * 60 if wanted <= 24 * 3600 else 4 * 3600
    return {"old_time_limit_s": limit, "time_limit_s": ceil(wanted / grain) * grain}


def slurm_memory(mib: int) -> str:
    """Return an amount of memory as sbatch's --mem takes it: "1792M", "12G"."""
    return f"{mib // 1024}G" if mib % 1024 == 0 else f"{mib}M"


def slurm_time(seconds: int) -> str:
    """Return a duration as sbatch's --time takes it: "2:30:00", "1-12:00:00"."""
    days, rest = divmod(seconds, 86400)
    hours, minutes, last = rest // 3600, rest % 3600 // 60, rest % 60
    return f"{days}-{hours:02}:{minutes:02}:{last:02}" if days else f"{hours}:{minutes:02}:{last:02}"
