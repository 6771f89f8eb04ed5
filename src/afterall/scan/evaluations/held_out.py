"""Read the scores on held-out data that Hugging Face's example scripts save: predict_results.json and alike.

Invariant: they are of the model at the run's end; times and counts are no scores.

Format: `<split>_<metric>` in `<split>_results.json`, which `trainer.save_metrics(split, …)` writes, the split
being "predict" or "test". Source: transformers trainer_pt_utils.py (save_metrics), examples/pytorch/run_*.py.
"""

import re
from collections.abc import Iterator, Mapping
from typing import IO

from afterall.model import Evaluation, EvaluationStatus, Source
from afterall.scan.evaluations.documents import read_document
from afterall.scan.evaluations.json_values import score_in
from afterall.scan.trainers.rows import number_in

FILE_NAME = re.compile(r"(?:^|/)(predict|test)_results\.json$")
_NO_SCORE = re.compile(r"runtime|samples|\w+_per_second|num_\w+|model_preparation_time|jit_\w+|mem_\w+|epoch")


def read_held_out(file: IO[bytes], name: str, _home: str = "") -> tuple[Evaluation, ...]:
    """Return the one evaluation in a file, none where it holds no score; raise BadInput where damaged."""
    document = read_document(file, name)
    named = FILE_NAME.search(name)
    split = named[1] if named is not None else "test"
    metrics = dict(_scores(document, split))
    if not metrics:
        return ()
    samples = number_in(document.get(f"{split}_samples"))
    return (
        Evaluation(
            task=split,
            status=EvaluationStatus.SUCCESS,
            source=Source(name),
            checkpoint="final",
            metrics=metrics,
            samples=int(samples) if samples is not None and 0 <= samples < 1e15 else None,
        ),
    )


def _scores(document: Mapping[str, object], split: str) -> Iterator[tuple[str, float]]:
    for key, value in document.items():
        metric = key.removeprefix(f"{split}_")
        number = score_in(value)
        if metric != key and metric and number is not None and not _NO_SCORE.fullmatch(metric):
            yield metric, number
