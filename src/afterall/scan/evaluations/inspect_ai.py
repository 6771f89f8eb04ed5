"""Read inspect-ai's `.eval` logs: status, scores of all scorers, samples, and what was evaluated.

Format: a zip; `header.json` comes last and is missing where the evaluation crashed or still runs, then
`_journal/start.json` tells what began, and `samples/<id>_epoch_<n>.json` how far it came. `results` is
missing where the status is "error". Source: inspect_ai src/inspect_ai/log/_recorders/eval.py, 0.3.163 to
0.3.285.
"""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import IO

from msgspec.structs import replace

from afterall.errors import BadInput
from afterall.model import Evaluation, EvaluationStatus, Source
from afterall.scan.evaluations.archive import Archive
from afterall.scan.evaluations.json_values import count_in, mapping_in, score_in
from afterall.scan.evaluations.targets import checkpoint_of, said
from afterall.scan.secrets import mask_secrets

FILE_NAME = re.compile(r"\.eval$", re.IGNORECASE)
HEADER_BYTES = 64 << 20
_HEADER, _START = "header.json", "_journal/start.json"
_LONGEST_ERROR = 500
_MOST_SCORES = 200
_SAMPLE = re.compile(r"samples/[^/]{1,500}_epoch_\d{1,9}\.json")


def read_inspect_log(file: IO[bytes], name: str, home: str = "") -> tuple[Evaluation, ...]:
    """Return the one evaluation in a `.eval` file; raise BadInput where it is none, or damaged.

    `home` is as `checkpoint_of` takes it.
    """
    archive = Archive(file, name)
    member, header = _header(archive, name)
    if member == _HEADER:
        return (evaluation_in(header, Source(name, member), home),)
    written = sum(1 for each in archive.names() if _SAMPLE.fullmatch(each))
    begun = evaluation_in({**header, "status": EvaluationStatus.STARTED.value}, Source(name, member), home)
    return (replace(begun, samples=written),)


def evaluation_in(header: Mapping[str, object], source: Source, home: str = "") -> Evaluation:
    """Return the evaluation that a log's header describes, wherever the header stands."""
    evaluation = mapping_in(header.get("eval"))
    results = mapping_in(header.get("results"))
    error = mapping_in(header.get("error")).get("message")
    return Evaluation(
        task=_text(evaluation.get("task")) or "unnamed",
        status=_status(header.get("status")),
        source=source,
        checkpoint=checkpoint_of(evaluation, source.file, home),
        model=mask_secrets(_text(evaluation.get("model"))),
        metrics=dict(_scores(results)),
        samples=count_in(results.get("completed_samples")),
        total_samples=count_in(results.get("total_samples")) or _planned(evaluation),
        created=_time(evaluation.get("created")),
        error=mask_secrets(_first_line(_text(error)))[:_LONGEST_ERROR],
    )


def read_inspect_target(file: IO[bytes], name: str) -> tuple[str, ...]:
    """Return what a log says of the model it evaluated; raise BadInput where it is none."""
    _, header = _header(Archive(file, name), name)
    return tuple(said(mapping_in(header.get("eval"))))


def _header(archive: Archive, name: str) -> tuple[str, Mapping[str, object]]:
    """Return the member that describes the evaluation, by its name and as JSON."""
    member = _HEADER if _HEADER in archive else _START
    if member not in archive:
        raise BadInput(name, "holds neither header nor start of an evaluation")
    return member, _object(archive.read(member, HEADER_BYTES), name, member)


def _planned(evaluation: Mapping[str, object]) -> int | None:
    """Return how many samples were to be done: those of the data set as far as its limit, in every epoch."""
    dataset, config = mapping_in(evaluation.get("dataset")), mapping_in(evaluation.get("config"))
    ids, limit = dataset.get("sample_ids"), count_in(config.get("limit"))
    known = len(ids) if isinstance(ids, list) and ids else count_in(dataset.get("samples"))
    if known is None:
        return None
    epochs = count_in(config.get("epochs")) or 1
    return (known if limit is None else min(known, limit)) * epochs


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
        scorer = _text(mapping_in(score).get("name")) or _text(mapping_in(score).get("scorer"))
        reducer = _text(mapping_in(score).get("reducer"))
        for metric, found in list(mapping_in(mapping_in(score).get("metrics")).items())[:_MOST_SCORES]:
            value = score_in(mapping_in(found).get("value"))
            key = f"{scorer}/{metric}"
            key = f"{scorer}/{reducer}/{metric}" if key in seen and reducer else key
            if value is not None and scorer and key not in seen:
                seen.add(key)
                yield key, value


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


def _text(value: object) -> str:
    return value[:2000] if isinstance(value, str) else ""


def _first_line(text: str) -> str:
    return next((line.strip() for line in text.splitlines() if line.strip()), "")
