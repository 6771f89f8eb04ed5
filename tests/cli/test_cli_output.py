"""A pipe gets the result and nothing else; a person at a terminal sees progress and a fitted table."""

import os
import pty
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cli.cli_ground import in_process, make_set

_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def at_a_terminal(*arguments: str | Path) -> tuple[int, str]:
    """Run one command with a pseudo-terminal as its stdin, stdout and stderr."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "200", "LINES": "50"}
    argv = [sys.executable, "-m", "afterall", *map(str, arguments)]
    with subprocess.Popen(argv, stdin=theirs, stdout=theirs, stderr=theirs, env=environment) as process:
        os.close(theirs)
        seen = b""
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            try:
                part = os.read(ours, 65536)
            except OSError:  # the other end was closed
                break
            if not part:
                break
            seen += part
    os.close(ours)
    return process.returncode, seen.decode()


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """Make a set whose name and runs try to write on the terminal."""
    set_dir = make_set(tmp_path, "set[bold]")
    (set_dir / "1B_rank4").rename(set_dir / "[red]1B\x1b[31m")
    return set_dir


@pytest.mark.parametrize("command", [["report", "--no-slurm"], ["status", "--no-slurm"], ["verify"]])
def test_a_pipe_gets_plain_text(command: list[str], made: Path) -> None:
    """No colour, no progress, no escape: stdout holds the result and stderr nothing."""
    told = in_process(*command, made)
    assert told.err == ""
    assert "\x1b" not in told.out
    assert told.out
    assert told.code == (1 if command == ["verify"] else 0)


@pytest.mark.parametrize("command", [["report", "--no-slurm"], ["status", "--no-slurm"]])
def test_a_terminal_gets_progress(command: list[str], made: Path) -> None:
    """Which experiment is being read is shown, its name spelled out and not obeyed."""
    code, seen = at_a_terminal(*command, made)
    assert code == 0
    assert "\x1b[?25l" in seen  # the cursor is hidden while the bar moves, and shown again
    assert seen.rindex("\x1b[?25h") > seen.rindex("\x1b[?25l")
    assert "1B\x1b[31m" not in seen
    assert "reading [red]1B\\x1b[31m" in _ESCAPES.sub("", seen)


def test_verifying_shows_bytes_and_their_rate_where_they_are_read(made: Path) -> None:
    """With --deep there is a rate; without it no weights are read, and no rate is claimed."""
    _, deep = at_a_terminal("verify", made, "--deep")
    _, quick = at_a_terminal("verify", made)
    assert re.search(r"\d MB\b|\d kB\b", _ESCAPES.sub("", quick))
    assert "B/s" in deep
    assert "B/s" not in quick


def test_a_table_at_a_terminal_is_boxed(made: Path) -> None:
    """Rich draws the table for a person, names in it escaped."""
    _, seen = at_a_terminal("status", "--no-slurm", made)
    plain = _ESCAPES.sub("", seen)
    assert "┃ Experiment" in plain
    assert "│ [red]1B\\x1b[31m" in plain


def test_a_poor_locale_does_not_cost_the_result(made: Path) -> None:
    """Where the terminal's encoding lacks a mark, it is spelled out."""
    told = in_process("verify", made, environment={"PYTHONIOENCODING": "latin-1"})
    assert (told.code, told.err) == (1, "")
    assert "\\u2713 complete" in told.out


def test_paths_are_printed_for_programs_byte_for_byte(tmp_path: Path) -> None:
    """What `report` prints in a pipe can be opened, whatever bytes the set's name has."""
    set_dir = make_set(tmp_path, os.fsdecode(b"set\xff"))
    argv = [sys.executable, "-m", "afterall", "report", "--no-slurm", str(set_dir)]
    done = subprocess.run(argv, capture_output=True, check=True)
    assert done.stdout == os.fsencode(set_dir) + b"/RESULTS.md\n"
