"""Read lm-evaluation-harness results: `results_<time>.json`, scores by task and filter, and the model's path.

Format: `results` {task: {"acc,none": value, "acc_stderr,none": value, "alias": …}}, `config` {"model_args":
…}, `n-samples` {task: {"original", "effective"}}, `date` (unix time). Source: lm_eval/loggers and utils.py,
0.4.x.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import IO

from afterall.model import Evaluation, EvaluationStatus, Source
from afterall.scan.evaluations.targets import checkpoint_of
from afterall.scan.trainers.line_files import read_json
from afterall.scan.trainers.rows import number_in

FILE_NAME = re.compile(r"(?:^|/)results(?:_[\dT:.-]+)?\.json$")
_MOST_TASKS = 200


def read_harness_results(file: IO[bytes], name: str) -> tuple[Evaluation, ...]:
    """Return an evaluation a task; none for a file of that name by another program.

    Raises BadInput where the file is damaged.
    """
    document = read_json(file, name)
    results = document.get("results")
    config = document.get("config")
    if not isinstance(results, dict) or not isinstance(config, dict):
        return ()
    model = config.get("model_args")
    target = {"model": _path_in(model if isinstance(model, str) else str(model))}
    return tuple(
        Evaluation(
            task=task,
            status=EvaluationStatus.SUCCESS,
            source=Source(name, f"key results.{task}"),
            checkpoint=checkpoint_of(target, name),
            model=target["model"][:2000],
            metrics=dict(_scores(scores)),
            samples=_samples(document.get("n-samples"), task),
            created=_time(document.get("date")),
        )
        for task, scores in list(results.items())[:_MOST_TASKS]
        if isinstance(scores, dict)
    )


def _scores(scores: Mapping[str, object]) -> Iterator[tuple[str, float]]:
    """Yield "filter/metric" and value, as "none/acc"; an error of "N/A" is left out."""
    for key, value in scores.items():
        metric, comma, how = key.partition(",")
        number = None if isinstance(value, str) else number_in(value)
        if comma and number is not None:
            yield f"{how}/{metric}", number


def _path_in(arguments: str) -> str:
    """Return the adapter's path in `pretrained=…,peft=…`, else the model's."""
    pairs = dict(re.findall(r"(\w+)['\"]?[=:]\s*['\"]?([^,'\"}]+)", arguments[:4096]))
    return pairs.get("peft") or pairs.get("pretrained") or arguments[:4096]


def _samples(counts: object, task: str) -> int | None:
    count = counts.get(task) if isinstance(counts, dict) else None
    number = count.get("effective") if isinstance(count, dict) else None
    return number if isinstance(number, int) and not isinstance(number, bool) and number >= 0 else None


def _time(value: object) -> datetime | None:
    number = number_in(value)
    if number is None or not 0 < number < 4e9:
        return None
    return datetime.fromtimestamp(number, UTC)
