"""Take a TensorBoard event file apart into its events, a block at a time.

Format: TFRecords of u64 length, its masked crc32c, the event, its masked crc32c. Source: TensorFlow's
lib/io/record_writer.h.

Invariant: an event whose length is damaged ends the file, and so does one that was cut. The checksums of
the events themselves are for whoever uses them to look at: most are of no use here.
"""

import struct
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import IO

from msgspec import Struct

from afterall.scan.trainers.crc32c import crc32c, crc32c_of_each

BLOCK_BYTES = 1 << 20
MOST_EVENT_BYTES = 1 << 16
"""Larger events are images and histograms; they are passed over."""
MOST_LENGTHS = 4096
_HEAD = struct.Struct("<QI")
HEAD_BYTES = _HEAD.size
_SUM = struct.Struct("<I")


class Block(Struct, frozen=True):
    """Whole events: the bytes they stand in, and each one's number, first byte and length."""

    data: bytes
    events: Sequence[tuple[int, int, int]]

    def damaged(self, events: Iterable[tuple[int, int, int]]) -> int | None:
        """Return the number of the first of `events` whose checksum is not its own; None for none."""
        by_length: dict[int, list[tuple[int, int]]] = defaultdict(list)
        for number, start, length in events:
            by_length[length].append((number, start))
        bad = []
        for length, group in by_length.items():
            sums = crc32c_of_each(self.data, [start for _, start in group], length)
            for (number, start), crc in zip(group, sums, strict=True):
                if _SUM.unpack_from(self.data, start + length)[0] != masked(crc):
                    bad.append(number)
        return min(bad, default=None)


def masked(crc: int) -> int:
    """Return a checksum as TensorFlow stores it."""
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def is_event_file(head: bytes) -> bool:
    """Tell whether a file begins with an event, by its first HEAD_BYTES; one that ends before may."""
    return len(head) < HEAD_BYTES or masked(crc32c(head[:8])) == _HEAD.unpack(head[:HEAD_BYTES])[1]


def read_blocks(file: IO[bytes]) -> Iterator[Block]:
    """Yield a file's events in blocks; it ends at the first that is damaged or cut."""
    heads = _Heads()
    data, position, number = b"", 0, 0
    events: list[tuple[int, int, int]] = []
    while True:
        length = heads.length_at(data, position)
        end = position + _HEAD.size + (length or 0) + _SUM.size
        if length is not None and end <= len(data):
            number += 1
            if length <= MOST_EVENT_BYTES:
                events.append((number, position + _HEAD.size, length))
            position = end
            continue
        if events:
            yield Block(data, events)
            events = []
        if length is not None and length > MOST_EVENT_BYTES:
            file.seek(min(end - len(data), 1 << 62), 1)
            number += 1
            data, position = file.read(BLOCK_BYTES), 0
        else:
            more = file.read(BLOCK_BYTES)
            data, position = data[position:] + more, 0
            if not more:
                return
        if not data:
            return


class _Heads:
    """Reads lengths; a checksum is only computed once for each."""

    def __init__(self) -> None:
        self._known: dict[bytes, int] = {}

    def length_at(self, data: bytes, position: int) -> int | None:
        """Return the length that stands there; None where it is cut or damaged."""
        head = data[position : position + _HEAD.size]
        length = self._known.get(head)
        if length is None and len(head) == _HEAD.size:
            length, checksum = _HEAD.unpack(head)
            if masked(crc32c(head[:8])) != checksum:
                return None
            if len(self._known) < MOST_LENGTHS:
                self._known[head] = length
        return length
