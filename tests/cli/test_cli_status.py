"""`afterall status` shows one set or every set below a directory, and writes nothing."""

import json
import os
from pathlib import Path

import msgspec
import pytest

from afterall.render.results import Results
from cli.cli_ground import Slurm, everything_in, make_set, speak


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Make a directory of three sets, the second of which has settings that cannot be read."""
    root = tmp_path / "root"
    for name in ("first", "second", "third"):
        make_set(root, name)
    (root / "second/afterall.toml").write_text("\nreport = 1\n")
    return root


def test_a_set_is_a_table_of_its_experiments(
    set_dir: Path, slurm: Slurm, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each experiment is a row with Slurm's state and training's own end."""
    slurm.records(set_dir)
    told = speak(capsys, "status", set_dir)
    assert (told.code, told.err) == (0, "")
    title, headers, *rows = told.out.splitlines()
    assert title == "lora_rank_demo: failed, 4 of 5 trained to their end"
    assert headers.split()[:4] == ["Experiment", "State", "Trained", "Job"]
    assert [row.split()[:5] for row in rows] == [
        ["1B_rank4", "completed", "yes", "4101", "5:04"],
        ["1B_rank64", "failed", "yes", "4102", "5:04"],
        ["3B_rank4", "completed", "yes", "4103", "16:01"],
        ["3B_rank64", "completed", "yes", "4104", "16:01"],
        ["3B_rank256", "failed", "no", "4105", "2:29"],
    ]
    assert rows[2].endswith("  4, 1 wrong")


def test_several_sets_are_listed_with_their_states(
    root: Path, no_slurm: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every set below the directory is a row, and one broken set says why and hides no other."""
    told = speak(capsys, "status", root)
    assert (told.code, told.err) == (0, "")
    headers, *rows = told.out.splitlines()
    assert headers.split() == ["Set", "Status", "Trained", "Experiments", "Dates"]
    assert [row.split()[:2] for row in rows] == [
        [str(root / "first"), "failed"],
        [str(root / "second"), "unreadable"],
        [str(root / "third"), "failed"],
    ]
    assert f"{root / 'second/afterall.toml'}:2: report: expected text, got whole number" in rows[1]


def test_the_current_directory_is_the_default(
    root: Path, no_slurm: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`afterall status` alone looks around where one is."""
    monkeypatch.chdir(root)
    assert len(speak(capsys, "status").out.splitlines()) == 4
    monkeypatch.chdir(root / "first")
    assert speak(capsys, "status").out.startswith("first: failed, 4 of 5")


def test_a_set_that_was_named_and_is_broken_is_exit_code_2(
    root: Path, no_slurm: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where one set was asked for there is no table to put the problem into."""
    told = speak(capsys, "status", root / "second")
    assert (told.code, told.out) == (2, "")
    assert told.err.endswith("second/afterall.toml:2: report: expected text, got whole number\n")


def test_json_of_a_set_is_its_results(
    set_dir: Path, slurm: Slurm, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is printed is what RESULTS.json would hold, byte for byte."""
    slurm.records(set_dir)
    told = speak(capsys, "status", set_dir, "--json")
    assert (told.code, told.err) == (0, "")
    msgspec.json.decode(told.out, type=Results, strict=True)
    assert speak(capsys, "report", set_dir).code == 0
    assert told.out == (set_dir / "RESULTS.json").read_text()


def test_json_of_several_sets_is_a_list(
    root: Path, no_slurm: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each readable set is an element; the broken one is told on stderr."""
    told = speak(capsys, "status", root, "--json")
    decoded = msgspec.json.decode(told.out, type=list[Results], strict=True)
    assert [Path(results.set.path).name for results in decoded] == ["first", "third"]
    assert len(told.err.splitlines()) == 1
    assert "second/afterall.toml:2: report:" in told.err


def test_json_of_a_directory_with_one_set_is_a_list_too(
    tmp_path: Path, no_slurm: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A program need not know how many sets there are to read the answer."""
    make_set(tmp_path / "root")
    decoded = json.loads(speak(capsys, "status", tmp_path / "root", "--json").out)
    assert [one["set"]["name"] for one in decoded] == ["lora_rank_demo"]


def test_nothing_is_written(set_dir: Path, no_slurm: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Neither report nor lock appears."""
    before = everything_in(set_dir)
    assert speak(capsys, "status", set_dir).code == 0
    assert everything_in(set_dir) == before


def test_files_alone_are_enough(set_dir: Path, slurm: Slurm, capsys: pytest.CaptureFixture[str]) -> None:
    """With --no-slurm no command of Slurm's is run, and states are unknown rather than guessed."""
    told = speak(capsys, "status", set_dir, "--no-slurm")
    assert {row.split()[1] for row in told.out.splitlines()[2:]} == {"unknown"}
    assert slurm.calls("sacct") == slurm.calls("squeue") == []


def test_a_recording_speaks_for_slurm(
    set_dir: Path, no_slurm: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """States come from a file of sacct's where no Slurm is."""
    told = speak(capsys, "status", set_dir, "--sacct-file", set_dir.parent / "sacct.txt")
    assert "completed" in told.out


def test_names_are_made_printable(set_dir: Path, no_slurm: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A run's name with an escape, a newline and a byte that is no UTF-8 stays one row of plain text."""
    os.rename(set_dir / "1B_rank4", os.fsencode(set_dir) + b"/r\x1b[31m\n\xff")
    told = speak(capsys, "status", set_dir)
    assert "r\\x1b[31m\\n\\xff" in told.out
    assert "\x1b" not in told.out
    assert len(told.out.splitlines()) == 7
