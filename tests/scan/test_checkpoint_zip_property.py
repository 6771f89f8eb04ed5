"""Read zip directories beside the standard library: the same of whole archives, no harm from broken ones."""

import struct
import zipfile
from collections.abc import Mapping
from io import BytesIO
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from afterall.scan.checkpoints.formats.archive import (
    STORED,
    BrokenArchive,
    Directory,
    data_offset,
    read_directory,
)
from scan.checkpoint_making import numbers, torch_bytes, zip_bytes
from scan.checkpoint_memory import Memory

END = struct.Struct("<4s4H2LH")
LOCATOR = struct.Struct("<4sLQL")
END_64 = struct.Struct("<4sQ2H2L4Q")
PADDING = struct.pack("<2sH", b"FB", 12) + b"Z" * 12
"""How torch moves a record's bytes to a multiple of 64: an extra field of its local header."""


class Member(NamedTuple):
    """One record to write, and how."""

    data: bytes
    packed: bool
    wide: bool
    extra: bytes
    comment: bytes


class _Pipe(BytesIO):
    """A file that cannot seek: zipfile puts sizes and checksum behind each record of such a one."""

    def seekable(self) -> bool:
        """Return False, as a pipe does."""
        return False

    def tell(self) -> int:
        """Raise, as a pipe does."""
        raise OSError("a pipe")


NAMES = st.text("aé/.0", min_size=1, max_size=8).filter(lambda name: not name.endswith("/"))
MEMBERS = st.builds(
    Member,
    data=st.binary(max_size=30),
    packed=st.booleans(),
    wide=st.booleans(),
    extra=st.sampled_from([b"", PADDING, struct.pack("<HH", 0x5455, 1) + b"\1"]),
    comment=st.sampled_from([b"", b"c", b"PK\1\2"]),
)


def archive(members: Mapping[str, Member], buffer: BytesIO, comment: bytes) -> bytes:
    """Return what zipfile writes for `members` behind what `buffer` holds."""
    with zipfile.ZipFile(buffer, "a" if buffer.getvalue() else "w") as file:
        for name, member in members.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED if member.packed else zipfile.ZIP_STORED
            info.extra, info.comment = member.extra, member.comment
            with file.open(info, "w", force_zip64=member.wide) as record:
                record.write(member.data)
        file.comment = comment
    return buffer.getvalue()


def with_wide_end(data: bytes, keeps_narrow: bool) -> bytes:
    """Return an archive without comment that ends as torch writes it: 64-bit end, locator, 32-bit end."""
    count, _, size, offset, _ = struct.unpack("<HHLLH", data[-14:])
    end = END_64.pack(b"PK\6\6", END_64.size - 12, 45, 45, 0, 0, count, count, size, offset)
    locator = LOCATOR.pack(b"PK\6\7", 0, len(data) - END.size, 1)
    narrow = (count, count, size, offset) if keeps_narrow else (0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF)
    return data[: -END.size] + end + locator + END.pack(b"PK\5\6", 0, 0, *narrow, 0)


def assert_as_zipfile(data: bytes) -> None:
    """Assert that our view of an archive is zipfile's: names, places, sizes, checksums and stored bytes."""
    mine = read_directory(Memory(data)).records
    with zipfile.ZipFile(BytesIO(data)) as file:
        theirs = file.infolist()
        assert [(r.name, r.offset, r.size, r.stored_size, r.method, r.crc32) for r in mine] == [
            (i.filename, i.header_offset, i.file_size, i.compress_size, i.compress_type, i.CRC)
            for i in theirs
        ]
        for record in mine:
            begin = data_offset(Memory(data), record)
            if record.method == STORED:
                assert data[begin : begin + record.size] == file.read(record.name)


WHOLE = st.dictionaries(NAMES, MEMBERS, max_size=5)
COMMENTS = st.binary(max_size=20).filter(lambda text: b"PK\5\6" not in text)
"""With an end's magic number in it a comment hides the archive from zipfile as well."""


@settings(max_examples=150)
@given(WHOLE, st.sampled_from([b"", b"#!/bin/sh\n", b"PK\3\4 no record"]), COMMENTS)
def test_archives_are_seen_as_zipfile_sees_them(
    members: dict[str, Member], before: bytes, comment: bytes
) -> None:
    """Stored or packed, wide or not, padded, commented, behind other bytes: both see the same records."""
    assert_as_zipfile(archive(members, BytesIO(before), comment))


@given(WHOLE)
def test_archives_written_to_a_pipe_are_seen_as_zipfile_sees_them(members: dict[str, Member]) -> None:
    """Sizes that stand behind the records are taken from the directory."""
    assert_as_zipfile(archive(members, _Pipe(), b""))


@given(WHOLE, st.booleans())
def test_wide_ends_are_seen_as_zipfile_sees_them(members: dict[str, Member], keeps_narrow: bool) -> None:
    """The 64-bit end that torch always writes counts, whether or not the 32-bit one says the same."""
    assert_as_zipfile(with_wide_end(archive(members, BytesIO(), b""), keeps_narrow))


def test_the_most_records_without_a_wide_end_are_seen() -> None:
    """65 535 records need no 64-bit end, though their number is the one that announces it."""
    data = zip_bytes({str(number): b"" for number in range(0xFFFF)})
    assert b"PK\6\6" not in data
    assert len(read_directory(Memory(data)).records) == 0xFFFF


def test_one_record_more_has_a_wide_end() -> None:
    """From 65 536 records on, their number stands in the 64-bit end."""
    data = zip_bytes({str(number): b"" for number in range(0x10000)})
    assert b"PK\6\6" in data
    assert len(read_directory(Memory(data)).records) == 0x10000


@pytest.mark.parametrize("length", [1, 46, 1000])
def test_an_archive_that_was_moved_is_refused(length: int) -> None:
    """Behind other bytes nothing lies where the directory says: zipfile helps itself, torch does not."""
    data = bytes(length) + zip_bytes({"a/data.pkl": b"N.", "a/version": b"3"})
    with pytest.raises(BrokenArchive):
        read_directory(Memory(data))


@pytest.mark.parametrize("second", [b"data.pkl", b"DATA.PKL", b"Data.pkl"])
def test_a_name_that_two_records_have_is_refused(second: bytes) -> None:
    """Torch takes names that differ in case for one, and reads the last: others see another pickle."""
    data = zip_bytes({"a/data.pkl": b"N.", "a/data.pkm": b"evil", "a/version": b"3"})
    with pytest.raises(BrokenArchive, match="record_repeated"):
        read_directory(Memory(data.replace(b"data.pkm", second)))


@given(st.binary(min_size=1, max_size=100))
def test_bytes_behind_an_archive_are_counted(more: bytes) -> None:
    """What follows the end is neither a record nor ignored."""
    data = zip_bytes({"a": b"b"})
    found = _read(data + more)
    assert found is None or found.trailing_bytes == len(more)


GOOD = (
    torch_bytes({"w": numbers(3, 3), "v": numbers(4)}),
    with_wide_end(torch_bytes({"w": numbers(2)}), keeps_narrow=False),
    archive({"a": Member(b"x" * 20, True, True, PADDING, b"c")}, BytesIO(), b"a comment"),
)


def _read(data: bytes) -> Directory | None:
    """Return the directory, None where there is none; whatever is returned lies within the file."""
    file = Memory(data)
    try:
        found = read_directory(file)
    except BrokenArchive:
        return None
    for record in found.records:
        try:
            begin = data_offset(file, record)
        except BrokenArchive:
            continue
        assert 0 <= begin <= begin + record.stored_size <= len(data)
    return found


@settings(max_examples=400)
@given(st.sampled_from(GOOD), st.data())
def test_a_damaged_archive_is_read_or_refused(good: bytes, draw: st.DataObject) -> None:
    """Bytes changed, lost or added: records that lie within the file, or a refusal, never another error."""
    data = bytearray(good)
    for _ in range(draw.draw(st.integers(1, 4))):
        at = draw.draw(st.integers(0, len(data)))
        cut = draw.draw(st.sampled_from([0, 1, 2, 4, 8]))
        data[at : at + cut] = draw.draw(
            st.sampled_from([b"", b"\0", b"\xff" * 4, b"\xff" * 8, b"PK\5\6", b"\1\0"])
        )
    _read(bytes(data))


@given(st.binary(max_size=200), st.integers(0, 20))
def test_any_bytes_before_an_end_are_read_or_refused(data: bytes, count: int) -> None:
    """A well-formed end that leads to anything whatever does no harm."""
    _read(data + END.pack(b"PK\5\6", 0, 0, count, count, len(data), 0, 0))


@pytest.mark.parametrize("good", GOOD, ids=["torch", "wide", "commented"])
def test_no_beginning_of_an_archive_is_one(good: bytes) -> None:
    """Wherever a killed save stopped, short of the comment at the very end, there is no archive."""
    end = len(good) - len(b"a comment") if good.endswith(b"a comment") else len(good)
    assert not [length for length in range(end) if _read(good[:length]) is not None]
