r"""Read a log in blocks of whole records, so that gigabytes pass in bounded memory.

Invariant: joined, the blocks are the file's bytes, apart from a middle that was skipped and said so by a
block without a line number; only a record longer than the limit is ever split. Records end with \n or \r,
lines with \n alone, as editors and `sed -n` count them.
"""

import io
from collections.abc import Iterator
from typing import IO

from msgspec import Struct

BLOCK_BYTES = 1 << 18
RECORD_BYTES = 1 << 20
"""A longer record is cut in pieces."""
HEAD_BYTES = 1 << 30
TAIL_BYTES = 7 << 30
"""Of a file larger than both together the middle is not read."""


class Block(Struct, frozen=True):
    """Whole records: where they start in the file, and the 1-based number of their first line.

    `first_line` is None after a skipped middle. The file's last record may lack its end: perhaps it was cut.
    """

    data: bytes
    offset: int
    first_line: int | None

    def line_at(self, position: int) -> int | None:
        """Return the number of the line that holds the byte at `position` of `data`."""
        if self.first_line is None:
            return None
        return self.first_line + self.data.count(b"\n", 0, position)

    def part(self, start: int, end: int) -> "Block":
        """Return the records between two positions of `data` as a block of their own."""
        return Block(self.data[start:end], self.offset + start, self.line_at(start))


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
            line = None if line is None else line + data.count(b"\n", 0, end)
            offset += end
        rest = data[end:]
    if rest:
        yield Block(rest, offset, line)
