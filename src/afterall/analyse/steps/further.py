"""Suggest further runs: values between measured ones or beyond them, more seeds, and what to compare besides.

Invariant: a value between others is only proposed where both trained and did not diverge, next to the best
one, and not between a full fine-tune's and an adapter's.
"""

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise

from afterall.analyse.design import Cell, count_settings
from afterall.analyse.findings.jobs import waits_for_ever
from afterall.analyse.groundwork import Groundwork
from afterall.analyse.ordering import identity, scalar_key
from afterall.analyse.parameters.names import MULTIPLIED
from afterall.analyse.readings import has_trained, is_alive
from afterall.analyse.steps.beyond import beyond_steps
from afterall.analyse.steps.doubt import is_doubtful, may_be_samples
from afterall.analyse.steps.values import are_whole, number_in, plain_number, values_between, written
from afterall.model import Experiment, FindingCode, NextStep, NextStepKind, Ranking, Scalar, VaryingParameter

MOST_PARAMETERS = 2


def further_steps(ground: Groundwork) -> list[NextStep]:
    """Return the suggestions for further runs, each with its reason; none while jobs may still run.

    Those may be the very runs that would be suggested.
    """
    if may_go_on(ground):
        return []
    between = [step for dimension in ground.design.dimensions for step in _between(ground, dimension)]
    beyond = beyond_steps(ground)[:MOST_PARAMETERS]
    return [*_compare_evaluations(ground), *_more_seeds(ground), *between[:MOST_PARAMETERS], *beyond]


def may_go_on(ground: Groundwork) -> bool:
    """Tell whether a job of the set lives that can still come to run."""
    living = any(is_alive(e) and not waits_for_ever(e) for e in ground.experiments)
    return living or any(job.is_alive for job in ground.material.matched.unplaced)


def _between(ground: Groundwork, parameter: VaryingParameter) -> Iterable[NextStep]:
    if parameter.name not in MULTIPLIED or parameter.name not in ground.design.shown:
        return
    ran = _is_ranked if ground.primary else _has_trained
    trained = {e.name for e in ground.experiments if ran(e, ground)}
    said = parameter.by_experiment
    whole = ground.varying.unset.get("lora_rank", frozenset())
    tried: dict[float, set[bool]] = {}
    for run in trained.intersection(said):
        if (value := number_in(said[run])) and value > 0:
            tried.setdefault(value, set()).add(run in whole)
    best = ground.primary.order[0] if ground.primary else ""
    if best in parameter.unset:
        return
    favourite = said.get(best)
    for lower, upper in pairwise(sorted(tried)):
        near_best = favourite is None or identity(favourite) in (identity(lower), identity(upper))
        values = values_between(lower, upper, whole=are_whole(parameter.values))
        if near_best and values and not tried[lower].isdisjoint(tried[upper]):
            yield NextStep(
                kind=NextStepKind.INTERMEDIATE_VALUES,
                details={
                    "parameter": parameter.name,
                    "values": ", ".join(map(written, values)),
                    "lower": plain_number(lower),
                    "upper": plain_number(upper),
                },
            )


def _more_seeds(ground: Groundwork) -> Iterable[NextStep]:
    """Yield the suggestion to repeat settings: where none was, or where the best ones tie."""
    seeds = {identity(seed): seed for cell in ground.design.cells for seed in cell.seeds}
    details: dict[str, Scalar] = {}
    if seeds and all(cell.seeds for cell in ground.design.cells):
        details["seed"] = ground.varying.seed_names[0]
        details["used"] = ", ".join(map(str, sorted(seeds.values(), key=scalar_key)))
    tied = _tied_settings(ground)
    if tied:
        details["tied"] = len(tied)
        yield NextStep(kind=NextStepKind.MORE_SEEDS, experiments=tuple(tied), details=details)
        return
    compared = [cell for cell in ground.design.cells if any(_is_ranked(run, ground) for run in cell.runs)]
    if len(compared) > 1 and not ground.design.replicated and ground.varying.dimensions:
        yield NextStep(
            kind=NextStepKind.MORE_SEEDS,
            details={**details, **_settings_of(compared)},
            because=FindingCode.ONE_SEED,
        )


def _settings_of(cells: Sequence[Cell]) -> dict[str, Scalar]:
    """Return how many settings ran, and how many runs where no seed tells which of these repeat another."""
    settings = count_settings(cells)
    return {"settings": settings} if settings == len(cells) else {"settings": settings, "runs": len(cells)}


def _has_trained(run: Experiment, _: Groundwork) -> bool:
    return has_trained(run)


def _is_ranked(run: Experiment, ground: Groundwork) -> bool:
    """Tell whether a run reached its end with a number that can be compared."""
    values = ground.primary.values if ground.primary else {}
    return has_trained(run) and math.isfinite(values.get(run.name, math.nan))


def _tied_settings(ground: Groundwork) -> list[str]:
    """Return the best run and all that tie with it; empty where only repeats of its own setting do."""
    first = ground.primary
    if first is None:
        return []
    best = first.order[0]
    is_of_several = not _replicates_of(ground, best).issuperset(first.tied_with_best)
    return [best, *first.tied_with_best] if is_of_several else []


def _compare_evaluations(ground: Groundwork) -> Iterable[NextStep]:
    losses = next((r for r in ground.rankings if r.metric.endswith("val_loss")), None)
    programs = [e for run in ground.experiments for e in run.evaluations if not e.is_validation]
    tasks = {evaluation.task for evaluation in programs}
    scores = next((r for r in ground.rankings if "/" in r.metric and _task(r) in tasks), None)
    if losses is None or scores is None:
        return
    both = [name for name in losses.order if name in losses.values and name in scores.values]
    if len(both) < 2:
        return
    by_loss, by_score = _best(losses, both), _best(scores, both)
    if by_loss == by_score or scores.values[by_loss] == scores.values[by_score]:
        return
    if by_loss in scores.tied_with_best or by_loss in _replicates_of(ground, by_score):
        return
    if _may_be_samples(ground, scores, by_loss, by_score):
        return
    task, _, metric = scores.metric.partition("/")
    yield NextStep(
        kind=NextStepKind.COMPARE_EVALUATIONS,
        experiments=tuple(sorted(both, key=[e.name for e in ground.experiments].index)),
        details={
            "task": task,
            "metric": metric,
            "loss": losses.metric,
            "best_by_loss": by_loss,
            "best_by_evaluation": by_score,
        },
    )


def _may_be_samples(ground: Groundwork, scores: Ranking, *names: str) -> bool:
    """Tell whether the questions that were asked may explain by how much two runs' scores differ."""
    for c in ground.comparisons:
        if c.metric == scores.metric and {c.a.experiments, c.b.experiments} == {(n,) for n in names}:
            return is_doubtful(c)
    measure = next(measure for measure in ground.measures if measure.name == scores.metric)
    found = [measure.read(run) for run in ground.experiments if run.name in names]
    a, b = (reading for reading in found if reading is not None)
    return may_be_samples(a.value - b.value, a.stderr, b.stderr)


def _replicates_of(ground: Groundwork, name: str) -> set[str]:
    """Return all runs of a run's setting."""
    cells = ({run.name for run in cell.runs} for cell in ground.design.cells)
    return next((names for names in cells if name in names), set())


def _task(ranking: Ranking) -> str:
    return ranking.metric.partition("/")[0]


def _best(ranking: Ranking, among: Sequence[str]) -> str:
    return next(name for name in ranking.order if name in among)
