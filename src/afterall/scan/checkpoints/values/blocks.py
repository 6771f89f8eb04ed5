"""Divide a file into blocks that several threads read, each byte in one of them and each number whole.

Invariant: blocks begin at multiples of BLOCK_BYTES, so that a file's digests do not depend on what its format
is; a number that straddles two of them belongs to the one in which it begins.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence

import numpy as np
from msgspec import Struct

from afterall.scan.checkpoints.formats import Extent
from afterall.scan.checkpoints.values.dtypes import KINDS

BLOCK_BYTES = 64 << 20
"""What one thread reads of a file at a time, and what one digest of a manifest stands for."""

ITEM_BYTES = {name: np.dtype(kind.unsigned).itemsize * kind.per_element for name, kind in KINDS.items()}
"""How many bytes one number of a dtype takes."""


class Run(Struct, frozen=True, gc=False):
    """Bytes [begin, end) to be read in order: of one tensor or record, or between them (`name` empty)."""

    begin: int
    end: int
    name: str = ""
    dtype: str = ""
    record: int | None = None
    """Where the record begins whose checksum these bytes belong to; None: none is recorded for them."""


class Block(Struct, frozen=True):
    """Bytes [begin, end) of a file and the runs that cover them; the last run may reach a little beyond."""

    begin: int
    end: int
    runs: tuple[Run, ...]


def disjoint(extents: Sequence[Extent]) -> tuple[Extent, ...]:
    """Return the extents, ascending, without those that begin before the one before them has ended."""
    kept: list[Extent] = []
    end = 0
    for extent in extents:
        if extent.begin >= end and extent.end > extent.begin:
            kept.append(extent)
            end = extent.end
    return tuple(kept)


def blocks(size_bytes: int, extents: Sequence[Extent]) -> Iterator[Block]:
    """Yield the blocks of a file of `size_bytes`; `extents` are disjoint and ascending."""
    ends = [extent.end for extent in extents]
    for begin in range(0, size_bytes, BLOCK_BYTES):
        end = min(begin + BLOCK_BYTES, size_bytes)
        yield Block(begin, end, tuple(_runs(begin, end, extents, bisect_right(ends, begin))))


def _runs(begin: int, end: int, extents: Sequence[Extent], first: int) -> Iterator[Run]:
    at = begin
    for extent in extents[first:] if first else extents:
        item = ITEM_BYTES.get(extent.dtype, 1)
        start = extent.begin + _up(max(begin - extent.begin, 0), item)
        stop = min(extent.begin + _up(end - extent.begin, item), extent.end)
        if start >= end:
            break
        if start > at:
            yield Run(at, start)
        record = None if extent.crc32 is None else extent.begin
        yield Run(start, stop, extent.name, extent.dtype, record)
        at = stop
    if at < end:
        yield Run(at, end)


def _up(length: int, item: int) -> int:
    return -(-length // item) * item
