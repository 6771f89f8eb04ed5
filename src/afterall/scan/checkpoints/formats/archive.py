"""Read a zip's central directory from hostile bytes: names, places, sizes and checksums, nothing unpacked.

Invariant: total over any bytes, with memory bounded by MAX_DIRECTORY_BYTES; a record is returned only
where it lies wholly before the directory, and never two whose names differ in case alone: torch takes them
for one name and reads the last. Format: PKWARE APPNOTE 6.3.10, sections 4.3 and 4.5.3.
"""

import struct

from msgspec import Struct

from afterall.scan.checkpoints.formats.contents import Readable

LOCAL_MAGIC = b"PK\x03\x04"
EMPTY_MAGIC = b"PK\x05\x06"
STORED = 0
MAX_DIRECTORY_BYTES = 64 << 20
MAX_RECORDS = 1 << 20

_END = struct.Struct("<4s4H2LH")
_LOCATOR = struct.Struct("<4sLQL")
_END_64 = struct.Struct("<4sQ2H2L4Q")
_ENTRY = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
_MOST_COMMENT = 65535
_WIDE = 0xFFFFFFFF
_MOST_NARROW = 0xFFFF
_ZIP64_FIELD = 1


class BrokenArchive(Exception):
    """The archive cannot be read; `problem` is a word for it, `place` a byte offset or None."""

    def __init__(self, problem: str, place: int | None = None) -> None:
        super().__init__(problem, place)
        self.problem = problem
        self.place = place


class Record(Struct, frozen=True, gc=False):
    """One member: `offset` is where its local header begins, sizes are in bytes."""

    name: str
    offset: int
    size: int
    stored_size: int
    method: int
    crc32: int


class Directory(Struct, frozen=True):
    """An archive's members in the directory's order, and the bytes that follow its end."""

    records: tuple[Record, ...]
    trailing_bytes: int = 0


def read_directory(file: Readable) -> Directory:
    """Return the archive's directory; raise BrokenArchive where there is none or it contradicts the file."""
    tail_begin = max(0, file.size - _END.size - _MOST_COMMENT)
    tail = file.read(tail_begin, file.size - tail_begin)
    at = tail.rfind(EMPTY_MAGIC, 0, max(0, len(tail) - _END.size + len(EMPTY_MAGIC)))
    if at < 0:
        raise BrokenArchive("no_central_directory")
    _, _, _, _, count, size, offset, comment = _END.unpack_from(tail, at)
    trailing = len(tail) - at - _END.size - comment
    end = tail_begin + at
    if _WIDE in (size, offset) or count == _MOST_NARROW:
        count, size, offset = _read_wide(file, end) or (count, size, offset)
    if offset + size > end:
        raise BrokenArchive("directory_beyond_file", offset)
    if size > MAX_DIRECTORY_BYTES or count > MAX_RECORDS:
        raise BrokenArchive("directory_too_large", offset)
    records = _parse(file.read(offset, size), count, offset)
    return Directory(records, max(trailing, 0))


def data_offset(file: Readable, record: Record) -> int:
    """Return where the record's bytes begin; raise BrokenArchive where its local header is none."""
    header = file.read(record.offset, _LOCAL.size)
    if len(header) < _LOCAL.size or not header.startswith(LOCAL_MAGIC):
        raise BrokenArchive("no_local_header", record.offset)
    name_length, extra_length = _LOCAL.unpack(header)[-2:]
    begin: int = record.offset + _LOCAL.size + name_length + extra_length
    if begin + record.stored_size > file.size:
        raise BrokenArchive("record_beyond_file", record.offset)
    return begin


def _read_wide(file: Readable, end: int) -> tuple[int, int, int] | None:
    """Return what the zip64 end record says; None where there is none, and the short numbers are meant."""
    locator = file.read(max(0, end - _LOCATOR.size), _LOCATOR.size)
    if len(locator) < _LOCATOR.size or not locator.startswith(b"PK\x06\x07"):
        return None
    place = _LOCATOR.unpack(locator)[2]
    record = file.read(place, _END_64.size) if place < file.size else b""
    if len(record) < _END_64.size or not record.startswith(b"PK\x06\x06"):
        raise BrokenArchive("no_zip64_end", place)
    *_, count, size, offset = _END_64.unpack(record)
    return count, size, offset


def _parse(directory: bytes, count: int, directory_offset: int) -> tuple[Record, ...]:
    records: dict[bytes, Record] = {}
    at = 0
    for _ in range(count):
        if len(directory) - at < _ENTRY.size or directory[at : at + 4] != b"PK\x01\x02":
            raise BrokenArchive("directory_damaged", directory_offset + at)
        fields = _ENTRY.unpack_from(directory, at)
        name_length, extra_length, comment_length = fields[10:13]
        at += _ENTRY.size
        spelled = directory[at : at + name_length]
        extra = directory[at + name_length : at + name_length + extra_length]
        record = _record(spelled.decode("utf-8", "backslashreplace"), fields, extra)
        if record.offset + _LOCAL.size + name_length + record.stored_size > directory_offset:
            raise BrokenArchive("record_beyond_directory", record.offset)
        if records.setdefault(spelled.lower(), record) is not record:
            raise BrokenArchive("record_repeated", record.offset)
        at += name_length + extra_length + comment_length
    return tuple(records.values())


def _record(name: str, fields: tuple[int, ...], extra: bytes) -> Record:
    """Build a record, taking from the zip64 field those of size, stored size and offset that do not fit."""
    method, crc32, stored_size, size, offset = fields[4], fields[7], fields[8], fields[9], fields[16]
    if _WIDE in (size, stored_size, offset):
        wide = iter(_wide_values(extra))
        size, stored_size, offset = (
            next(wide, value) if value == _WIDE else value for value in (size, stored_size, offset)
        )
    return Record(name, offset, size, stored_size, method, crc32)


def _wide_values(extra: bytes) -> tuple[int, ...]:
    """Return the 64-bit numbers of a zip64 extra field, () where there is none."""
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, at)
        if kind == _ZIP64_FIELD:
            whole = extra[at + 4 : at + 4 + length]
            return struct.unpack(f"<{len(whole) // 8}Q", whole[: len(whole) // 8 * 8])
        at += 4 + length
    return ()
