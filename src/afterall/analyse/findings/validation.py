"""Tell how validation was followed: how often, as the configuration asked or not, and which way it went.

Invariant: says nothing of a run with fewer than two finite validation losses, or whose last one is NaN; a NaN
among them is told elsewhere and is never a trend.
"""

import math
from itertools import pairwise

from afterall.analyse.findings.evidence import known
from afterall.analyse.readings import number_of
from afterall.model import Experiment, Finding, FindingCode, Point, Points, Scalar

INTERVALS = ("run_val_every_n_steps", "eval_steps", "val_check_interval", "eval_interval", "eval_iters")
"""Settings of torchtune, transformers, Lightning, and Megatron or litgpt that say every how many steps."""


def tell_validation(experiment: Experiment) -> list[Finding]:
    """Return a note on the run's validation series, empty where it has none to speak of."""
    series = experiment.series.get("val_loss") or experiment.by_epoch.get("val_loss")
    points = [p for p in series.points if math.isfinite(p.value)] if series is not None else []
    if series is None or len(points) < 2 or not math.isfinite(series.points[-1].value):
        return []
    evidence: dict[str, Scalar] = {
        "points": len(series.points),
        **(_interval(experiment, series.points) if "val_loss" in experiment.series else {}),
        **_trend(points, by_epoch="val_loss" not in experiment.series),
    }
    note = Finding(
        code=FindingCode.VALIDATION_TRACKED,
        experiment=experiment.name,
        subject="val_loss",
        evidence=known(evidence),
        sources=(series.source,),
    )
    return [note]


def _interval(experiment: Experiment, points: Points) -> dict[str, Scalar]:
    """Return every how many steps, where that was always the same, and the setting that asked for it."""
    gaps = {later - earlier for earlier, later in pairwise(points.steps)}
    every = gaps.pop() if len(gaps) == 1 else None
    if not every:
        return {}
    asked = next((n for n in INTERVALS if number_of(experiment.parameters.get(n)) == every), None)
    return {"every": every, "setting": asked}


def _trend(points: list[Point], *, by_epoch: bool) -> dict[str, Scalar]:
    """Return which way the loss went, and where its lowest value stands where that is not the last one."""
    first, last = points[0], points[-1]
    lowest = min(points, key=lambda point: point.value)
    told: dict[str, Scalar] = {"first": first.value, "last": last.value}
    if lowest.value < last.value:
        places: dict[str, Scalar] = (
            {"lowest_epoch": lowest.epoch, "last_epoch": last.epoch}
            if by_epoch
            else {"lowest_step": lowest.step, "last_step": last.step}
        )
        return {**told, "lowest": lowest.value, **places}
    return {**told, "fell": "lower"} if last.value < first.value else told
