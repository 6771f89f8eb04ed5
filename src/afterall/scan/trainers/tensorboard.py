"""Read the scalars of TensorBoard event files.

Format: Event {1 time, 2 step, 5 summary {1 value {1 tag, 2 simple_value, 8 tensor {1 dtype, 4 content, 5
float_val}, 9 metadata}}}, mostly one value an event. Values are float32. Steps are the program's: Lightning
and NeMo, which logs through it, count from 0, LitGPT counts iterations, all others here count from 1. A
file may hold no scalar at all.

Invariant: a value counts only if its event's checksum is its own; the first that is not ends the file.
"""

import re
import struct
from collections.abc import Iterator, Sequence
from typing import IO

from msgspec import Struct

from afterall.errors import BadInput
from afterall.model import Entry, Fact, Source
from afterall.scan.curves import Curve, Rounding
from afterall.scan.traces import Origin, Trace
from afterall.scan.trainers.event_records import HEAD_BYTES, Block, is_event_file, read_blocks
from afterall.scan.trainers.metric_names import CURVES
from afterall.scan.trainers.protobuf import fields
from afterall.scan.trainers.tensorboard_hparams import MOST_PARAMETERS, TAG, read_hparams
from afterall.scan.trainers.trainer import TraceFiles, Trainer, newest

NAME = "tensorboard"
_FILE = re.compile(r"(?:^|/)events\.out\.tfevents\.[^/]+$")
_PROCESS = re.compile(r"events\.out\.tfevents\.\d{1,20}\.(?P<process>[^/]{1,300}\.\d{1,10})\.\d{1,10}$")
"""A file is named by its time, its host, its process and a count. Source: TensorFlow's events_writer.cc."""
_LIGHTNING_LOGS = re.compile(r"(?:^|/)lightning_logs/")
"""What nobody else calls a directory."""
_LIGHTNING = re.compile(r"(?:^|/)lightning_logs/|(?:^|/)version_\d{1,18}/[^/]+$")
_FROM_ZERO = re.compile(rb"\x0a(?:\x09hp_metric|\x12reduced_train_loss)")
_ITERATIONS = re.compile(rb"\x0a\x09iter_time\x15")
_SIMPLE = re.compile(
    rb"\x09.{8}(?:\x10([\x80-\xff]{0,9}[\x00-\x7f]))?\x2a([\x00-\x7f])\x0a([\x00-\x7f])\x0a([\x00-\x7f])",
    re.DOTALL,
)
"""An event of one value as far as its tag's length: step, lengths of summary, value and tag."""
_FLOAT = struct.Struct("<f")
_DT_FLOAT = 1
_LEFT_OUT = frozenset({"epoch", "train_seconds"})
MOST_FILES = 8


class _Scalar(Struct, frozen=True):
    """One value: its event's number, first byte and length, and what it says."""

    event: tuple[int, int, int]
    key: str
    step: int
    value: float


def read_events(file: IO[bytes], name: str) -> Trace | None:
    """Return the scalars of an event file that are metrics; None where there are none.

    Raises BadInput for a file that does not begin with an event.
    """
    if not is_event_file(file.read(HEAD_BYTES)):
        raise BadInput(name, "is no event file of TensorBoard, or its first bytes are damaged")
    file.seek(0)
    curves: dict[str, Curve] = {}
    first, is_rows = _LIGHTNING.search(name) is not None, False
    parameters: dict[str, Fact] = {}
    for block in read_blocks(file):
        if len(parameters) < MOST_PARAMETERS:
            parameters |= _hparams_in(block, name)
        first = first or _FROM_ZERO.search(block.data) is not None
        is_rows = is_rows or _ITERATIONS.search(block.data) is not None
        scalars = list(_scalars_in(block))
        damaged = block.damaged(dict.fromkeys(scalar.event for scalar in scalars))
        for scalar in scalars:
            if damaged is None or scalar.event[0] < damaged:
                curve = curves.setdefault(scalar.key, Curve("event {}", Rounding(significant=6)))
                curve.counts_rows = is_rows
                curve.add(scalar.step + (first and not is_rows), scalar.value, scalar.event[0])
        if damaged is not None:
            break
    if not curves and not parameters:
        return None
    is_lightnings = _LIGHTNING_LOGS.search(name) is not None
    return Trace(
        trainer="lightning" if is_lightnings else NAME,
        origin=Origin.SINGLE_PRECISION,
        file=name,
        curves=curves,
        parameters=parameters,
        trains=is_lightnings,
    )


def _hparams_in(block: Block, name: str) -> dict[str, Fact]:
    """Return the hyperparameters in a block; of an event that is damaged none."""
    if TAG not in block.data:
        return {}
    found: dict[str, Fact] = {}
    for event in block.events:
        number, start, length = event
        data = block.data[start : start + length]
        if TAG in data and block.damaged([event]) is None:
            found |= read_hparams(data, Source(name, f"event {number}"))
    return found


def _scalars_in(block: Block) -> Iterator[_Scalar]:
    """Yield the metrics of a block; the usual events are told by their first bytes."""
    data = block.data
    for event in block.events:
        _, start, length = event
        end = start + length
        found = _SIMPLE.match(data, start, end)
        if found is None or not _is_one_value(found, end):
            yield from _scalars(data[start:end], event)
            continue
        tag = found.end() + found[4][0]
        if tag + 5 != end or data[tag] != 0x15:
            yield from _scalars(data[start:end], event)
            continue
        key = _key(data[found.end() : tag])
        if key is not None:
            yield _Scalar(event, key, _step(found[1] or b"\0"), _FLOAT.unpack_from(data, tag + 1)[0])


def _is_one_value(found: re.Match[bytes], end: int) -> bool:
    return found[2][0] == end - found.end(2) and found[3][0] == end - found.end(3)


def _key(tag: bytes) -> str | None:
    key = CURVES.get(tag.decode("utf-8", "replace"))
    return None if key in _LEFT_OUT else key


def _step(varint: bytes) -> int:
    return sum((byte & 0x7F) << 7 * index for index, byte in enumerate(varint))


def _scalars(event: bytes, place: tuple[int, int, int]) -> Iterator[_Scalar]:
    """Yield the metrics of any event."""
    told = list(fields(event))
    step = next((value for number, value in told if number == 2 and isinstance(value, int)), 0)
    for summary in (value for number, value in told if number == 5 and isinstance(value, bytes)):
        for number, value in fields(summary):
            if number == 1 and isinstance(value, bytes):
                parts = {key: part for key, part in fields(value) if isinstance(part, bytes)}
                scalar = parts.get(2) or _tensor(parts.get(8, b""))
                key = _key(parts.get(1, b""))
                if key is not None and scalar is not None and len(scalar) == _FLOAT.size:
                    yield _Scalar(place, key, step, _FLOAT.unpack(scalar)[0])


def _tensor(message: bytes) -> bytes | None:
    """Return the four bytes of a float tensor with one value."""
    parts = dict(fields(message))
    if parts.get(1) != _DT_FLOAT:
        return None
    content = parts.get(4) or parts.get(5)
    return content if isinstance(content, bytes) else None


def _choose(entries: Sequence[Entry]) -> Sequence[Entry]:
    """Return the files of the run that was written last: it may have several.

    torch's `add_hparams` and `add_scalars` put theirs into directories of their own below the run's.
    """
    files = [entry for entry in entries if _FILE.search(entry.path)]
    last = newest(files)
    return newest([entry for entry in files if _is_beside(entry, last[0])], MOST_FILES) if last else []


def _is_beside(entry: Entry, last: Entry) -> bool:
    """Tell whether a file is of the same run as another: beside it, or by its process above or below."""
    if entry.parent == last.parent:
        return True
    of_entry, of_last = _PROCESS.search(entry.name), _PROCESS.search(last.name)
    is_of_process = of_entry is not None and of_last is not None and of_entry["process"] == of_last["process"]
    return is_of_process and (
        last.path.startswith(f"{entry.parent}/") or entry.path.startswith(f"{last.parent}/")
    )


TENSORBOARD = Trainer(name=NAME, files=(TraceFiles(choose=_choose, read=read_events),))
