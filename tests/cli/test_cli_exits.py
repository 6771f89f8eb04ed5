"""Every way to end has its exit code, and each code is documented."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import afterall.demo
from afterall.cli.exits import Exit, exit_code_of
from afterall.errors import AfterallError, BadEvent, CannotBecomeUser
from cli.cli_ground import speak

DOCUMENT = Path(__file__).parents[2] / "docs" / "reference" / "exit-codes.md"


def documented() -> list[int]:
    """Return the codes in the documentation's table."""
    lines = DOCUMENT.read_text().splitlines()
    return [int(line.split("|")[1]) for line in lines if line.startswith("|") and line[2].isdigit()]


def test_every_code_is_documented() -> None:
    """The table holds each code once, and no other."""
    assert documented() == sorted(Exit)


def test_failures_no_command_knows_are_faults() -> None:
    """What only the worker can meet is no mistake of the user's."""
    for error in (BadEvent("x", "y"), CannotBecomeUser(1, "z"), AfterallError()):
        assert exit_code_of(error) is Exit.FAULT


def test_a_fault_is_traced_and_said_to_be_ours(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An exception that nobody expected ends with its traceback and exit code 70."""

    def fail(_: Path) -> Path:
        raise ZeroDivisionError("on purpose")

    monkeypatch.setattr("afterall.cli.demo.make_demo", fail)
    told = speak(capsys, "demo", tmp_path / "demo")
    assert (told.code, told.out) == (70, "")
    assert "ZeroDivisionError: on purpose" in told.err
    assert told.err.endswith("afterall: this is a fault in afterall itself, please report it\n")


def test_an_interrupted_command_says_nothing_more(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C is exit code 130, without a traceback."""

    def interrupt(_: Path) -> Path:
        raise KeyboardInterrupt

    monkeypatch.setattr("afterall.cli.demo.make_demo", interrupt)
    told = speak(capsys, "demo", tmp_path / "demo")
    assert (told.code, told.out, told.err.strip()) == (130, "", "")


@pytest.mark.parametrize("arguments", [["status"], ["status", "--json"], ["verify"], ["--help"]])
def test_a_reader_that_went_away_is_no_fault(arguments: list[str], tmp_path: Path) -> None:
    """With nobody at the other end of the pipe the command ends quietly, by the code of SIGPIPE."""
    set_dir = afterall.demo.make_demo(tmp_path)
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "afterall", *arguments, *([set_dir] if arguments != ["--help"] else [])],
            env={**os.environ, "PATH": str(tmp_path)},
            stdout=writer,
            stderr=subprocess.PIPE,
            check=False,
        )
    finally:
        os.close(writer)
    assert (done.returncode, done.stderr) == (141, b"")
