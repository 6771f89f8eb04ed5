"""Check the one place that starts processes, with real ones."""

import os
import time
from pathlib import Path

import pytest

from afterall.observe import SlurmCommands, commands
from afterall.observe.commands import Answer, ask, clean_line
from observe.observe_slurm import FakeSlurm


@pytest.fixture
def slurm(tmp_path: Path) -> FakeSlurm:
    """Give commands that say nothing yet."""
    return FakeSlurm(tmp_path / "bin")


def test_what_a_command_says(slurm: FakeSlurm) -> None:
    """Its output comes back as it is, and no problem with it."""
    slurm.says("sacct", "x\ny")
    assert ask(["sacct", "-n"], slurm.commands()) == Answer(b"x\ny")


def test_a_command_that_is_not_there(slurm: FakeSlurm) -> None:
    """A missing command is a problem, not an exception."""
    assert ask(["sacct"], slurm.commands()) == Answer(b"", "sacct: not found")


def test_a_command_that_cannot_be_run(slurm: FakeSlurm) -> None:
    """A damaged program is a problem, not an exception."""
    (slurm.directory / "sacct").write_bytes(b"\x7fELF")
    (slurm.directory / "sacct").chmod(0o755)
    assert ask(["sacct"], slurm.commands()).problem.startswith("sacct: ")


def test_disabled_storage(slurm: FakeSlurm) -> None:
    """What a failing command says first is the problem."""
    slurm.says("sacct", "", code=1, complaint="Slurm accounting storage is disabled\n")
    assert ask(["sacct"], slurm.commands()).problem == "Slurm accounting storage is disabled"


def test_a_silent_failure(slurm: FakeSlurm) -> None:
    """A command that fails without a word is told with its exit code."""
    slurm.says("sacct", "", code=3)
    assert ask(["sacct"], slurm.commands()).problem == "sacct: exit code 3"


def test_an_error_with_exit_code_0(slurm: FakeSlurm) -> None:
    """An "Invalid user" with exit code 0 and no output, as squeue has it, is no empty list."""
    slurm.says("squeue", "", complaint="squeue: error: Invalid user: 77777\n")
    assert ask(["squeue"], slurm.commands()).problem == "squeue: error: Invalid user: 77777"


def test_a_warning_beside_an_answer(slurm: FakeSlurm) -> None:
    """What goes to stderr beside a good answer is no problem."""
    slurm.says("squeue", "7\n", complaint="squeue: error: a node has no address\n")
    assert ask(["squeue"], slurm.commands()) == Answer(b"7\n")


def test_a_command_that_does_not_answer(slurm: FakeSlurm) -> None:
    """After the time limit the command and everything it started are gone."""
    slurm.does("sacct", 'sleep 300 & echo $! > "$0.child"; wait\n')
    begun = time.monotonic()
    assert ask(["sacct"], slurm.commands(timeout_s=0.5)).problem == "sacct: no answer within 0.5 s"
    assert time.monotonic() - begun < 10
    child = int((slurm.directory / "sacct.child").read_text())
    assert _is_gone(child)


def test_a_command_that_never_stops_talking(slurm: FakeSlurm, monkeypatch: pytest.MonkeyPatch) -> None:
    """An endless answer is cut off at the memory cap."""
    monkeypatch.setattr(commands, "_MAX_ANSWER_BYTES", 1 << 20)
    slurm.does("sacct", "exec cat /dev/zero\n")
    answer = ask(["sacct"], slurm.commands())
    assert (answer.stdout, answer.problem) == (b"", "sacct: answered more than 1 MiB")


def test_a_command_that_drips(slurm: FakeSlurm) -> None:
    """Output that comes in drops does not put off the time limit."""
    slurm.does("sacct", "while :; do echo x; sleep 0.05; done\n")
    assert ask(["sacct"], slurm.commands(timeout_s=0.5)).problem == "sacct: no answer within 0.5 s"


def test_a_long_complaint_does_not_block(slurm: FakeSlurm) -> None:
    """A command that fills stderr is read to its end."""
    slurm.does("sacct", "head -c 10000000 /dev/zero | tr '\\0' x >&2; echo done\n")
    assert ask(["sacct"], slurm.commands()) == Answer(b"done\n")


def test_the_environment_is_clean(slurm: FakeSlurm) -> None:
    """Times are epoch seconds in UTC, nothing that changes the output passes, and what Slurm needs does."""
    slurm.does("sacct", "env; pwd; cat\n")
    environment = {
        "SACCT_FORMAT": "x",
        "SQUEUE_STATES": "x",
        "SLURM_CLUSTERS": "x",
        "SLURM_TIME_FORMAT": "relative",
    }
    environment |= {"LC_ALL": "de_DE", "TZ": "CET", "SLURM_CONF": "/c", "HOME": "/h", "PYTHONPATH": "x"}
    given = SlurmCommands(path=slurm.commands().path, environment=environment)
    said = ask(["sacct"], given).stdout.decode().splitlines()
    kept = dict(line.split("=", 1) for line in said if "=" in line)
    assert {name: kept.get(name) for name in environment} == {
        **dict.fromkeys(environment),
        "SLURM_TIME_FORMAT": "%s",
        "LC_ALL": "C",
        "TZ": "UTC",
        "SLURM_CONF": "/c",
        "HOME": "/h",
    }
    assert said[-1] == "/"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (b"\n \nsacct: error: x\nsacct: error: y\n", "sacct: error: x"),
        (b"a\x1b[31mb\x07\tc\n", "a [31mb c"),
        ("bidi\u202eevil".encode(), "bidi evil"),
        (b"\xff\xfe", "\ufffd\ufffd"),
        (b"x" * 999, "x" * 200),
        (b"", ""),
    ],
)
def test_lines_are_clean(text: bytes, line: str) -> None:
    """A complaint is its first line with words, bounded, without control or direction characters."""
    assert clean_line(text) == line


def _is_gone(pid: int) -> bool:
    """True when the process has ended, zombies included, within five seconds."""
    for _ in range(50):
        try:
            os.kill(pid, 0)
            state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        except (ProcessLookupError, FileNotFoundError):
            return True
        if state == "Z":
            return True
        time.sleep(0.1)
    return False
