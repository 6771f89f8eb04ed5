"""Read the results of bigcode-evaluation-harness: pass rates by task, and the model.

Invariant: a file of that name by another program says nothing.

Format: `evaluation_results.json`, an object of {"pass@1": value, …} by task and `config`, which holds all
arguments: `model`, `peft_model`, `n_samples`, …
Source: bigcode-evaluation-harness main.py, 2022 to 2025.
"""

import re
from collections.abc import Iterator, Mapping
from typing import IO

from afterall.model import Evaluation, EvaluationStatus, Source
from afterall.scan.evaluations.documents import read_document
from afterall.scan.evaluations.json_values import mapping_in, score_in
from afterall.scan.evaluations.targets import checkpoint_of
from afterall.scan.secrets import mask_secrets

FILE_NAME = re.compile(r"(?:^|/)evaluation_results\.json$")
_CONFIG = "config"
_ITS_OWN = frozenset({"model", "n_samples", "prefix", "do_sample"})
"""Arguments that every release has."""
_MOST = 200
"""Tasks of a file, and rates of a task."""


def read_bigcode_results(file: IO[bytes], name: str, home: str = "") -> tuple[Evaluation, ...]:
    """Return an evaluation a task; raise BadInput where the file is damaged.

    `home` is as `checkpoint_of` takes it.
    """
    document = read_document(file, name)
    target = _target(document)
    if target is None:
        return ()
    tasks = [
        Evaluation(
            task=task[:_MOST],
            status=EvaluationStatus.SUCCESS,
            source=Source(name, f"key {task[:_MOST]}"),
            checkpoint=checkpoint_of({"model": target.rstrip("/")}, name, home),
            model=mask_secrets(target[:2000]),
            metrics=dict(_scores(scores)),
        )
        for task, scores in list(document.items())[:_MOST]
        if task != _CONFIG
    ]
    return tuple(task for task in tasks if task.metrics)


def read_bigcode_target(file: IO[bytes], name: str) -> tuple[str, ...]:
    """Return what a file says of the model; nothing for another program's."""
    target = _target(read_document(file, name))
    return () if target is None else (target,)


def _target(document: Mapping[str, object]) -> str | None:
    """Return the adapter's path, else the model's; None where another program wrote the file."""
    config = mapping_in(document.get(_CONFIG))
    named = (config.get("peft_model"), config.get("model"))
    told = [text[:4096] for text in named if isinstance(text, str) and text]
    return told[0] if told and _ITS_OWN.issubset(config) else None


def _scores(scores: object) -> Iterator[tuple[str, float]]:
    for metric, value in list(mapping_in(scores).items())[:_MOST]:
        number = score_in(value)
        if number is not None:
            yield metric[:_MOST], number
