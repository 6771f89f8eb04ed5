"""Read files in blocks: every byte once, every number whole, checksums joined, digests as defined."""

import os
import zlib
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import xxhash
from hypothesis import given
from hypothesis import strategies as st

from afterall.model import FileRole, FindingCode, Severity
from afterall.scan.checkpoints.formats import Extent
from afterall.scan.checkpoints.opening import OpenFile, open_path
from afterall.scan.checkpoints.values import reading
from afterall.scan.checkpoints.values.blocks import BLOCK_BYTES, blocks, disjoint
from afterall.scan.checkpoints.values.checksums import joined_crc
from afterall.scan.checkpoints.values.digesting import file_digest
from afterall.scan.checkpoints.values.judging import value_faults
from afterall.scan.checkpoints.values.reading import BUFFER_BYTES, Crc, Found, read_block
from scan.checkpoint_making import write


def read_whole(file: OpenFile, extents: list[Extent]) -> Found:
    """Return what all blocks of an open file add up to."""
    whole = Found()
    for block in blocks(file.size, extents):
        whole = whole.with_next(read_block(file, block))
    return whole


def side_by_side(begin: int, *sizes: int, dtype: str = "BF16") -> list[Extent]:
    """Return extents of these sizes, one after the other."""
    ends = np.cumsum([begin, *sizes]).tolist()
    return [Extent(str(index), dtype, a, b) for index, (a, b) in enumerate(pairwise(ends))]


@pytest.mark.parametrize(
    ("begin", "sizes"),
    [
        (8, [3, BUFFER_BYTES + 6, 4, 10]),
        (9, [BLOCK_BYTES + 2]),
        (0, [2] * 50),
        (7, [BLOCK_BYTES, BLOCK_BYTES * 2 - 1, 6]),
        (0, []),
    ],
)
def test_blocks_cover_every_byte_once_and_in_order(begin: int, sizes: list[int]) -> None:
    """However tensors lie, a block's runs join without a gap, and the next block goes on where it ended."""
    extents = side_by_side(begin, *sizes)
    size = begin + sum(sizes) + 5
    parts = list(blocks(size, extents))
    assert [(part.begin, part.end) for part in parts] == [
        (at, min(at + BLOCK_BYTES, size)) for at in range(0, size, BLOCK_BYTES)
    ]
    for part in parts:
        assert part.runs[0].begin == part.begin
        assert all(before.end == after.begin for before, after in pairwise(part.runs))
        assert part.end <= part.runs[-1].end < part.end + 16
    read = dict.fromkeys(("", *(extent.name for extent in extents)), 0)
    for part in parts:
        for run in part.runs:
            read[run.name] += run.end - run.begin
    assert all(read[extent.name] == extent.end - extent.begin for extent in extents)


def test_numbers_at_every_border_are_counted_once(tmp_path: Path) -> None:
    """Not-a-numbers on both sides of a buffer's and a block's end are all counted, also where one is torn."""
    count = (BLOCK_BYTES + 3 * BUFFER_BYTES) // 4
    array = np.full(count, 1.5, "<f4")
    torn = (BLOCK_BYTES - 6) // 4
    edges = [0, BUFFER_BYTES // 4 - 1, BUFFER_BYTES // 4, torn - 1, torn, torn + 1, count - 1]
    array[edges] = np.nan
    write(tmp_path / "w.bin", b"header" + array.tobytes() + b"end")
    with open_path(tmp_path, "w.bin") as file:
        whole = read_whole(file, [Extent("w", "F32", 6, 6 + 4 * count)])
    assert (whole.tallies["w"].nan, whole.tallies["w"].numbers) == (len(edges), count)


def test_a_digest_is_of_every_byte_whatever_the_format(tmp_path: Path) -> None:
    """A file's blocks are digested by their bytes alone, not by what is found in them."""
    data = np.random.default_rng(3).bytes(BLOCK_BYTES + 12345)
    write(tmp_path / "w.bin", data)
    with open_path(tmp_path, "w.bin") as file:
        plain = read_whole(file, [])
        known = read_whole(file, [Extent("w", "F64", 13, BLOCK_BYTES + 805)])
    parts = [xxhash.xxh3_128(data[:BLOCK_BYTES]), xxhash.xxh3_128(data[BLOCK_BYTES:])]
    assert plain.digests == known.digests == tuple(part.digest() for part in parts)
    assert file_digest(plain.digests) == xxhash.xxh3_128(b"".join(plain.digests)).hexdigest()


@pytest.mark.parametrize("data", [b"", b"abc", b"x" * 5000])
def test_a_small_files_digest_is_what_other_tools_say(tmp_path: Path, data: bytes) -> None:
    """Up to 64 MiB a digest is the plain xxh3-128, as `xxh128sum` prints it."""
    write(tmp_path / "w.bin", data)
    with open_path(tmp_path, "w.bin") as file:
        assert file_digest(read_whole(file, []).digests) == xxhash.xxh3_128(data).hexdigest()


@given(st.binary(max_size=300), st.binary(max_size=300))
def test_checksums_of_two_pieces_join(first: bytes, second: bytes) -> None:
    """Joining two CRC-32 gives that of both pieces together."""
    joined = joined_crc(zlib.crc32(first), zlib.crc32(second), len(second))
    assert joined == zlib.crc32(first + second)


def test_a_record_over_two_blocks_keeps_its_checksum(tmp_path: Path) -> None:
    """A record that two threads read has the checksum of one that was read at once."""
    data = np.random.default_rng(4).bytes(BLOCK_BYTES + 1001)
    write(tmp_path / "w.pt", data)
    crc = zlib.crc32(data[100:-50])
    with open_path(tmp_path, "w.pt") as file:
        whole = read_whole(file, [Extent("r", "F32", 100, len(data) - 50, crc)])
    assert whole.checksums == {100: Crc(crc, len(data) - 150)}
    assert whole.tallies["r"].numbers == (len(data) - 150) // 4


@pytest.mark.parametrize("dtype", ["F32", "BF16", "C64", "F8_E8M0"])
def test_what_was_never_written_is_known_without_reading(tmp_path: Path, dtype: str) -> None:
    """A hole has the digest and the tallies of the zeros that reading it would give."""
    written, size = tmp_path / "written", 3 * BLOCK_BYTES
    with written.open("wb") as file:
        for _ in range(3):
            file.write(bytes(BLOCK_BYTES))
    with (tmp_path / "hole").open("wb") as file:
        file.truncate(size)
    extents = [Extent("a", dtype, 8, BLOCK_BYTES + 16), Extent("b", dtype, BLOCK_BYTES + 16, size - 8)]
    with open_path(tmp_path, "written") as whole, open_path(tmp_path, "hole") as hole:
        assert hole.is_unwritten(0, size)
        assert read_whole(hole, extents) == read_whole(whole, extents)


def test_a_hole_that_was_cut_off_meanwhile_is_not_whole(tmp_path: Path) -> None:
    """What was never written and is gone by now is no run of zeros."""
    with (tmp_path / "hole").open("wb") as file:
        file.truncate(BLOCK_BYTES)
    with open_path(tmp_path, "hole") as opened:
        os.truncate(tmp_path / "hole", 10)
        (block,) = blocks(BLOCK_BYTES, [])
        assert not read_block(opened, block).is_whole


@pytest.mark.parametrize(
    ("role", "severity"), [(FileRole.FULL_WEIGHTS, Severity.ERROR), (FileRole.OTHER, Severity.WARNING)]
)
def test_what_could_not_be_read_weighs_as_much_as_the_file(role: FileRole, severity: Severity) -> None:
    """A note that nobody may read does not make weights unverifiable."""
    (fault,) = value_faults(Found(error="EACCES"), (), {}, role)
    assert (fault.code, fault.severity or fault.code.severity) == (FindingCode.FILE_UNREADABLE, severity)


def test_a_file_that_ends_early_says_where(tmp_path: Path) -> None:
    """A file that was cut after its header was read is told, not read past its end."""
    write(tmp_path / "w.bin", bytes(100))
    (block,) = blocks(200, [Extent("w", "F32", 0, 200)])
    with open_path(tmp_path, "w.bin") as file:
        found = read_block(file, block)
    assert (found.ended_at, found.is_whole) == (100, False)


def test_a_file_written_while_it_is_read_is_not_whole(tmp_path: Path) -> None:
    """What was read of two states of a file is of neither, and says so."""
    path = write(tmp_path / "w.bin", bytes(100))
    with open_path(tmp_path, "w.bin") as file:
        path.write_bytes(bytes(101))
        (block,) = blocks(100, [])
        assert read_block(file, block).has_changed


def test_extents_that_overlap_are_read_once() -> None:
    """Of two records over the same bytes the first counts: no more is read than the file has."""
    first, second, third = Extent("a", "F32", 0, 8), Extent("b", "F32", 4, 12), Extent("c", "F32", 8, 12)
    assert disjoint([first, second, third, Extent("d", "F32", 12, 12)]) == (first, third)


def test_a_buffer_holds_whole_numbers_of_every_kind() -> None:
    """Buffers and blocks are cut between numbers, so no dtype needs more than their own alignment."""
    assert reading.BUFFER_BYTES % 16 == BLOCK_BYTES % 16 == 0
