"""Open users' files: regular ones below the set, and nothing else."""

import errno
import os
import socket
from pathlib import Path

import pytest

from afterall.scan.files import open_regular, read_whole


def refusal(set_dir: Path, path: str) -> int | None:
    """Return the number of the error with which a path is refused."""
    with pytest.raises(OSError) as caught, open_regular(set_dir, path):  # noqa: PT011
        pass
    return caught.value.errno


def test_a_regular_file_below_the_set_is_opened(tmp_path: Path) -> None:
    """A file some directories down is opened for reading."""
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "f").write_bytes(b"words")
    with open_regular(tmp_path, "a/b/f") as file:
        assert file.read() == b"words"


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    """A symbolic link is refused, even to a file within the set."""
    (tmp_path / "f").write_bytes(b"words")
    (tmp_path / "link").symlink_to("f")
    assert refusal(tmp_path, "link") == errno.ELOOP


def test_a_linked_directory_is_not_entered(tmp_path: Path) -> None:
    """A path through a symbolic link to a directory outside is refused."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "f").write_bytes(b"secret")
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "link").symlink_to(outside)
    assert refusal(tmp_path / "set", "link/f") in (errno.ELOOP, errno.ENOTDIR)


def test_a_set_reached_by_a_link_is_read(tmp_path: Path) -> None:
    """The set's own path may be a link: only what lies below it must not."""
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "f").write_bytes(b"words")
    (tmp_path / "set").symlink_to("real")
    assert read_whole(tmp_path / "set", "f", 10) == b"words"


@pytest.mark.parametrize("path", ["../f", "a/../../f", "/etc/hostname", "", ".", "a/.."])
def test_a_path_that_leaves_the_set_is_refused(tmp_path: Path, path: str) -> None:
    """Absolute paths and those that climb are refused before anything is opened."""
    assert refusal(tmp_path, path) == errno.EPERM


def test_a_pipe_does_not_hold_the_reader(tmp_path: Path) -> None:
    """A FIFO that nobody writes to is refused at once."""
    os.mkfifo(tmp_path / "pipe")
    assert refusal(tmp_path, "pipe") == errno.EINVAL


def test_sockets_and_directories_are_refused(tmp_path: Path) -> None:
    """What is no regular file is not read."""
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s"))
        assert refusal(tmp_path, "s") in (errno.ENXIO, errno.EINVAL)
    (tmp_path / "d").mkdir()
    assert refusal(tmp_path, "d") == errno.EINVAL


def test_a_name_with_a_nul_byte_is_refused(tmp_path: Path) -> None:
    """A NUL byte in a path is an error of ours, not of the interpreter."""
    assert refusal(tmp_path, "a\0b") == errno.EINVAL


def test_reading_whole_stops_at_its_limit(tmp_path: Path) -> None:
    """A file larger than the limit is refused; one of just that size is read."""
    (tmp_path / "f").write_bytes(b"12345")
    assert read_whole(tmp_path, "f", 5) == b"12345"
    with pytest.raises(OSError, match="larger than 4 bytes") as caught:
        read_whole(tmp_path, "f", 4)
    assert caught.value.errno == errno.EFBIG


def test_no_descriptor_is_left_open(tmp_path: Path) -> None:
    """Refusals close whatever they opened on the way."""
    (tmp_path / "d" / "e").mkdir(parents=True)
    before = set(os.listdir("/proc/self/fd"))
    for path in ("d/e", "d/missing", "d/e/f"):
        with pytest.raises(OSError):  # noqa: PT011
            open_regular(tmp_path, path)
    assert set(os.listdir("/proc/self/fd")) == before
