"""Check how saved accounting is read from a file."""

import os
import socket
from pathlib import Path

import pytest

from afterall.errors import BadInput
from afterall.model import SlurmSource, SourceReport
from afterall.observe import DOCUMENTED_COLUMNS, parse_recorded_sacct, read_recorded_sacct
from observe.observe_slurm import RECORDED_SEPARATOR, fixture, sacct_row

SAVED = fixture("sacct-22.05.8.txt")


def saved(path: Path, data: bytes = SAVED) -> Path:
    """Write saved accounting to a file."""
    path.write_bytes(data)
    return path


def test_saved_accounting_is_an_observation(tmp_path: Path) -> None:
    """The file answers as sacct, is named as the source, and bears no time of observation."""
    observation = read_recorded_sacct(saved(tmp_path / "acct.txt"))
    assert len(observation.attempts) == 12
    assert observation.asked == (SourceReport(SlurmSource.SACCT, True, "recorded in acct.txt"),)
    assert observation.accounting_answered
    assert observation.observed_at is None


def test_a_symbolic_link_is_followed(tmp_path: Path) -> None:
    """A file that the user names may be a link."""
    saved(tmp_path / "acct.txt")
    (tmp_path / "link").symlink_to("acct.txt")
    assert read_recorded_sacct(tmp_path / "link").attempts


@pytest.mark.parametrize("separator", ["\x1f", "|"])
def test_a_header_names_the_columns(separator: str) -> None:
    """Text saved without -n says itself which columns it has, in which order."""
    columns = ["JobIDRaw", "State", "ExitCode", "End", "JobName", "Comment", "WorkDir"]
    lines = [columns, ["7", "FAILED", "3:0", "1795417943", "a", "b", "/set/x"]]
    text = "".join(separator.join(line) + "\n" for line in lines)
    (attempt,) = parse_recorded_sacct(text.encode())
    assert (attempt.job_id, attempt.exit_code, attempt.work_dir, attempt.user) == ("7", 3, "/set/x", "")


def test_the_documented_columns_with_their_header() -> None:
    """A header above the documented columns changes nothing."""
    header = RECORDED_SEPARATOR.join(DOCUMENTED_COLUMNS).encode() + b"\n"
    assert parse_recorded_sacct(header + SAVED) == parse_recorded_sacct(SAVED)


def test_line_ends_of_another_system() -> None:
    """A file that went through a mail or an editor with CRLF reads the same."""
    assert parse_recorded_sacct(SAVED.replace(b"\n", b"\r\n")) == parse_recorded_sacct(SAVED)


def test_a_cut_file_keeps_its_whole_records() -> None:
    """Cut in the middle of its last job, the file still tells the others."""
    cut = SAVED[: SAVED.rindex(b"\n23\x1f") + 80]
    assert len(parse_recorded_sacct(cut)) == 11


def test_records_are_told_once_and_in_order() -> None:
    """Two saved answers in one file are one list."""
    assert parse_recorded_sacct(SAVED + SAVED) == parse_recorded_sacct(SAVED)


@pytest.mark.parametrize(
    "data",
    [b"", b"\n", b"Slurm accounting storage is disabled\n", SAVED.replace(b"\x1f", b"|"), b"\x00" * 100],
)
def test_no_record_is_an_error(tmp_path: Path, data: bytes) -> None:
    """A file that holds no record of ours is a wrong file, not a set without jobs."""
    with pytest.raises(BadInput, match=r"acct\.txt: holds no record of sacct"):
        read_recorded_sacct(saved(tmp_path / "acct.txt", data))


def test_no_such_file(tmp_path: Path) -> None:
    """A missing file is told with its name."""
    with pytest.raises(BadInput, match="acct: No such file or directory"):
        read_recorded_sacct(tmp_path / "acct")


def test_no_path() -> None:
    """A name that no file can have is told."""
    with pytest.raises(BadInput, match="is no path"):
        read_recorded_sacct(Path("a\0b"))


def test_only_a_regular_file_is_read(tmp_path: Path) -> None:
    """A FIFO without a writer, a device, a directory and a socket are refused at once."""
    os.mkfifo(tmp_path / "fifo")
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(tmp_path / "socket"))
        for path in (tmp_path / "fifo", Path("/dev/zero"), tmp_path, tmp_path / "socket"):
            with pytest.raises(BadInput):
                read_recorded_sacct(path)


def test_a_name_cannot_forge_the_source(tmp_path: Path) -> None:
    """Control characters in the file's name do not reach the report."""
    observation = read_recorded_sacct(
        saved(tmp_path / "a\x1b[31m\nb", sacct_row("7", RECORDED_SEPARATOR).encode())
    )
    assert observation.asked[0].detail == "recorded in a [31m"
