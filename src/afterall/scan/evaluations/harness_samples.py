"""Read what every sample of an lm-evaluation-harness task scored, which `--log_samples` writes.

Invariant: all of them or none, as for inspect-ai's logs.

Format: `samples_<task>_<time>.jsonl` beside `results_<time>.json`, an object a line and filter: {doc_id, doc,
doc_hash, target_hash, filter, "acc": 1.0, …}. Source: lm_eval/evaluator.py and
lm_eval/loggers/evaluation_tracker.py (save_results_samples), 0.4.0 to 0.4.9.
"""

import re
from collections.abc import Iterator, Mapping
from typing import IO

import msgspec
from msgspec import Raw

from afterall.model import Evaluation, SampleScores
from afterall.scan.evaluations.json_values import value_in
from afterall.scan.evaluations.samples import MOST_SAMPLES, Scored, by_metric, decoded, digest_of, score_of

MOST_BYTES = 64 << 20
_LINE = msgspec.json.Decoder(dict[str, Raw])
_UNFILTERED = "none"


def harness_sample_files(evaluation: Evaluation) -> tuple[str, ...]:
    """Return where the samples of a task may lie; older releases spell its name with `_` alone."""
    directory, slash, name = evaluation.source.file.rpartition("/")
    time = name.removeprefix("results").removesuffix(".json")
    tasks = dict.fromkeys((evaluation.task, re.sub(r"\W", "_", evaluation.task)))
    return tuple(f"{directory}{slash}samples_{task}{time}.jsonl" for task in tasks if "/" not in task)


def read_harness_samples(file: IO[bytes], name: str, evaluation: Evaluation) -> dict[str, SampleScores]:
    """Return the scores of a task's samples by metric; raise BadInput where a line is damaged."""
    data = file.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES or data.count(b"\n") > MOST_SAMPLES:
        return {}
    names = {metric: metric.rpartition("/") for metric in evaluation.metrics}
    columns = {key: (how or _UNFILTERED, metric) for key, (how, _, metric) in names.items()}
    return by_metric(_rows(data, name, columns), evaluation.metrics)


def _rows(data: bytes, name: str, columns: Mapping[str, tuple[str, str]]) -> Iterator[Scored]:
    for line in data.splitlines():
        if line.strip():
            fields = decoded(line, _LINE, name)
            yield _scored(fields, columns)


def _scored(line: Mapping[str, Raw], columns: Mapping[str, tuple[str, str]]) -> Scored:
    told = _value(line, "filter")
    filtered = told if isinstance(told, str) else _UNFILTERED
    scores = {
        column: number
        for column, (how, metric) in columns.items()
        if how == filtered and (number := score_of(_value(line, metric))) is not None
    }
    question = bytes(line.get("doc_hash", line.get("doc", b"")))
    target = bytes(line.get("target_hash", b""))
    return Scored(digest_of(_value(line, "doc_id"), question, target), 1, scores)


def _value(line: Mapping[str, Raw], key: str) -> object:
    return value_in(line[key]) if key in line else None
