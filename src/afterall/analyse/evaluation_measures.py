"""Read evaluation scores as measures: the same task, scorer and metric, on the same checkpoint of each run.

Invariant: scores of different checkpoints are never compared, but for one that is taken for the state of its
run's last; of several evaluations of one checkpoint the latest successful one counts.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from afterall.analyse.evaluated_checkpoints import evaluated_checkpoint
from afterall.analyse.evaluation_readings import latest_reading
from afterall.analyse.measures import Kind, Measure, Reading
from afterall.analyse.ordering import natural_key
from afterall.analyse.stand_ins import find_stand_ins
from afterall.model import Direction, Evaluation, EvaluationStatus, Experiment

FINAL = "final"
_STANDS_IN = "final, by another name"
Lasts = frozenset[tuple[str, str]]
"""Names of runs and of the checkpoints that stand for their last one."""
_UP = frozenset(
    {
        "acc",
        "acc_norm",
        "accuracy",
        "auc",
        "auprc",
        "auroc",
        "average_precision",
        "balanced_accuracy",
        "bleu",
        "chrf",
        "em",
        "exact_match",
        "f1",
        "f1_macro",
        "f1_micro",
        "iou",
        "kappa",
        "macro_f1",
        "map",
        "mcc",
        "mean_token_accuracy",
        "meteor",
        "micro_f1",
        "mrr",
        "ndcg",
        "parse_rate",
        "pass@1",
        "pass_at_1",
        "pearson",
        "precision",
        "r2",
        "recall",
        "reward",
        "roc_auc",
        "rouge1",
        "rouge2",
        "rougel",
        "rougelsum",
        "sacrebleu",
        "spearman",
        "win_rate",
    }
)
_DOWN = frozenset(
    {
        "bits_per_byte",
        "bits_per_char",
        "brier",
        "brier_score",
        "byte_perplexity",
        "cer",
        "ece",
        "edit_distance",
        "error",
        "error_rate",
        "eval_loss",
        "hamming_loss",
        "levenshtein",
        "log_loss",
        "loss",
        "mae",
        "mse",
        "nll",
        "perplexity",
        "ppl",
        "rmse",
        "ter",
        "wer",
        "word_perplexity",
    }
)
_OVER_SAMPLES = re.compile(r"/(?:mean|best|worst|maj)@\d{1,6}(?:/mean)?$")
"""How verl says behind a score what it is of several answers to a question: `acc/best@8/mean`."""
_PASSED = re.compile(r"pass@\d{1,6}")


def direction_of(metric: str) -> Direction:
    """Return which way an evaluation's metric ("scorer/metric") is better; UNKNOWN where no name says."""
    metric = _OVER_SAMPLES.sub("", metric)
    for word in (metric.rpartition("/")[2], metric.partition("/")[0]):
        plain = word.strip().lower().replace("-", "_").replace(" ", "_").partition(",")[0]
        if plain in _UP or _PASSED.fullmatch(plain):
            return Direction.UP
        if plain in _DOWN:
            return Direction.DOWN
        if plain in ("stderr", "std", "var", "count", "n") or plain.endswith("_stderr"):
            return Direction.UNKNOWN
    return Direction.UNKNOWN


def score_direction(task: str, name: str, wanted: Mapping[str, Direction]) -> Direction:
    """Return which way a task's score is better: `wanted` says by "task/scorer/metric", else its name."""
    return wanted.get(f"{task}/{name}", direction_of(name))


def evaluation_measures(
    experiments: Sequence[Experiment], wanted: Mapping[str, Direction] = MappingProxyType({})
) -> tuple[Measure, ...]:
    """Return a measure for each score whose direction is known, at the checkpoint that most runs evaluated.

    The final checkpoint is preferred as soon as two runs evaluated it; one that is taken for the same state
    counts for it. A measure is called "task/scorer/metric"; `wanted` gives the direction of some by that
    name. Scorers that agree on every run are one, under the name of the first, or of the one that is wanted.
    """
    lasts = frozenset((each.experiment, each.evaluated) for each in find_stand_ins(experiments))
    scores: dict[tuple[str, str], dict[str, set[str]]] = {}
    for experiment in experiments:
        for evaluation in experiment.evaluations:
            if evaluation.status is EvaluationStatus.SUCCESS:
                for name in evaluation.metrics:
                    labels = scores.setdefault((evaluation.task, name), {})
                    for label in _labels(experiment, evaluation, lasts):
                        labels.setdefault(label, set()).add(experiment.name)
    measures = [
        _measure((task, name), _common_label(labels), wanted, lasts)
        for (task, name), labels in scores.items()
    ]
    measures = [measure for measure in measures if measure.direction is not Direction.UNKNOWN]
    measures.sort(key=lambda measure: measure.name not in wanted)
    agreeing: dict[tuple[object, ...], Measure] = {}
    for measure in measures:
        readings = (measure.read(experiment) for experiment in experiments)
        told = tuple(None if reading is None else repr(reading.value) for reading in readings)
        task = measure.name.partition("/")[0]
        agreeing.setdefault((task, measure.direction, measure.checkpoint, told), measure)
    return tuple(agreeing.values())


def _labels(experiment: Experiment, evaluation: Evaluation, lasts: Lasts) -> tuple[str, ...]:
    """Return what a checkpoint is compared as: by its name, and as the last one where it stands for that."""
    checkpoint = evaluated_checkpoint(experiment, evaluation)
    if checkpoint is None:
        return (evaluation.checkpoint or "",)
    if checkpoint.is_final:
        return (FINAL,)
    own = evaluation.checkpoint or ""
    return (own, _STANDS_IN) if (experiment.name, checkpoint.name) in lasts else (own,)


def _common_label(runs: dict[str, set[str]]) -> str:
    """Return the label that most runs have; the last checkpoint's own scores come first, then more runs."""
    own = runs.get(FINAL, set())
    if len(own) > 1:
        return FINAL
    named = {label: names for label, names in runs.items() if label != _STANDS_IN}
    last = own | runs.get(_STANDS_IN, set())
    named |= {FINAL: last} if last else {}
    return max(
        named, key=lambda label: (len(named[label]), (label == FINAL) is bool(own), natural_key(label))
    )


def _measure(score: tuple[str, str], label: str, wanted: Mapping[str, Direction], lasts: Lasts) -> Measure:
    direction = score_direction(*score, wanted)
    return Measure("/".join(score), direction, Kind.QUALITY, _reader(*score, label, lasts), label)


def _reader(task: str, name: str, label: str, lasts: Lasts) -> Callable[[Experiment], Reading | None]:
    labels = {FINAL, _STANDS_IN} if label == FINAL else {label}

    def read(experiment: Experiment) -> Reading | None:
        scored = [
            evaluation
            for evaluation in experiment.evaluations
            if evaluation.task == task
            and evaluation.status is EvaluationStatus.SUCCESS
            and name in evaluation.metrics
            and not labels.isdisjoint(_labels(experiment, evaluation, lasts))
        ]
        return latest_reading(experiment, scored, name) if scored else None

    return read
