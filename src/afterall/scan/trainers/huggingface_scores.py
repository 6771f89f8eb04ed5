"""Read the scores that the Hugging Face Trainer's own validation gave: accuracy and the like, not the loss.

Invariant: the loss and what validation cost are left to the curves; a score belongs to the step at which it
was logged, or to the final model where a result file says no step.
Format: keys `eval_<name>` in the rows of trainer_state.json's `log_history`, and in eval_results.json, which
`save_metrics("eval", …)` writes. Source: transformers 4.x to 5.23, trainer.py and trainer_pt_utils.py.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

from afterall.model import Evaluation, EvaluationStatus, Source
from afterall.scan.trainers.rows import count_in, number_in

TASK = "validation"
_SCORE = re.compile(
    r"eval_(?!(?:loss|(?:\w+_)?(?:runtime|samples|samples_per_second|steps_per_second|model_preparation_time"
    r"|jit_compilation_time)|\w+_per_second|num_tokens|num_input_tokens_seen|mem_\w+|nll_loss"
    r"|(?:min|max|mean)_reward|[\w/]*[_/]std|log_odds_\w+)$"
    r"|(?:logits|logps|log_probs|completions|clip_ratio|sampling|objective)/)(\w[\w./@-]*)"
)
"""What TRL watches of its policies besides, as logits and clipped ratios, is no score of a model."""


def last_scores(history: Sequence[object], file: str) -> Evaluation | None:
    """Return the scores of a history's last row that has any, with those of rows of its step before it.

    Each of several data sets is validated on by itself and has a row of its own.
    """
    if not any(map(_names_of, {tuple(row) for row in history if isinstance(row, dict)})):
        return None
    found: list[tuple[int, Mapping[str, object]]] = []
    last: int | None = None
    for index in reversed(range(len(history))):
        row = history[index]
        step = count_in(row.get("step")) if isinstance(row, dict) else None
        if last is not None and step != last:
            break
        if step is not None and isinstance(row, dict) and any(_scores(row)):
            found.append((index, row))
            last = step
    scores = {name: value for _, row in reversed(found) for name, value in row.items()}
    where = f"key log_history[{found[0][0]}]" if found else ""
    return _evaluation(scores, Source(file, where), f"checkpoint-{last}") if found else None


def final_scores(results: Mapping[str, object], file: str) -> Evaluation | None:
    """Return the scores in a result file, which speaks of the model at the run's end."""
    return _evaluation(results, Source(file), "final") if any(_scores(results)) else None


def _evaluation(row: Mapping[str, object], source: Source, checkpoint: str) -> Evaluation:
    return Evaluation(
        task=TASK,
        status=EvaluationStatus.SUCCESS,
        source=source,
        checkpoint=checkpoint,
        metrics=dict(_scores(row)),
        samples=count_in(row.get("eval_samples")),
        is_validation=True,
    )


def _scores(row: Mapping[str, object]) -> Iterator[tuple[str, float]]:
    for key, name in _names_of(tuple(row)):
        value = row[key]
        number = None if isinstance(value, str | bool) else number_in(value)
        if number is not None:
            yield name, number


@lru_cache(256)
def _names_of(keys: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Return the keys of a row that are scores', each with its score's name; most rows have the same."""
    found = ((key, _SCORE.fullmatch(key)) for key in keys)
    return tuple((key, match[1]) for key, match in found if match is not None)
