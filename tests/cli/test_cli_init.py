"""`afterall init` writes settings that are valid, and never over somebody's own."""

from pathlib import Path

import pytest

from afterall.settings import SetSettings, parse_set_settings
from cli.cli_ground import names_in, speak


def test_it_writes_a_commented_file_and_prints_its_path(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As it stands the file changes nothing; every line of it that is a setting can be uncommented."""
    told = speak(capsys, "init", tmp_path)
    path = tmp_path / "afterall.toml"
    assert (told.code, told.out, told.err) == (0, f"{path}\n", "")
    assert names_in(tmp_path) == {"afterall.toml"}
    text = path.read_text()
    assert parse_set_settings(text) == SetSettings()
    uncommented = "\n".join(
        line.removeprefix("# ") for line in text.splitlines() if " = " in line or line.startswith("# [")
    )
    changed = parse_set_settings(uncommented)
    assert set(changed.jobs) == {"rank4_lr3e-4"}
    assert all(field in text for field in SetSettings.__struct_fields__)


def test_a_file_that_is_there_stays(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The second time is exit code 2, and what somebody wrote is untouched."""
    (tmp_path / "afterall.toml").write_text("partial = true\n")
    told = speak(capsys, "init", tmp_path)
    assert (told.code, told.out) == (2, "")
    assert told.err == f"afterall: {tmp_path}/afterall.toml: is already there; it was left as it is\n"
    assert (tmp_path / "afterall.toml").read_text() == "partial = true\n"


@pytest.mark.parametrize(("name", "problem"), [("nothing", "no such file"), ("file", "not a directory")])
def test_a_set_that_is_none_is_one_line(
    name: str, problem: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where nothing can be written the system's reason is told."""
    (tmp_path / "file").touch()
    told = speak(capsys, "init", tmp_path / name)
    assert (told.code, told.out) == (2, "")
    assert problem in told.err
    assert len(told.err.splitlines()) == 1


def test_the_set_opts_in_by_default_where_one_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without an argument it is the current directory's settings."""
    monkeypatch.chdir(tmp_path)
    assert speak(capsys, "init").out == "afterall.toml\n"
