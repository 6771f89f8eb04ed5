"""Unpack stored, deflated and zstd data piece by piece, never more than was asked for."""

import sys
import zlib
from collections.abc import Iterator, Mapping
from typing import IO

if sys.version_info >= (3, 14):
    from compression.zstd import DecompressionParameter, ZstdDecompressor, ZstdError
else:
    from backports.zstd import DecompressionParameter, ZstdDecompressor, ZstdError

_CHUNK = 1 << 16
_PIECE = 1 << 18
_OPTIONS: Mapping[int, int] = {DecompressionParameter.window_log_max: 26}
"""A frame may ask for at most 64 MiB of window."""
STORED, DEFLATED, ZSTD = 0, 8, 93
"""Methods of a zip's members; 93 is inspect-ai's since 0.3.206."""


def unpack(file: IO[bytes], packed_bytes: int, method: int, most_bytes: int) -> bytes:
    """Return what `packed_bytes` of `file` hold, at most `most_bytes` and one piece more.

    Raises ValueError for data that the method did not write, and for methods that are not known here.
    """
    pieces = {STORED: _stored, DEFLATED: _inflated, ZSTD: _unzstd}.get(method)
    if pieces is None:
        raise ValueError(f"compression method {method} is not known")
    out: list[bytes] = []
    size = 0
    try:
        for piece in pieces(_packed(file, packed_bytes)):
            out.append(piece)
            size += len(piece)
            if size > most_bytes:
                break
    except (zlib.error, ZstdError, EOFError) as error:
        raise ValueError(str(error)) from error
    return b"".join(out)


def _packed(file: IO[bytes], length: int) -> Iterator[bytes]:
    while length > 0 and (chunk := file.read(min(_CHUNK, length))):
        length -= len(chunk)
        yield chunk


def _stored(chunks: Iterator[bytes]) -> Iterator[bytes]:
    return chunks


def _inflated(chunks: Iterator[bytes]) -> Iterator[bytes]:
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    for chunk in chunks:
        while chunk and not inflater.eof:
            yield inflater.decompress(chunk, _PIECE)
            chunk = inflater.unconsumed_tail  # noqa: PLW2901


def _unzstd(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the data of all frames, one after the other."""
    frame = ZstdDecompressor(options=_OPTIONS)
    for chunk in chunks:
        rest = chunk
        while rest or not frame.needs_input:
            yield frame.decompress(rest, _PIECE)
            rest = frame.unused_data if frame.eof else b""
            if frame.eof:
                frame = ZstdDecompressor(options=_OPTIONS)
