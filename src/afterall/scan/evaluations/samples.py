"""Turn what each sample scored into columns by metric that two evaluations can be paired by.

Invariant: a column stands for a metric only where its mean is that metric's value, so a score that is no mean
of samples (F1 over the data set, a best of epochs) is never paired. Total over whatever was decoded.
"""

import hashlib
import math
import re
import struct
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import TypeVar

import msgspec
from msgspec import Struct

from afterall.errors import BadInput
from afterall.model import SampleScores
from afterall.scan.trainers.rows import number_in

MOST_SAMPLES = 20_000
"""Of one evaluation, epochs counted; one that has more is not paired at all."""
MOST_COLUMNS = 20
_LARGEST = 1e100
"""Beyond it sums of squares overflow."""
_SAME = 1e-6
"""Relative, between a mean of samples and the metric as the log tells it."""
_WORDS: Mapping[str, float] = {
    "C": 1.0, "I": 0.0, "P": 0.5, "N": 0.0, "yes": 1.0, "true": 1.0, "no": 0.0, "false": 0.0,
}  # fmt: skip
"""inspect_ai.scorer: CORRECT, INCORRECT, PARTIAL, NOANSWER, and what value_to_float takes besides."""
_NO_NUMBER = re.compile(rb"([:,\[]\s{0,100})(?:NaN|-?Infinity)(?=\s{0,100}[,\]}])")
"""What both programs write bare, and msgspec refuses as RFC 8259 does."""

Told = TypeVar("Told")


class Scored(Struct, frozen=True):
    """One sample in one epoch: a digest of what was asked, and its finite scores by column."""

    sample: int
    epoch: int
    scores: dict[str, float]


def decoded(data: bytes, form: msgspec.json.Decoder[Told], name: str) -> Told:
    """Return JSON as `form` takes it, NaN and infinities as null; raise BadInput where it is none, or cut."""
    try:
        try:
            return form.decode(data)
        except msgspec.DecodeError:
            return form.decode(_NO_NUMBER.sub(rb"\1null", data))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadInput(name, "its samples are cut short or of another form") from error


def score_of(value: object) -> float | None:
    """Return a sample's score as a number, None for what is none, not finite, or beyond any score."""
    if isinstance(value, bool):
        return float(value)
    if isinstance(value, str):
        return _WORDS.get(value, _WORDS.get(value.lower()))
    number = number_in(value)
    return number if number is not None and abs(number) <= _LARGEST else None


def digest_of(sample_id: object, question: bytes, target: bytes) -> int:
    """Return 64 bits that samples share only where all of this is equal."""
    told = b"\0".join((str(sample_id).encode("utf-8", "surrogatepass"), question, target))
    return int.from_bytes(hashlib.blake2b(told, digest_size=8).digest())


def by_metric(rows: Iterable[Scored], metrics: Mapping[str, float]) -> dict[str, SampleScores]:
    """Return, of the metrics called "column/name" or "column", those that are means of their column.

    Of a sample that stands twice in one epoch the last counts.
    """
    columns: dict[str, dict[int, dict[int, float]]] = defaultdict(lambda: defaultdict(dict))
    for row in rows:
        for name, value in row.scores.items():
            if name in columns or len(columns) < MOST_COLUMNS:
                columns[name][row.sample][row.epoch] = value
    means = {name: _averaged(samples) for name, samples in columns.items()}
    packed: dict[str, SampleScores] = {}
    found = {}
    for metric, value in metrics.items():
        column = metric if metric in means else metric.rpartition("/")[0]
        if column in means and _is_mean(means[column].values(), value):
            found[metric] = packed.setdefault(column, _packed(means[column]))
    return found


def _averaged(samples: Mapping[int, Mapping[int, float]]) -> dict[int, float]:
    """Return each sample's mean over its epochs, the samples ascending."""
    return {sample: math.fsum(epochs.values()) / len(epochs) for sample, epochs in sorted(samples.items())}


def _is_mean(values: Collection[float], told: float) -> bool:
    if len(values) < 2:
        return False
    return math.isclose(math.fsum(values) / len(values), told, rel_tol=_SAME, abs_tol=_SAME * _SAME)


def _packed(means: Mapping[int, float]) -> SampleScores:
    return SampleScores(
        struct.pack(f"<{len(means)}Q", *means), struct.pack(f"<{len(means)}d", *means.values())
    )
