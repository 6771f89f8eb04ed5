"""Write `.wandb` files for tests: protobuf records in LevelDB's framing, as wandb does."""

import json
import struct
import zlib
from collections.abc import Mapping, Sequence

HEADER = b":W&B\xe1\xbe\x00"


def wandb_file(*records: bytes) -> bytes:
    """Return a small `.wandb` file of these records; all have to fit into its first block."""
    data = HEADER + b"".join(map(_framed, records))
    assert len(data) < 32768
    return data


def message(number: int, *parts: bytes) -> bytes:
    """Return a field that holds a message of these fields."""
    return text(number, b"".join(parts))


def text(number: int, value: bytes) -> bytes:
    """Return a field of bytes."""
    return _varint(number << 3 | 2) + _varint(len(value)) + value


def count(number: int, value: int) -> bytes:
    """Return a field that holds a whole number."""
    return _varint(number << 3) + _varint(value)


def items(number: int, values: Mapping[str, object]) -> bytes:
    """Return fields of `{1 key, 16 JSON}`, one a value."""
    return b"".join(
        message(number, text(1, key.encode()), text(16, json.dumps(value).encode()))
        for key, value in values.items()
    )


def stats(samples: Sequence[Mapping[str, object]]) -> list[bytes]:
    """Return a StatsRecord for each sample of the system."""
    return [message(7, items(3, sample)) for sample in samples]


def _framed(record: bytes) -> bytes:
    kind = 1
    return struct.pack("<IHB", zlib.crc32(record, zlib.crc32(bytes([kind]))), len(record), kind) + record


def _varint(value: int) -> bytes:
    out = b""
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])
