"""Read every weight of a file once, through a buffer that stays in the processor's cache, and tally it.

Invariant: memory is one buffer a thread, whatever the file's size; a file that ends early says so. Reads
instead of a map: a mapped file that another process cuts short kills the reader with SIGBUS.
"""

import threading
import zlib
from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
from msgspec import Struct

from afterall.scan.checkpoints.formats import Extent
from afterall.scan.checkpoints.opening import OpenFile
from afterall.scan.checkpoints.values.dtypes import KINDS
from afterall.scan.checkpoints.values.tally import Tally, joined, tally

BUFFER_BYTES = 1 << 20
SPAN_BYTES = 64 << 20
"""What one thread reads of a file at a time; a record with a checksum is never divided."""

_own = threading.local()


class Span(Struct, frozen=True):
    """Pieces of a file that one thread reads in order; together at most SPAN_BYTES, one record apart."""

    pieces: tuple[Extent, ...]

    @property
    def size_bytes(self) -> int:
        """Bytes that reading it moves."""
        return sum(piece.end - piece.begin for piece in self.pieces)


class Found(Struct, frozen=True):
    """What a span's numbers are, which records' checksums are wrong, and where the file ended too early."""

    tallies: dict[str, Tally] = {}
    wrong_checksums: tuple[str, ...] = ()
    checksums: int = 0
    ended_at: int | None = None
    error: str = ""
    """The system's name for why it could not be read, empty where it could."""

    def with_next(self, after: "Found") -> "Found":
        """Return this and the following span's findings as one."""
        return Found(
            joined(self.tallies, after.tallies),
            self.wrong_checksums + after.wrong_checksums,
            self.checksums + after.checksums,
            self.ended_at if self.ended_at is not None else after.ended_at,
            self.error or after.error,
        )


def spans(extents: Sequence[Extent]) -> Iterator[Span]:
    """Divide what is to be read of a file into spans, ascending."""
    pieces: list[Extent] = []
    size = 0
    for extent in extents:
        for piece in _divided(extent):
            if pieces and size + piece.end - piece.begin > SPAN_BYTES:
                yield Span(tuple(pieces))
                pieces, size = [], 0
            pieces.append(piece)
            size += piece.end - piece.begin
    if pieces:
        yield Span(tuple(pieces))


def _divided(extent: Extent) -> Iterator[Extent]:
    if extent.crc32 is not None:
        yield extent
        return
    cuts = [*range(extent.begin, extent.end, SPAN_BYTES), extent.end]
    for begin, end in pairwise(cuts):
        yield Extent(extent.name, extent.dtype, begin, end)


def read_span(file: OpenFile, span: Span) -> Found:
    """Read a span and tally it; raises OSError."""
    window = _Window(file)
    tallies: dict[str, Tally] = {}
    wrong: list[str] = []
    checksums = 0
    for piece in span.pieces:
        kind = KINDS.get(piece.dtype)
        crc = 0
        for block in window.blocks(piece.begin, piece.end):
            if piece.crc32 is not None:
                crc = zlib.crc32(block, crc)
            if kind is not None:
                part = {piece.name: tally(np.frombuffer(block, kind.unsigned), kind)}
                tallies = joined(tallies, part)
        if window.ended_at is not None:
            return Found(tallies, tuple(wrong), checksums, window.ended_at)
        if piece.crc32 is not None:
            checksums += 1
            wrong.extend([piece.name] if crc != piece.crc32 else [])
    return Found(tallies, tuple(wrong), checksums)


class _Window:
    """The bytes of a file that this thread's buffer holds; small tensors side by side are read at once."""

    def __init__(self, file: OpenFile) -> None:
        if not hasattr(_own, "buffer"):
            _own.buffer = memoryview(bytearray(BUFFER_BYTES))
        self._buffer: memoryview = _own.buffer
        self._file = file
        self._begin = self._end = 0
        self.ended_at: int | None = None

    def blocks(self, begin: int, end: int) -> Iterator[memoryview]:
        """Go through bytes [begin, end) in blocks of at most the buffer; stops where the file ends."""
        while begin < end:
            length = min(end - begin, BUFFER_BYTES)
            if begin < self._begin or begin + length > self._end:
                self._fill(begin)
            if begin + length > self._end:
                self.ended_at = self._end
                return
            yield self._buffer[begin - self._begin : begin - self._begin + length]
            begin += length

    def _fill(self, begin: int) -> None:
        self._begin = self._end = begin
        wanted = min(BUFFER_BYTES, self._file.size - begin)
        while self._end - begin < wanted:
            count = self._file.read_into(self._end, self._buffer[self._end - begin : wanted])
            if count <= 0:
                return
            self._end += count
