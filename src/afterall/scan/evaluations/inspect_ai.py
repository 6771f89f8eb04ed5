"""Read inspect-ai's `.eval` logs: status, scores of all scorers, samples, and what was evaluated.

Format: a zip; `header.json` comes last and is missing where the evaluation crashed or still runs, then
`_journal/start.json` tells what began. `results` is missing where the status is "error". Source: inspect_ai
src/inspect_ai/log/_recorders/eval.py, 0.3.163 to 0.3.285.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import IO

from afterall.errors import BadInput
from afterall.model import Evaluation, EvaluationStatus, Source
from afterall.scan.evaluations.archive import Archive
from afterall.scan.evaluations.targets import checkpoint_of
from afterall.scan.secrets import mask_secrets

HEADER_BYTES = 64 << 20
_HEADER, _START = "header.json", "_journal/start.json"
_LONGEST_ERROR = 500
_MOST_SCORES = 200


def read_inspect_log(file: IO[bytes], name: str) -> Evaluation:
    """Return the evaluation in a `.eval` file; raise BadInput where it is none, or damaged."""
    archive = Archive(file, name)
    member = _HEADER if _HEADER in archive else _START
    if member not in archive:
        raise BadInput(name, "holds neither header nor start of an evaluation")
    header = _object(archive.read(member, HEADER_BYTES), name, member)
    evaluation = _mapping(header.get("eval"))
    results = _mapping(header.get("results"))
    error = _mapping(header.get("error")).get("message")
    return Evaluation(
        task=_text(evaluation.get("task")) or "unnamed",
        status=_status(header.get("status")) if member == _HEADER else EvaluationStatus.STARTED,
        source=Source(name, member),
        checkpoint=checkpoint_of(evaluation, name),
        model=_text(evaluation.get("model")),
        metrics=dict(_scores(results)),
        samples=_count(results.get("completed_samples")),
        total_samples=_count(results.get("total_samples"))
        or _count(_mapping(evaluation.get("dataset")).get("samples")),
        created=_time(evaluation.get("created")),
        error=mask_secrets(_first_line(_text(error)))[:_LONGEST_ERROR],
    )


def _object(data: bytes, name: str, member: str) -> Mapping[str, object]:
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise BadInput(name, f"{member} is no JSON") from error
    if not isinstance(value, dict):
        raise BadInput(name, f"{member} is no JSON object")
    return value


def _scores(results: Mapping[str, object]) -> Iterator[tuple[str, float]]:
    """Yield "scorer/metric" and value; where a scorer reduces twice, its reducer stands between."""
    scores = results.get("scores")
    seen: set[str] = set()
    for score in scores[:_MOST_SCORES] if isinstance(scores, list) else []:
        scorer = _text(_mapping(score).get("name")) or _text(_mapping(score).get("scorer"))
        reducer = _text(_mapping(score).get("reducer"))
        for metric, found in list(_mapping(_mapping(score).get("metrics")).items())[:_MOST_SCORES]:
            value = _mapping(found).get("value")
            key = f"{scorer}/{metric}"
            key = f"{scorer}/{reducer}/{metric}" if key in seen and reducer else key
            if isinstance(value, int | float) and not isinstance(value, bool) and scorer and key not in seen:
                seen.add(key)
                yield key, float(value)


def _status(value: object) -> EvaluationStatus:
    known = {status.value: status for status in EvaluationStatus}
    return (
        known.get(value, EvaluationStatus.UNREADABLE)
        if isinstance(value, str)
        else EvaluationStatus.UNREADABLE
    )


def _time(value: object) -> datetime | None:
    try:
        time = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return None if time is None or time.tzinfo is None else _in_utc(time)


def _in_utc(time: datetime) -> datetime | None:
    try:
        return time.astimezone(UTC)
    except OverflowError:
        return None


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return value[:2000] if isinstance(value, str) else ""


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _first_line(text: str) -> str:
    return next((line.strip() for line in text.splitlines() if line.strip()), "")
