"""Take protobuf messages apart into their fields, without their descriptions.

Invariant: total over any bytes; a message that is none ends early.
"""

from collections.abc import Iterator

Field = tuple[int, int | bytes]
"""A field's number and its value: an int for varints, bytes for everything else."""


def fields(message: bytes) -> Iterator[Field]:
    """Yield a message's fields in their order."""
    position = 0
    while position < len(message):
        key, position = _varint(message, position)
        number, kind = key >> 3, key & 7
        if kind == 0:
            value, position = _varint(message, position)
            if position > len(message):
                return
            yield number, value
            continue
        length = {1: 8, 5: 4}.get(kind, -1)
        if kind == 2:
            length, position = _varint(message, position)
        if length < 0 or position + length > len(message):
            return
        yield number, message[position : position + length]
        position += length


def _varint(message: bytes, position: int) -> tuple[int, int]:
    """Return a varint and where it ends; past the message's end where it has none."""
    value = 0
    for index in range(position, min(position + 10, len(message))):
        byte = message[index]
        value |= (byte & 0x7F) << 7 * (index - position)
        if byte < 0x80:
            return value, index + 1
    return -1, len(message) + 1
