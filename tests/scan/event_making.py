"""Make TensorBoard events and their records, for tests of reading them."""

import struct

from afterall.scan.trainers.crc32c import crc32c
from afterall.scan.trainers.event_records import masked


def field(number: int, data: bytes) -> bytes:
    """Return a field of a protobuf message that holds bytes."""
    return bytes([number << 3 | 2]) + varint(len(data)) + data


def varint(value: int) -> bytes:
    """Return an integer as protobuf writes it."""
    out = b""
    while value > 127:
        out, value = out + bytes([value & 127 | 128]), value >> 7
    return out + bytes([value])


def scalar_event(step: int, *values: tuple[str, float]) -> bytes:
    """Return an event with values under tags."""
    told = [field(1, field(1, tag.encode()) + b"\x15" + struct.pack("<f", value)) for tag, value in values]
    head = b"\x09" + struct.pack("<d", 1e9) + (b"\x10" + varint(step) if step else b"")
    return head + field(5, b"".join(told))


def record(event: bytes) -> bytes:
    """Return an event as it stands in a file."""
    head = struct.pack("<Q", len(event))
    return head + _sum(head) + event + _sum(event)


def _sum(data: bytes) -> bytes:
    return struct.pack("<I", masked(crc32c(data)))
