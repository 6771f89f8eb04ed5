"""Hold each checkpoint's score against that of its run's last one, by their standard errors alone."""

import math

from scipy import stats

from claims.claims_comparing import last_states
from claims.claims_reading import Told
from claims.claims_seeds import holm


def chances_beside_the_last(report: Told, task: str, metric: str) -> list[float]:
    """Return the two-sided p-values of a metric without samples, corrected for all checkpoints of the set."""
    found = []
    for run in report.runs:
        told = {e["checkpoint"]: e["metrics"] for e in run["evaluations"] if e["task"] == task}
        ends = set(last_states(run))
        lasts = [told[name] for name in told if name in ends]
        for own in (told[name] for name in told if name not in ends) if lasts else ():
            error = math.hypot(own[f"{metric}_stderr"], lasts[0][f"{metric}_stderr"])
            found.append(2 * float(stats.norm.sf(abs(own[metric] - lasts[0][metric]) / error)))
    return holm(found)
