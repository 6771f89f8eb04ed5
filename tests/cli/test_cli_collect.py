"""`afterall collect` and `afterall sweep` find their spool and settings, and say what they do on stderr."""

import os
import re
from pathlib import Path

import pytest

from cli.cli_ground import in_process, speak


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    """Make an empty spool."""
    path = tmp_path / "spool"
    path.mkdir(mode=0o700)
    return path


@pytest.mark.parametrize("options", [[], ["--once", "--watch"]])
def test_collecting_needs_one_way(options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Neither or both of --once and --watch is wrong usage."""
    told = speak(capsys, "collect", *options)
    assert (told.code, told.out) == (2, "")
    assert told.err == "afterall: afterall collect: needs either --once or --watch\n"


@pytest.mark.parametrize("command", [["collect", "--once"], ["sweep"]])
def test_an_empty_spool_is_served_at_once(command: list[str], spool: Path, tmp_path: Path) -> None:
    """Nothing to do is done: exit code 0, and nothing on stdout."""
    told = in_process(*command, "--spool", spool, "--config", tmp_path / "none.toml")
    assert (told.code, told.out) == (0, "")
    assert "Traceback" not in told.err


def test_the_settings_name_the_spool(spool: Path, tmp_path: Path) -> None:
    """Without --spool it is the one of the site's settings."""
    (tmp_path / "config.toml").write_text(f'spool = "{spool}"\n')
    told = in_process("collect", "--once", "--config", tmp_path / "config.toml")
    assert told.code == 0
    assert os.listdir(spool)


def test_a_record_that_is_none_is_quarantined_and_told(spool: Path, tmp_path: Path) -> None:
    """One line on stderr tells of each decision; what cannot be read is kept."""
    (spool / "new").mkdir()
    (spool / "new/1.ev").write_bytes(b"no record")
    told = in_process("collect", "--once", "--spool", spool, "--config", tmp_path / "none.toml")
    assert (told.code, told.out) == (0, "")
    assert re.search("quarantine", told.err)
    assert (spool / "quarantine/1.ev").read_bytes() == b"no record"


@pytest.mark.parametrize("command", [["collect", "--once"], ["sweep"]])
def test_a_spool_that_is_not_there_is_one_line(command: list[str], tmp_path: Path) -> None:
    """A wrong --spool is told by name with exit code 2."""
    told = in_process(*command, "--spool", tmp_path / "nothing", "--config", tmp_path / "none.toml")
    assert (told.code, told.out) == (2, "")
    assert told.err.startswith(f"afterall: {tmp_path}/nothing: ")
    assert len(told.err.splitlines()) == 1
