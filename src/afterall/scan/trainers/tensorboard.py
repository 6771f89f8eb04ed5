"""Read the scalars of TensorBoard event files.

Format: TFRecords of u64 length, its masked crc32c, the event, its masked crc32c; Event {2 step, 5 summary {1
value {1 tag, 2 simple_value, 8 tensor {1 dtype, 4 content, 5 float_val}}}}. Values are float32. Steps are the
program's: Lightning counts from 0, all others here from 1. A file may hold no scalar at all.
"""

import re
import struct
from collections.abc import Iterator, Sequence
from typing import IO

from afterall.model import Entry
from afterall.scan.curves import Rounding
from afterall.scan.traces import Origin, Trace
from afterall.scan.trainers.metric_names import CURVES
from afterall.scan.trainers.protobuf import fields
from afterall.scan.trainers.rows import Rows
from afterall.scan.trainers.trainer import TraceFiles, Trainer, newest

NAME = "tensorboard"
_FILE = re.compile(r"(?:^|/)events\.out\.tfevents\.[^/]+$")
_HEAD = struct.Struct("<QI")
_FLOAT = struct.Struct("<f")
_DT_FLOAT = 1
MOST_EVENT_BYTES = 1 << 16
"""Larger events are images and histograms; they are passed over."""
MOST_FILES = 8


def _table() -> tuple[int, ...]:
    """Return the table of CRC-32C, the Castagnoli polynomial reflected."""
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)  # noqa: PLW2901
        table.append(value)
    return tuple(table)


_CRC = _table()


def masked_crc(data: bytes) -> int:
    """Return TensorFlow's masked CRC-32C."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = _CRC[(crc ^ byte) & 0xFF] ^ crc >> 8
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def read_events(file: IO[bytes], name: str) -> Trace | None:
    """Return the scalars of an event file that are metrics; None where there are none."""
    rows = Rows("event {}", Rounding(significant=6))
    from_zero = "lightning_logs/" in name
    for number, event in enumerate(_events(file), start=1):
        step = next((value for key, value in fields(event) if key == 2 and isinstance(value, int)), 0)
        values = dict(_scalars(event))
        if values and step < 1 << 62:
            rows.add({**values, "global_step": step + from_zero}, number)
    rows.curves.pop("epoch", None)
    if not len(rows):
        return None
    return Trace(trainer=NAME, origin=Origin.SINGLE_PRECISION, file=name, curves=rows.curves, trains=False)


def _events(file: IO[bytes]) -> Iterator[bytes]:
    """Yield whole events; it ends at the first that is damaged or cut."""
    while len(head := file.read(_HEAD.size)) == _HEAD.size:
        length, checksum = _HEAD.unpack(head)
        if masked_crc(head[:8]) != checksum:
            return
        if length > MOST_EVENT_BYTES:
            file.seek(min(length, 1 << 62) + 4, 1)
            continue
        event = file.read(length)
        if file.read(4) != masked_crc(event).to_bytes(4, "little"):
            return
        yield event


def _scalars(event: bytes) -> Iterator[tuple[str, float]]:
    for number, summary in fields(event):
        if number != 5 or not isinstance(summary, bytes):
            continue
        for inner, value in fields(summary):
            if inner == 1 and isinstance(value, bytes):
                parts = {key: part for key, part in fields(value) if isinstance(part, bytes)}
                tag = parts.get(1, b"").decode("utf-8", "replace")
                scalar = parts.get(2) or _tensor(parts.get(8, b""))
                if tag in CURVES and scalar is not None and len(scalar) == _FLOAT.size:
                    yield tag, _FLOAT.unpack(scalar)[0]


def _tensor(message: bytes) -> bytes | None:
    """Return the four bytes of a float tensor with one value."""
    parts = dict(fields(message))
    if parts.get(1) != _DT_FLOAT:
        return None
    content = parts.get(4) or parts.get(5)
    return content if isinstance(content, bytes) else None


def _choose(entries: Sequence[Entry]) -> Sequence[Entry]:
    """Return the files of the run that was written last: it may have several."""
    files = [entry for entry in entries if _FILE.search(entry.path)]
    last = newest(files)
    return newest([entry for entry in files if entry.parent == last[0].parent], MOST_FILES) if last else []


TENSORBOARD = Trainer(name=NAME, files=(TraceFiles(choose=_choose, read=read_events),))
