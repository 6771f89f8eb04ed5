"""Make evaluation logs as inspect-ai and the harness write them, with a score for every sample."""

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

from afterall.model import Evaluation
from afterall.scan.evaluations.inspect_ai import read_inspect_log

Row = Mapping[str, Any]


def sample(number: int | str, value: object, epoch: int = 1, **more: object) -> dict[str, Any]:
    """Return a sample's summary, of the scorer `match`; `more` are further fields."""
    asked = {"id": number, "epoch": epoch, "input": f"question {number}", "target": f"answer {number}"}
    scores = {"match": {"value": value, "answer": "x", "history": []}}
    return {**asked, "metadata": {}, "scores": scores, "completed": True, **more}


def header(
    accuracy: float, task: str = "capitalization", metric: str = "match/accuracy", samples: int = 0
) -> dict[str, Any]:
    """Return the header of a successful log of one score."""
    scorer, _, name = metric.partition("/")
    scores = [{"name": scorer, "scorer": scorer, "metrics": {name: {"value": accuracy}}}]
    return {
        "status": "success",
        "eval": {"task": task, "model": "hf/local", "created": "2026-11-23T07:00:00+00:00"},
        "results": {"completed_samples": samples, "total_samples": samples, "scores": scores},
    }


def zipped(members: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return a zip of these members."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def eval_log(samples: Sequence[Row], told: Row, **members: bytes) -> bytes:
    """Return a `.eval` file: the samples' summaries, and the header that stands last."""
    encoded = {"summaries.json": json.dumps(list(samples)).encode(), **members}
    return zipped({**encoded, "header.json": json.dumps(told).encode()})


def answered(right: Sequence[bool], first: int = 1, task: str = "capitalization") -> bytes:
    """Return the log of samples `first`, `first` + 1, … that were right or wrong, scored by accuracy."""
    samples = [sample(first + n, "C" if each else "I") for n, each in enumerate(right)]
    return eval_log(samples, header(sum(right) / len(right), task, samples=len(right)))


def evaluation(data: bytes, name: str = "eval/x.eval") -> Evaluation:
    """Return what the log's header says."""
    (found,) = read_inspect_log(io.BytesIO(data), name)
    return found
