"""Read what every sample of an inspect-ai log scored: of a zip from its summaries, not its transcripts.

Invariant: all samples or none; what is damaged, too large or of another form costs these facts and no others.

Format: `summaries.json`, a list of {id, epoch, input, target, scores: {scorer: {value}}} beside much that is
passed over; the value of a scorer of several scores is an object. A log in one document has the same under
`samples`. Source: inspect_ai src/inspect_ai/log/_log.py (EvalSampleSummary), 0.3.163 to 0.3.285.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import IO

import msgspec
from msgspec import Raw, Struct

from afterall.model import Evaluation, SampleScores
from afterall.scan.evaluations.archive import Archive
from afterall.scan.evaluations.documents import MOST_BYTES as MOST_DOCUMENT_BYTES
from afterall.scan.evaluations.json_values import value_in
from afterall.scan.evaluations.samples import MOST_SAMPLES, Scored, by_metric, decoded, digest_of, score_of

MOST_BYTES = 32 << 20
"""Of summaries, unpacked: 1.6 KiB for each of MOST_SAMPLES."""
_SUMMARIES = "summaries.json"
_NULL = Raw(b"null")
_LONGEST_VALUE = 4096
_MESSAGE_ID = re.compile(rb'"id":\s{0,8}"[^"\\]{0,100}",?')
"""What a chat's messages are called, anew at each evaluation."""


class _Score(Struct):
    value: Raw = _NULL


class _Sample(Struct):
    """What is read of one sample in one epoch."""

    id: int | str
    epoch: int = 1
    input: Raw = _NULL
    target: Raw = _NULL
    scores: dict[str, _Score] | None = None


class _Document(Struct):
    samples: list[_Sample] | None = None


_LIST, _DOCUMENT = msgspec.json.Decoder(list[_Sample]), msgspec.json.Decoder(_Document)


def read_inspect_samples(file: IO[bytes], name: str, evaluation: Evaluation) -> dict[str, SampleScores]:
    """Return the scores of a `.eval` log's samples by metric; raise BadInput where they are damaged."""
    archive = Archive(file, name)
    if _SUMMARIES not in archive:
        return {}
    samples = decoded(archive.read(_SUMMARIES, MOST_BYTES), _LIST, name)
    return _by_metric(samples, evaluation)


def read_inspect_json_samples(file: IO[bytes], name: str, evaluation: Evaluation) -> dict[str, SampleScores]:
    """Return the same of a log that is one document."""
    document = decoded(file.read(MOST_DOCUMENT_BYTES), _DOCUMENT, name)
    return _by_metric(document.samples or (), evaluation)


def _by_metric(samples: Sequence[_Sample], evaluation: Evaluation) -> dict[str, SampleScores]:
    if len(samples) > MOST_SAMPLES:
        return {}
    rows = (
        Scored(_digest(sample), sample.epoch, scores)
        for sample in samples
        if (scores := dict(_scores(sample.scores or {})))
    )
    return by_metric(rows, evaluation.metrics)


def _digest(sample: _Sample) -> int:
    question = bytes(sample.input)
    is_chat = question.startswith(b"[")
    return digest_of(sample.id, _MESSAGE_ID.sub(b"", question) if is_chat else question, bytes(sample.target))


def _scores(scores: Mapping[str, _Score]) -> Iterator[tuple[str, float]]:
    """Yield the scores of a sample; those of a scorer of several stand under their own names."""
    for scorer, score in scores.items():
        value = value_in(score.value) if len(bytes(score.value)) <= _LONGEST_VALUE else None
        for name, each in value.items() if isinstance(value, dict) else ((scorer, value),):
            number = score_of(each)
            if number is not None:
                yield name, number
