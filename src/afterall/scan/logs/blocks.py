r"""Read a log in blocks of whole records, so that gigabytes pass in bounded memory.

Invariant: joined, the blocks are the file's bytes, apart from a middle that was skipped and said so by a
block without a line number; only a record longer than the limit is ever split. Records end with \n or \r,
lines with \n alone, as editors and `sed -n` count them.
"""

import io
import re
from collections.abc import Iterator, Sequence
from functools import cache, cached_property
from itertools import pairwise
from typing import IO

from msgspec import Struct

BLOCK_BYTES = 1 << 18
"""What a core's own cache holds with its copies; twice as much behind LONG_BYTES, where blocks are many."""
LONG_BYTES = 4 << 20
MANY_BYTES = 1 << 15
"""From such a block on, loading numpy to read many bars at once costs less than reading each."""
RECORD_BYTES = 1 << 20
"""A longer record is cut in pieces."""
HEAD_BYTES = 1 << 30
TAIL_BYTES = 7 << 30
"""Of a file larger than both together the middle is not read."""
BAR_BYTES = b"0123456789|%[]<>?,.:/ +-#\r\n\x1bA\xe2" + bytes(range(0x88, 0x90)) + b"\x96" + b"LossitnafN"
"""All that tqdm's bars of torchtune are made of."""
_COUNTED = b"0123456789. +-#\xe2\x96" + bytes(range(0x88, 0x90))
"""What differs between one step's bar or row and the next one's: numbers, and how full the bar is."""
_NO_ENDS = bytes.maketrans(b"\t\v\f", b"\0\0\0")
"""`bytes.split` would part records at these too."""
_SHORT = 32
"""Where records have fewer bytes on average, telling them apart costs more than it saves."""
_BEGUN = 1 << 12
_RECORD = re.compile(rb"[^\r\n]*")


class Block(Struct, frozen=True, dict=True):
    """Whole records: where they start in the file, and the 1-based number of their first line.

    `first_line` is None after a skipped middle. The file's last record may lack its end: perhaps it was cut.
    """

    data: bytes
    offset: int
    first_line: int | None

    @cached_property
    def has_words(self) -> bool:
        """False where the data consist of a bar's bytes alone."""
        begun = self.data[:_BEGUN].translate(None, BAR_BYTES)  # where there are any, most are everywhere
        return bool(begun or self.data.translate(None, BAR_BYTES))

    def may_hold(self, literal: bytes) -> bool:
        """Tell whether a record can hold `literal`, which has no line end: only where one holds its shape."""
        if not self.has_words:
            return not literal.translate(None, BAR_BYTES)
        shape = _shape_of_literal(literal)
        if len(self._shapes) >= MANY_BYTES and not self._pairs.issuperset(_pairs_of(shape)):
            return False
        return shape in self._shapes

    @cached_property
    def _shapes(self) -> bytes:
        """The records without what is counted, each once: a log says the same again and again."""
        text = _shape_of(self.data)
        ends = text.count(b"\n") + text.count(b"\r")
        return text if len(self.data) < _SHORT * ends else b"\n".join(set(text.split()))

    @cached_property
    def _pairs(self) -> frozenset[int]:
        """The pairs of bytes that follow each other in the shapes."""
        from afterall.scan.logs.byte_pairs import pairs_in  # noqa: PLC0415 (see MANY_BYTES)

        return pairs_in(self._shapes)

    def line_at(self, position: int) -> int | None:
        """Return the number of the line that holds the byte at `position` of `data`."""
        return None if self.first_line is None else self._lines.at(position)

    def lines_at(self, positions: Sequence[int]) -> Sequence[int | None]:
        """Return the number of the line of each position."""
        return [None] * len(positions) if self.first_line is None else [*map(self._lines.at, positions)]

    def record_at(self, position: int, since: int = 0) -> tuple[int, int]:
        """Return where the record that holds `position` starts, and where the byte is that ends it.

        `since` is where a record starts, this one or one before it: no byte before that is looked at.
        """
        data, start = self.data, since
        if position > since:
            start = max(data.rfind(b"\n", since, position), data.rfind(b"\r", since, position), since - 1) + 1
        return start, _RECORD.match(data, position).end()  # type: ignore[union-attr]

    @cached_property
    def _lines(self) -> "_Lines":
        return _Lines(self.data, self.first_line or 0)

    def part(self, start: int, end: int) -> "Block":
        """Return the records between two positions of `data` as a block of their own."""
        return Block(self.data[start:end], self.offset + start, self.line_at(start))


class _Lines:
    """Which line was looked up last, so that looking up place after place passes over each byte once."""

    def __init__(self, data: bytes, first_line: int) -> None:
        self._data = data
        self._position, self._line = 0, first_line

    def at(self, position: int) -> int:
        """Return the line of a place."""
        if position >= self._position:
            self._line += self._data.count(b"\n", self._position, position)
        else:
            self._line -= self._data.count(b"\n", position, self._position)
        self._position = position
        return self._line


def _shape_of(text: bytes) -> bytes:
    return text.translate(_NO_ENDS, _COUNTED)


@cache
def _shape_of_literal(text: bytes) -> bytes:
    return _shape_of(text)


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
        chunk = file.read(min(BLOCK_BYTES if offset < LONG_BYTES else 2 * BLOCK_BYTES, length))
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
