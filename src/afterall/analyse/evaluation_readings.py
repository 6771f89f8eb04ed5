"""Read one score off a run's evaluations, with its own standard error and what its samples scored.

Invariant: of several evaluations the latest counts, by its date, then by its log's name.
"""

import math
from collections.abc import Sequence
from datetime import UTC, datetime

from afterall.analyse.evaluated_checkpoints import evaluated_checkpoint, place_of
from afterall.analyse.measures import Reading
from afterall.analyse.ordering import natural_key
from afterall.model import Evaluation, Experiment

_LONG_AGO = datetime.min.replace(tzinfo=UTC)


def latest_reading(experiment: Experiment, scored: Sequence[Evaluation], name: str) -> Reading:
    """Return the score `name` ("scorer/metric") of the latest of `scored`, all of which have it."""
    latest = max(scored, key=lambda e: (e.created or _LONG_AGO, natural_key(e.source.file)))
    step, epoch = place_of(experiment, evaluated_checkpoint(experiment, latest))
    samples = latest.sample_scores.get(name)
    return Reading(latest.metrics[name], latest.source, step, epoch, _error(latest, name), samples)


def _error(evaluation: Evaluation, name: str) -> float | None:
    """Return a score's finite standard error: inspect-ai writes one a scorer, the harness one a metric."""
    names = (f"{name}_stderr", f"{name.rpartition('/')[0]}/stderr".lstrip("/"))
    error = next((evaluation.metrics[each] for each in names if each in evaluation.metrics), None)
    return error if error is not None and math.isfinite(error) else None
