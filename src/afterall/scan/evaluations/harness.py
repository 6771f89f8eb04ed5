"""Read the results of lm-evaluation-harness and lighteval: `results_<time>.json`, scores by task, the model.

Formats: `results` {task: {"acc,none": value, "acc_stderr,none": value, "alias": …}} of the harness since 0.4,
{task: {"acc": value, "acc_stderr": value}} before and of lighteval; `groups` the same for groups of tasks;
`config` {"model_args": …} or lighteval's `config_general` {"model_name" or "model_config": …}; `n-samples`
{task: {"original", "effective"}} or lighteval's `config_tasks` {task: {"effective_num_docs": …}}; `date` (a
unix time). Sources: lm_eval/loggers/evaluation_tracker.py and evaluator.py, 0.3.0 to 0.4.9;
lighteval/logging/evaluation_tracker.py and info_loggers.py.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import IO

from afterall.model import Evaluation, EvaluationStatus, Source
from afterall.scan.evaluations.documents import read_document
from afterall.scan.evaluations.json_values import count_in, mapping_in, score_in
from afterall.scan.evaluations.targets import checkpoint_of
from afterall.scan.secrets import mask_secrets
from afterall.scan.trainers.rows import number_in

FILE_NAME = re.compile(r"(?:^|/)results(?:_[\dT:.-]+)?\.json$", re.ASCII)
_MOST_TASKS = 200
_LONGEST_NAME = 200
_PAIR = re.compile(r"(\w{1,100})['\"]?[=:]\s{0,5}['\"]?([^,'\"}]{1,4096})")
"""An argument of the model, of `name=value,…` or of a dictionary as text, in which None is no value."""
_AVERAGE = "all"
"""What lighteval calls the average over all its tasks."""


def read_harness_results(file: IO[bytes], name: str, home: str = "") -> tuple[Evaluation, ...]:
    """Return an evaluation a task; none for a file of that name by another program.

    `home` is as `checkpoint_of` takes it. Raises BadInput where the file is damaged.
    """
    return evaluations_in(read_document(file, name), name, home)


def evaluations_in(document: Mapping[str, object], name: str, home: str) -> tuple[Evaluation, ...]:
    """Return an evaluation a task of a decoded file; none for another program's."""
    target = _target(document)
    if target is None:
        return ()
    tasks = [
        Evaluation(
            task=_name(task),
            status=EvaluationStatus.SUCCESS,
            source=Source(name, f"key {place}.{_name(task)}"),
            checkpoint=checkpoint_of({"model": target.rstrip("/")}, name, home),
            model=mask_secrets(target[:2000]),
            metrics=dict(_scores(scores)),
            samples=_samples(document, task),
            created=_time(document),
        )
        for place, task, scores in _tasks(document)
    ]
    return tuple(task for task in tasks if task.metrics)


def read_harness_target(file: IO[bytes], name: str) -> tuple[str, ...]:
    """Return what a file of results says of the model; nothing for another program's."""
    target = _target(read_document(file, name))
    return () if target is None else (target,)


def _tasks(document: Mapping[str, object]) -> Iterator[tuple[str, str, Mapping[str, object]]]:
    """Yield where it stands, name and scores of each task; of a group that is no task of its own too."""
    seen: set[str] = set()
    for place in ("results", "groups"):
        for task, scores in list(mapping_in(document.get(place)).items())[:_MOST_TASKS]:
            is_average = task == _AVERAGE and len(seen) == 1
            if isinstance(scores, dict) and task not in seen and not is_average:
                seen.add(task)
                yield place, task, scores


def _scores(scores: Mapping[str, object]) -> Iterator[tuple[str, float]]:
    """Yield "filter/metric" and value, as "none/acc", and plain "acc" of a program without filters.

    An error of "N/A" is left out, and so are a task's other numbers beside filtered metrics.
    """
    has_filters = any("," in key for key in scores)
    for key, value in scores.items():
        metric, comma, how = key.partition(",")
        number = score_in(value)
        if number is not None and bool(comma) is has_filters:
            yield _name(f"{how}/{metric}" if comma else metric), number


def _target(document: Mapping[str, object]) -> str | None:
    """Return the path or label of the model; None where neither program wrote the file."""
    config, general = document.get("config"), document.get("config_general")
    if not isinstance(document.get("results"), dict):
        return None
    if isinstance(config, dict):
        model = config.get("model_args")
        if model in (None, ""):
            model = document.get("model_name") or config.get("model")
        return _path_in(model if isinstance(model, str) else str(model))
    if isinstance(general, dict):
        inner = mapping_in(general.get("model_config"))
        return _text(inner.get("model_name")) or _text(general.get("model_name"))
    return None


def _path_in(arguments: str) -> str:
    """Return the adapter's path in `pretrained=…,peft=…`, else the model's."""
    pairs = dict(_PAIR.findall(arguments[:4096]))
    told = (pairs[key] for key in ("peft", "pretrained") if pairs.get(key, "None") != "None")
    return next(told, arguments[:4096])


def _text(value: object) -> str:
    return value[:4096] if isinstance(value, str) else ""


def _name(text: str) -> str:
    """Return the name of a task or measure; one without end is shortened and stays unlike all others."""
    if len(text) <= _LONGEST_NAME:
        return text
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{text[: _LONGEST_NAME - 10]}… {digest[:8]}"


def _samples(document: Mapping[str, object], task: str) -> int | None:
    """Return how many samples of a task were evaluated; lighteval may leave out its shots there."""
    told = mapping_in(mapping_in(document.get("n-samples")).get(task)).get("effective")
    tasks = mapping_in(document.get("config_tasks"))
    ours = mapping_in(tasks.get(task)) or mapping_in(tasks.get(task.rpartition("|")[0]))
    return count_in(ours.get("effective_num_docs") if told is None else told)


def _time(document: Mapping[str, object]) -> datetime | None:
    number = number_in(document.get("date"))
    if number is None or not 0 < number < 4e9:
        return None
    return datetime.fromtimestamp(number, UTC)
