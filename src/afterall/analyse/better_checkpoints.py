"""Find checkpoints that an evaluation scores clearly better than the last one of their run.

Invariant: both scores are of one task, scorer and metric, and of good checkpoints of different states; what
samples may explain is never called better: judged sample by sample where both logs hold them, else by both
standard errors, and corrected by Holm's method for every checkpoint that was held against its run's last.
"""

import math
from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from afterall.analyse.evaluated_checkpoints import age, evaluated_checkpoint
from afterall.analyse.evaluation_measures import score_direction
from afterall.analyse.evaluation_readings import latest_reading
from afterall.analyse.measures import Reading
from afterall.analyse.noise import LEVEL, holm
from afterall.analyse.readings import is_alive
from afterall.analyse.sample_pairs import pair_samples
from afterall.analyse.stand_ins import are_same_state, find_stand_ins
from afterall.model import (
    BetterCheckpoint,
    Checkpoint,
    Direction,
    Evaluation,
    EvaluationStatus,
    Experiment,
    SamplePairs,
    Verdict,
)

Score = tuple[str, str]
"""Task, and "scorer/metric"."""
Scored = tuple[Checkpoint, Reading]


class _Rival(Struct, frozen=True):
    """A checkpoint beside its run's last one; `gain` is positive where it scores better."""

    experiment: Experiment
    own: Scored
    last: Scored
    gain: float
    pairs: SamplePairs | None
    p_value: float


def find_better_checkpoints(
    experiments: Sequence[Experiment], wanted: Mapping[str, Direction]
) -> tuple[BetterCheckpoint, ...]:
    """Return the best of such checkpoints of each run, by one score of each task.

    `wanted` gives the direction of some scores, by "task/scorer/metric", and so says which score that is;
    else it is the first whose name tells its direction.
    """
    several = [e for e in experiments if not is_alive(e) and len({one.checkpoint for one in _scoring(e)}) > 1]
    found = [b for score in _scores(several, wanted) for b in _by_score(several, score, wanted)]
    order = {experiment.name: place for place, experiment in enumerate(several)}
    return tuple(sorted(found, key=lambda better: order[better.experiment]))


def _scores(experiments: Sequence[Experiment], wanted: Mapping[str, Direction]) -> list[Score]:
    """Return the score of each task that its checkpoints are judged by."""
    scores = dict.fromkeys((e.task, name) for run in experiments for e in _scoring(run) for name in e.metrics)
    known = [score for score in scores if score_direction(*score, wanted) is not Direction.UNKNOWN]
    by_task: dict[str, Score] = {}
    for score in sorted(known, key=lambda score: "/".join(score) not in wanted):
        by_task.setdefault(score[0], score)
    return list(by_task.values())


def _scoring(experiment: Experiment) -> list[Evaluation]:
    return [e for e in experiment.evaluations if e.status is EvaluationStatus.SUCCESS]


def _by_score(
    experiments: Sequence[Experiment], score: Score, wanted: Mapping[str, Direction]
) -> Iterator[BetterCheckpoint]:
    sign = -1 if score_direction(*score, wanted) is Direction.DOWN else 1
    rivals = [rival for run in experiments for rival in _rivals(run, score, sign)]
    corrected = [p for p in holm([rival.p_value for rival in rivals]) if p is not None]
    best: dict[str, tuple[_Rival, float]] = {}
    for rival, p_value in zip(rivals, corrected, strict=True):
        before = best.get(rival.experiment.name)
        if rival.gain > 0 and p_value <= LEVEL and (before is None or rival.gain > before[0].gain):
            best[rival.experiment.name] = (rival, p_value)
    yield from (_better(rival, "/".join(score), p_value, len(rivals)) for rival, p_value in best.values())


def _better(rival: _Rival, metric: str, p_value: float, family: int) -> BetterCheckpoint:
    (own, reading), (last, of_last) = rival.own, rival.last
    return BetterCheckpoint(
        experiment=rival.experiment.name,
        metric=metric,
        checkpoint=own.name,
        path=own.path,
        value=reading.value,
        last=last.name,
        last_value=of_last.value,
        p_value=p_value,
        family=family,
        pairs=rival.pairs,
    )


def _rivals(experiment: Experiment, score: Score, sign: int) -> Iterator[_Rival]:
    """Yield the good checkpoints that can be told from the last one by this score, earlier ones last."""
    scored = _scored(experiment, score)
    last = _last(experiment, scored)
    if last is None:
        return
    for own in sorted(scored, key=lambda each: age(each[0]), reverse=True):
        if own[0].verdict is Verdict.OK and not are_same_state(experiment, own[0], last[0]):
            judged = _judged(last[1], own[1])
            if judged is not None:
                gain = sign * (own[1].value - last[1].value)
                yield _Rival(experiment, own, last, gain, *judged)


def _scored(experiment: Experiment, score: Score) -> list[Scored]:
    """Return the checkpoints that have a finite score of a task, each with it."""
    task, name = score
    by_place: dict[str, tuple[Checkpoint, list[Evaluation]]] = {}
    for evaluation in _scoring(experiment):
        checkpoint = evaluated_checkpoint(experiment, evaluation)
        if checkpoint is not None and evaluation.task == task and name in evaluation.metrics:
            by_place.setdefault(checkpoint.path, (checkpoint, []))[1].append(evaluation)
    read = [(c, latest_reading(experiment, own, name)) for c, own in by_place.values()]
    return [(checkpoint, reading) for checkpoint, reading in read if reading.is_finite]


def _last(experiment: Experiment, scored: Sequence[Scored]) -> Scored | None:
    """Return the scored checkpoint that the run ended with, by itself or in its place."""
    speaking = {each.evaluated for each in find_stand_ins([experiment])}
    ends = [c for c in experiment.checkpoints if c.is_final or c.name in speaking]
    if not ends and experiment.checkpoints:
        ends = [max(experiment.checkpoints, key=age)]
    return max((each for each in scored if each[0] in ends), key=lambda each: age(each[0]), default=None)


def _judged(last: Reading, own: Reading) -> tuple[SamplePairs | None, float] | None:
    """Return how often samples alone do this, by pairs where there are; None where nothing tells."""
    if last.samples is not None and own.samples is not None:
        pairs = pair_samples([last.samples], [own.samples])
        if pairs is not None:
            is_contrary = (pairs.difference > 0) is not (own.value > last.value)
            return pairs, 1.0 if is_contrary else pairs.raw_p_value
    if last.stderr is None or own.stderr is None:
        return None
    return None, _normal(own.value - last.value, math.hypot(last.stderr, own.stderr))


def _normal(difference: float, error: float) -> float:
    """Return the two-sided p-value of independent samples: that of the same ones is hardly ever larger."""
    if error == 0:
        return 1.0 if difference == 0 else 0.0
    return math.erfc(abs(difference / error) / math.sqrt(2))
