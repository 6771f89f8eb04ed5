"""A walk sees everything below a directory once, in order, and follows nothing."""

import os
from pathlib import Path

import pytest

from afterall.model import EntryKind
from afterall.scan.checkpoints.walking import MAX_DEPTH, walk
from scan.checkpoint_making import write


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Make files at three depths, an ignored directory, a link and a FIFO."""
    root = tmp_path / "root"
    for name in ("run/epoch_0/w.bin", "run/epoch_0/deep/er/x", "run/a", "run-2/b", "run/wandb/c", "run/z"):
        write(root / name, name)
    (root / "run" / "link").symlink_to("epoch_0")
    os.mkfifo(root / "run" / "pipe")
    return root


@pytest.mark.parametrize("jobs", [None, 1, 2])
def test_everything_is_seen_once_and_in_order(tree: Path, jobs: int | None) -> None:
    """By path, whatever order the directory has; trackers left out, links told as links."""
    seen = walk(tree, "run", jobs)
    assert [(entry.path, entry.kind) for entry in seen.entries] == [
        ("run/a", EntryKind.FILE),
        ("run/epoch_0", EntryKind.DIRECTORY),
        ("run/epoch_0/deep", EntryKind.DIRECTORY),
        ("run/epoch_0/deep/er", EntryKind.DIRECTORY),
        ("run/epoch_0/deep/er/x", EntryKind.FILE),
        ("run/epoch_0/w.bin", EntryKind.FILE),
        ("run/link", EntryKind.SYMLINK),
        ("run/pipe", EntryKind.OTHER),
        ("run/z", EntryKind.FILE),
    ]
    assert (seen.unreadable, seen.is_truncated) == ((), False)


def test_an_entry_is_what_the_file_system_says(tree: Path) -> None:
    """Size, times, mode and identity as `lstat` tells them."""
    status = (tree / "run" / "a").lstat()
    entry = walk(tree, "run").entries[0]
    assert (entry.size_bytes, entry.allocated_bytes) == (status.st_size, status.st_blocks * 512)
    assert (entry.mtime_ns, entry.ctime_ns) == (status.st_mtime_ns, status.st_ctime_ns)
    assert (entry.mode, entry.links, entry.identity) == (0o644, 1, (status.st_dev, status.st_ino))


def test_the_root_itself_may_be_walked(tree: Path) -> None:
    """Paths begin with the names in it."""
    assert [entry.path for entry in walk(tree, "").entries if "/" not in entry.path] == ["run", "run-2"]


def test_a_walk_has_a_floor(tmp_path: Path) -> None:
    """Directories that go on without end are seen down to it, and the rest is said to be left out."""
    (tmp_path / "run").joinpath(*"d" * MAX_DEPTH).mkdir(parents=True)
    assert not walk(tmp_path, "run").is_truncated
    (tmp_path / "run").joinpath(*"d" * (MAX_DEPTH + 1)).mkdir()
    seen = walk(tmp_path, "run")
    assert seen.is_truncated
    assert len(seen.entries) == MAX_DEPTH + 1


def test_what_is_no_directory_is_told_as_unreadable(tree: Path) -> None:
    """It may have been one when it was named."""
    seen = walk(tree, "run/a")
    assert (seen.entries, seen.unreadable) == ((), ("run/a",))
