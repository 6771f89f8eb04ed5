"""`afterall doctor` prints every check with what to do, and its exit code says whether all is well."""

import json
import os
from pathlib import Path

import pytest

from cli.cli_ground import speak


def test_a_set_that_is_well(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A set's checks are a table, and the exit code is 0."""
    (tmp_path / "rank4").mkdir()
    (tmp_path / "rank4" / "slurm-1.out").write_text("step 1 loss: 1.5\n")
    told = speak(capsys, "doctor", str(tmp_path))
    assert (told.code, told.err) == (0, "")
    assert "1 experiment" in told.out
    assert "afterall init SET" in told.out


def test_a_set_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is wrong stands with its mark, and the exit code is 1."""
    told = speak(capsys, "doctor", str(tmp_path))
    assert told.code == 1
    assert "✗" in told.out


def test_the_checks_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Programs get the same checks."""
    checks = json.loads(speak(capsys, "doctor", str(tmp_path), "--json").out)
    assert {"area", "subject", "outcome", "found", "fix"} == set(checks[0])


def test_a_path_that_is_not_utf_8_stands_in_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its bytes are spelled out, as in every document."""
    told = speak(capsys, "doctor", os.fsdecode(os.fsencode(tmp_path) + b"/\xff"), "--json")
    (check,) = json.loads(told.out)
    assert (told.code, check["outcome"]) == (1, "wrong")


def test_the_site_is_checked_without_slurm(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a host without Slurm and spool, each is told to be missing, and nothing fails."""
    monkeypatch.setenv("PATH", str(tmp_path))
    config = tmp_path / "config.toml"
    config.write_text(f'slurm_path = "{tmp_path}"\nspool = "{tmp_path}/spool"\n')
    told = speak(capsys, "doctor", "--config", str(config))
    assert told.code == 1
    assert "sacct" in told.out
    assert f"{tmp_path}/spool" in told.out


def test_a_second_mount_needs_a_set(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without SET there is nothing that could be mounted twice."""
    told = speak(capsys, "doctor", "--mounted-also-at", str(tmp_path))
    assert (told.code, told.out) == (2, "")
    assert "--mounted-also-at needs the SET" in told.err


def test_a_second_mount_is_a_row(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same path again is no second mount, and said not to have been tried as one."""
    (tmp_path / "rank4").mkdir()
    (tmp_path / "rank4" / "slurm-1.out").write_text("step 1 loss: 1.5\n")
    told = speak(capsys, "doctor", str(tmp_path), "--mounted-also-at", str(tmp_path))
    assert told.code == 0
    assert "two mounts were not tried" in told.out


def test_the_files_are_copied_and_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each copied file is printed; a second time nothing is replaced."""
    told = speak(capsys, "doctor", "--install-files", str(tmp_path))
    assert told.code == 0
    assert str(tmp_path / "hooks" / "afterall-epilog") in told.out.splitlines()
    assert speak(capsys, "doctor", "--install-files", str(tmp_path)).code == 5
