"""`afterall status --events` shows what a spool holds, worst first, and touches nothing of it."""

import json
from pathlib import Path

import pytest

from afterall.events import open_spool
from cli.cli_ground import speak


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    """Return a spool with one event and one record that could not be read."""
    path = tmp_path / "spool"
    path.mkdir(mode=0o700)
    open_spool(path, 1_000_000)
    (path / "new" / "7.n1.1.0").write_text("afterall-event 1\n")
    (path / "quarantine" / "x").write_bytes(b"?")
    (path / "quarantine" / "x.reason").write_text("no \x1b[31mrecord\n")
    return path


def test_what_waits_and_what_failed(spool: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What needs a person stands first, with its reason, made printable."""
    before = sorted(spool.rglob("*"))
    told = speak(capsys, "status", "--events", "--spool", str(spool))
    assert (told.code, told.err) == (0, "")
    lines = told.out.splitlines()
    assert lines[1].startswith("unreadable  x")
    assert lines[2].startswith("event       7.n1.1.0")
    assert "\x1b" not in told.out
    assert sorted(spool.rglob("*")) == before


def test_the_same_as_json(spool: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Programs get a list."""
    told = json.loads(speak(capsys, "status", "--events", "--json", "--spool", str(spool)).out)
    assert {one["kind"] for one in told} == {"event", "quarantined"}


def test_an_empty_spool(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing waits is a sentence, and a directory that is no spool an error."""
    assert speak(capsys, "status", "--events", "--spool", str(tmp_path)).code == 2
    (tmp_path / "new").mkdir()
    told = speak(capsys, "status", "--events", "--spool", str(tmp_path))
    assert told.out == "Nothing waits, and nothing failed.\n"
