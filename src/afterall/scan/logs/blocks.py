r"""Read a log in blocks of whole records, so that gigabytes pass in bounded memory.

Invariant: joined, the blocks are the file's bytes, apart from a middle that was skipped and said so by a
block without a line number; only a record longer than the limit is ever split. Records end with \n or \r,
lines with \n alone, as editors and `sed -n` count them.
"""

import io
from collections.abc import Iterator
from functools import cache, cached_property
from itertools import pairwise
from typing import IO

from msgspec import Struct

BLOCK_BYTES = 1 << 19
MANY_BYTES = 1 << 15
"""From such a block on, loading numpy to read many bars at once costs less than reading each."""
RECORD_BYTES = 1 << 20
"""A longer record is cut in pieces."""
HEAD_BYTES = 1 << 30
TAIL_BYTES = 7 << 30
"""Of a file larger than both together the middle is not read."""
BAR_BYTES = b"0123456789|%[]<>?,.:/ +-#\r\n\x1bA\xe2" + bytes(range(0x88, 0x90)) + b"\x96" + b"LossitnafN"
"""All that tqdm's bars of torchtune are made of."""


class Block(Struct, frozen=True, dict=True):
    """Whole records: where they start in the file, and the 1-based number of their first line.

    `first_line` is None after a skipped middle. The file's last record may lack its end: perhaps it was cut.
    """

    data: bytes
    offset: int
    first_line: int | None

    @cached_property
    def residue(self) -> bytes:
        """What is left of the data without the bytes of bars."""
        return self.data.translate(None, BAR_BYTES)

    def may_hold(self, literal: bytes) -> bool:
        """Tell whether `literal` can be in the data: only where its own residue is in that of the data."""
        residue = _residue_of(literal)
        if len(self.residue) >= MANY_BYTES and not self._pairs.issuperset(_pairs_of(residue)):
            return False
        return residue in self.residue

    @cached_property
    def _pairs(self) -> frozenset[int]:
        """The pairs of bytes that follow each other in the residue."""
        from afterall.scan.logs.byte_pairs import pairs_in  # noqa: PLC0415 (see MANY_BYTES)

        return pairs_in(self.residue)

    def line_at(self, position: int) -> int | None:
        """Return the number of the line that holds the byte at `position` of `data`."""
        return None if self.first_line is None else self._seen.line_at(position)

    def record_at(self, position: int) -> tuple[int, int]:
        """Return where the record that holds `position` starts, and where the byte is that ends it."""
        seen, start = self._seen, position
        if position and self.data[position - 1] not in b"\r\n":
            start = max(seen.last(b"\n", position), seen.last(b"\r", position)) + 1
        return start, min(seen.next(b"\n", position), seen.next(b"\r", position))

    @cached_property
    def _seen(self) -> "_Seen":
        return _Seen(self.data, self.first_line or 0)

    def part(self, start: int, end: int) -> "Block":
        """Return the records between two positions of `data` as a block of their own."""
        return Block(self.data[start:end], self.offset + start, self.line_at(start))


class _Seen:
    """What was looked up last, so that looking up place after place passes over each byte once."""

    def __init__(self, data: bytes, first_line: int) -> None:
        self._data = data
        self._line = (0, first_line)
        self._next: dict[bytes, tuple[int, int]] = {}
        self._last: dict[bytes, tuple[int, int]] = {}

    def line_at(self, position: int) -> int:
        """Return the line of a place."""
        at, line = self._line
        if position >= at:
            line += self._data.count(b"\n", at, position)
        else:
            line -= self._data.count(b"\n", position, at)
        self._line = (position, line)
        return line

    def next(self, sign: bytes, position: int) -> int:
        """Return the first `sign` at a place or after it, the data's end where there is none."""
        asked, found = self._next.get(sign, (0, -1))
        if not asked <= position <= found:
            found = self._data.find(sign, position)
            found = found if found >= 0 else len(self._data)
            self._next[sign] = (position, found)
        return found

    def last(self, sign: bytes, position: int) -> int:
        """Return the last `sign` before a place, -1 where there is none."""
        found, asked = self._last.get(sign, (-1, 0))
        if position < asked:
            found = self._data.rfind(sign, 0, position)
        else:
            found = max(found, self._data.rfind(sign, asked, position))
        self._last[sign] = (found, position)
        return found


@cache
def _residue_of(literal: bytes) -> bytes:
    return literal.translate(None, BAR_BYTES)


@cache
def _pairs_of(text: bytes) -> frozenset[int]:
    return frozenset(first | second << 8 for first, second in pairwise(text))


def read_blocks(
    file: IO[bytes], head_bytes: int = HEAD_BYTES, tail_bytes: int = TAIL_BYTES
) -> Iterator[Block]:
    """Yield the file's blocks; what is appended meanwhile is left for the next time."""
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    if size <= head_bytes + tail_bytes:
        yield from _blocks(file, 0, size, 1)
        return
    yield from _blocks(file, 0, head_bytes, 1)
    file.seek(size - tail_bytes)
    tail = _blocks(file, size - tail_bytes, tail_bytes, None)
    for first in tail:
        yield first.part(_first_end(first.data), len(first.data))
        break
    yield from tail


def _first_end(data: bytes) -> int:
    """Return where the second record starts: the first one's beginning was not read."""
    ends = [end for end in (data.find(b"\n"), data.find(b"\r")) if end >= 0]
    return min(ends, default=len(data) - 1) + 1


def _blocks(file: IO[bytes], offset: int, length: int, line: int | None) -> Iterator[Block]:
    rest = b""
    while length > 0:
        chunk = file.read(min(BLOCK_BYTES, length))
        if not chunk:
            break
        length -= len(chunk)
        data = rest + chunk
        end = max(data.rfind(b"\n"), data.rfind(b"\r")) + 1
        if end == 0 and len(data) >= RECORD_BYTES:
            end = len(data)
        if end:
            yield Block(data[:end], offset, line)
            if line is not None and b"\n" in data:
                line += data.count(b"\n", 0, end)
            offset += end
        rest = data[end:]
    if rest:
        yield Block(rest, offset, line)
