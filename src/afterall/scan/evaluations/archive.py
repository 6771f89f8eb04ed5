"""Read single members of a zip through its central directory alone, whatever the file turns out to be.

Invariant: neither the directory nor a member grows beyond its limit, however it is packed. Of members of one
name the last counts: inspect-ai edits a header by appending another. Python's zipfile before 3.14 refuses
zstd, and builds an object for every sample of a log of which one member is wanted.

Format: APPNOTE.TXT 4.3 (end record, zip64 end record, central and local headers).
"""

import struct
import zlib
from collections.abc import Iterable
from typing import IO

from msgspec import Struct

from afterall.errors import BadInput
from afterall.scan.evaluations.unpacking import unpack

_END = struct.Struct("<4s4H2IH")
_END64_PLACE = struct.Struct("<4sIQI")
_END64 = struct.Struct("<4sQ2H2I4Q")
_ENTRY = struct.Struct("<4s6H3I5H2I")
_LOCAL = struct.Struct("<4s5H3I2H")
_TAIL_BYTES = (1 << 16) + _END.size
MOST_DIRECTORY_BYTES = 64 << 20
_FULL = 0xFFFFFFFF
_ENCRYPTED = 1


class Member(Struct, frozen=True):
    """Where one member lies and how it is packed; sizes in bytes."""

    offset: int
    method: int
    packed_bytes: int
    checksum: int
    is_encrypted: bool


class Archive:
    """The members of an open zip; raises BadInput naming `name` where it is none, or a cut one."""

    def __init__(self, file: IO[bytes], name: str) -> None:
        self._file = file
        self._name = name
        try:
            self._members = _members(_directory(file))
        except (ValueError, struct.error) as error:
            raise BadInput(name, str(error)) from error

    def __contains__(self, member: str) -> bool:
        return member in self._members

    def names(self) -> Iterable[str]:
        """Return the members' names, each once."""
        return self._members.keys()

    def read(self, member: str, most_bytes: int) -> bytes:
        """Return a member's bytes; raise BadInput where it is damaged or holds more than `most_bytes`."""
        found = self._members[member]
        if found.is_encrypted:
            raise BadInput(self._name, f"{member} is encrypted")
        try:
            self._file.seek(found.offset)
            local = _LOCAL.unpack(self._file.read(_LOCAL.size))
            self._file.seek(local[-2] + local[-1], 1)
            data = unpack(self._file, found.packed_bytes, found.method, most_bytes)
        except (ValueError, struct.error) as error:
            raise BadInput(self._name, f"{member} is damaged: {str(error)[:100]}") from error
        if len(data) > most_bytes:
            raise BadInput(self._name, f"{member} is larger than {most_bytes >> 20} MiB")
        if zlib.crc32(data) != found.checksum:
            raise BadInput(self._name, f"{member} is damaged: its checksum is wrong")
        return data


def _directory(file: IO[bytes]) -> bytes:
    """Return the central directory; raise ValueError where the file has none, or not all of it."""
    size = file.seek(0, 2)
    start = max(0, size - _TAIL_BYTES)
    file.seek(start)
    tail = file.read(_TAIL_BYTES)
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or at + _END.size > len(tail):
        raise ValueError("is no zip, or its end is missing")
    *_, length, offset, _ = _END.unpack_from(tail, at)
    if _FULL in (length, offset):
        length, offset = _large_directory(file, start + at)
    if length > MOST_DIRECTORY_BYTES or offset + length > size:
        raise ValueError("is damaged: its directory does not fit")
    file.seek(offset)
    return file.read(length)


def _large_directory(file: IO[bytes], end: int) -> tuple[int, int]:
    """Return length and offset of the directory from the zip64 end record."""
    file.seek(max(0, end - _END64_PLACE.size))
    mark, _, offset, _ = _END64_PLACE.unpack(file.read(_END64_PLACE.size))
    if mark != b"PK\x06\x07" or offset > end:
        raise ValueError("is damaged: its end record does not fit")
    file.seek(offset)
    *_, length, start = _END64.unpack(file.read(_END64.size))
    return length, start


def _members(directory: bytes) -> dict[str, Member]:
    members = {}
    position = 0
    while position + _ENTRY.size <= len(directory):
        fields = _ENTRY.unpack_from(directory, position)
        mark, _, _, flags, method, _, _, checksum, packed, plain, *lengths, _, _, _, offset = fields
        if mark != b"PK\x01\x02":
            raise ValueError("is damaged: its directory is not one")
        names = position + _ENTRY.size
        name_length, extra_length, comment_length = lengths
        name = directory[names : names + name_length].decode("utf-8", "replace")
        extra = directory[names + name_length : names + name_length + extra_length]
        if _FULL in (packed, plain, offset):
            packed, offset = _large_sizes(extra, plain, packed, offset)
        members[name] = Member(offset, method, packed, checksum, bool(flags & _ENCRYPTED))
        position = names + name_length + extra_length + comment_length
    return members


def _large_sizes(extra: bytes, plain: int, packed: int, offset: int) -> tuple[int, int]:
    """Return packed size and offset from a zip64 extra field, which holds what did not fit, in this order."""
    position = 0
    while position + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, position)
        if kind == 1:
            values = iter(struct.unpack_from(f"<{length // 8}Q", extra, position + 4))
            _, packed, offset = (
                next(values, value) if value == _FULL else value for value in (plain, packed, offset)
            )
            break
        position += 4 + length
    return packed, offset
