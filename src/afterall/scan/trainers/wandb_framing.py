"""Take a `.wandb` file apart into its records.

Format: `:W&B`, u16 0xBEE1, u8 0; then LevelDB's log: blocks of 32 KiB from the file's start, in them records
of crc32 (seeded with the type byte), u16 length and u8 type (1 whole, 2 first, 3 middle, 4 last),
little-endian; a rest of fewer than 7 bytes is padding. Source: wandb/sdk/internal/datastore.py, 0.13 to 0.31.

Invariant: a record is only yielded when the sum over all its pieces is right.
"""

import struct
import zlib
from collections.abc import Iterator
from typing import IO

HEADER = b":W&B\xe1\xbe\x00"
_BLOCK = 32768
_PIECE = struct.Struct("<IHB")
_WHOLE, _FIRST, _MIDDLE, _LAST = 1, 2, 3, 4
_SEEDS = {kind: zlib.crc32(bytes([kind])) for kind in (_WHOLE, _FIRST, _MIDDLE, _LAST)}
MOST_RECORD_BYTES = 16 << 20


def records(file: IO[bytes]) -> Iterator[bytes]:
    """Yield the records of a `.wandb` file, none of another file; a damaged block is passed over."""
    block = file.read(_BLOCK)
    if not block.startswith(HEADER):
        return
    position = len(HEADER)
    pending: list[bytes] = []
    while block:
        for kind, data in _pieces(block, position):
            if kind in (_WHOLE, _FIRST) or sum(map(len, pending)) > MOST_RECORD_BYTES:
                pending = []
            if kind in (_MIDDLE, _LAST) and not pending:
                continue
            pending.append(data)
            if kind in (_WHOLE, _LAST):
                yield b"".join(pending)
                pending = []
        block, position = file.read(_BLOCK), 0


def _pieces(block: bytes, position: int) -> Iterator[tuple[int, bytes]]:
    while position + _PIECE.size <= len(block):
        checksum, length, kind = _PIECE.unpack_from(block, position)
        data = block[position + _PIECE.size : position + _PIECE.size + length]
        if len(data) < length or kind not in _SEEDS or zlib.crc32(data, _SEEDS[kind]) != checksum:
            return
        yield kind, data
        position += _PIECE.size + length
