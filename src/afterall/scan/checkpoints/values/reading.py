"""Read every byte of a file once, through a buffer that stays in the processor's cache: tally and digest it.

Invariant: memory is one buffer a thread, whatever the file's size; a file that ends early, or is another one
than was inspected, says so. Reads instead of a map: a mapped file that another process cuts short kills the
reader with SIGBUS.
"""

import threading
import zlib
from collections.abc import Iterator
from functools import lru_cache

import numpy as np
import xxhash
from msgspec import Struct
from msgspec.structs import replace

from afterall.scan.checkpoints.opening import OpenFile
from afterall.scan.checkpoints.values.blocks import ITEM_BYTES, Block, Run
from afterall.scan.checkpoints.values.checksums import joined_crc
from afterall.scan.checkpoints.values.dtypes import KINDS
from afterall.scan.checkpoints.values.tally import Tally, tally

BUFFER_BYTES = 2 << 20
"""A multiple of every number's size; with less, threads wait for the interpreter more than for memory."""

_own = threading.local()


class Crc(Struct, frozen=True, gc=False):
    """The CRC-32 of so many bytes."""

    value: int = 0
    length: int = 0

    def joined(self, after: "Crc") -> "Crc":
        """Return that of these bytes and those that follow them."""
        if not self.length:
            return after
        return Crc(joined_crc(self.value, after.value, after.length), self.length + after.length)


class Found(Struct, frozen=True):
    """What a file's numbers are, its records' checksums, its blocks' digests, and why it was not read."""

    tallies: dict[str, Tally] = {}
    checksums: dict[int, Crc] = {}
    """By where the record begins."""
    digests: tuple[bytes, ...] = ()
    """xxh3-128 of each block, canonical (big-endian)."""
    ended_at: int | None = None
    """Where the file ended though it was longer when it was inspected."""
    has_changed: bool = False
    """True where it is not, or no longer, the file that was inspected."""
    error: str = ""
    """The system's name for why it could not be read, empty where it could."""

    def with_next(self, after: "Found") -> "Found":
        """Return this and the following block's findings as one; this one's tables are extended."""
        for name, tally_after in after.tallies.items():
            before = self.tallies.get(name)
            self.tallies[name] = tally_after if before is None else before.joined(tally_after)
        for record, crc in after.checksums.items():
            self.checksums[record] = self.checksums.get(record, Crc()).joined(crc)
        return Found(
            self.tallies,
            self.checksums,
            self.digests + after.digests,
            self.ended_at if self.ended_at is not None else after.ended_at,
            self.has_changed or after.has_changed,
            self.error or after.error,
        )

    @property
    def is_whole(self) -> bool:
        """True where every byte was read, of one unchanged file."""
        return not self.error and self.ended_at is None and not self.has_changed


def read_block(file: OpenFile, block: Block) -> Found:
    """Read a block, tally its numbers and take its digest; raises OSError."""
    if file.is_unwritten(block.begin, block.runs[-1].end) and all(run.record is None for run in block.runs):
        return _zeros(block, has_changed=not file.is_unchanged())
    window = _Window(file, block.runs[-1].end)
    digest = xxhash.xxh3_128()
    tallies: dict[str, Tally] = {}
    checksums: dict[int, Crc] = {}
    for run in block.runs:
        kind = KINDS.get(run.dtype)
        for begin, piece in window.pieces(run):
            digest.update(piece[: max(block.end - begin, 0)])
            if run.record is not None:
                crc = checksums.get(run.record, Crc())
                checksums[run.record] = Crc(zlib.crc32(piece, crc.value), crc.length + len(piece))
            if kind is not None:
                numbers = piece[: len(piece) - len(piece) % ITEM_BYTES[run.dtype]]
                part = tally(np.frombuffer(numbers, kind.unsigned), kind)
                before = tallies.get(run.name)
                tallies[run.name] = part if before is None else before.joined(part)
        if window.ended_at is not None:
            return Found(tallies, checksums, ended_at=window.ended_at)
    return Found(tallies, checksums, (digest.digest(),), has_changed=not file.is_unchanged())


def _zeros(block: Block, *, has_changed: bool) -> Found:
    """Return what a block holds that was never written, and that nobody needs to read to know."""
    tallies: dict[str, Tally] = {}
    for run in block.runs:
        kind = KINDS.get(run.dtype)
        if kind is not None:
            zero = tally(np.zeros(kind.per_element, kind.unsigned), kind)
            part = replace(zero, numbers=(run.end - run.begin) // ITEM_BYTES[run.dtype])
            tallies[run.name] = tallies[run.name].joined(part) if run.name in tallies else part
    return Found(tallies, digests=(_digest_of_zeros(block.end - block.begin),), has_changed=has_changed)


@lru_cache(maxsize=8)
def _digest_of_zeros(length: int) -> bytes:
    digest = xxhash.xxh3_128()
    piece = bytes(BUFFER_BYTES)
    for begin in range(0, length, BUFFER_BYTES):
        digest.update(piece[: length - begin])
    return digest.digest()


class _Window:
    """The bytes of a file that this thread's buffer holds; small tensors side by side are read at once."""

    def __init__(self, file: OpenFile, end: int) -> None:
        if not hasattr(_own, "buffer"):
            _own.buffer = memoryview(bytearray(BUFFER_BYTES))
        self._buffer: memoryview = _own.buffer
        self._file = file
        self._last = end
        self._begin = self._end = 0
        self.ended_at: int | None = None

    def pieces(self, run: Run) -> Iterator[tuple[int, memoryview]]:
        """Go through a run in pieces of whole numbers, each with where it begins; stops at the file's end."""
        item = ITEM_BYTES.get(run.dtype, 1)
        at = run.begin
        while at < run.end:
            stop = self._whole(at, run.end, item)
            if stop <= at:
                self._fill(at)
                stop = self._whole(at, run.end, item)
                if stop <= at:
                    self.ended_at = self._end
                    return
            yield at, self._buffer[at - self._begin : stop - self._begin]
            at = stop

    def _whole(self, at: int, end: int, item: int) -> int:
        """Return the end of the whole numbers from `at` on that the buffer holds, at most `end`."""
        if not self._begin <= at < self._end:
            return at
        return end if end <= self._end else self._end - (self._end - at) % item

    def _fill(self, begin: int) -> None:
        self._begin = self._end = begin
        wanted = min(BUFFER_BYTES, self._last - begin)
        while self._end - begin < wanted:
            count = self._file.read_into(self._end, self._buffer[self._end - begin : wanted])
            if count <= 0:
                return
            self._end += count
