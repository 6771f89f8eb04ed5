"""Name to `afterall verify` whatever a person may name: a table or one clear line, never a traceback."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any, Protocol

import pytest
from msgspec import Struct

from afterall.cli import run
from scan.checkpoint_making import model_arrays, safetensors_bytes, write, write_epoch

pytestmark = pytest.mark.timeout(60)

DONE, WRONG, USAGE = 0, 1, 2
FLAGS = ("--deep", "--no-cache")


class Told(Struct, frozen=True):
    """What the command printed, and its exit code."""

    code: int
    out: str
    err: str


class Ask(Protocol):
    """The command, in this process."""

    def __call__(self, *arguments: str) -> Told:
        """Return what it says to `arguments`."""


def in_process(*arguments: str, cwd: Path) -> Told:
    """Run the command in a process of its own, which is given 30 seconds and nothing to read."""
    argv = [sys.executable, "-m", "afterall", "verify", *FLAGS, *arguments]
    done = subprocess.run(
        argv, cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30, check=False
    )
    return Told(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def ask(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Ask:
    """Return the command, run in the test's own directory, where the set `set` has two runs."""
    monkeypatch.chdir(tmp_path)
    for run_name, seed in (("r1", 0), ("r2", 500)):
        write_epoch(tmp_path / "set" / run_name / "epoch_0", seed=seed)

    def tell(*arguments: str) -> Told:
        code = run(["verify", *FLAGS, *arguments])
        said = capsys.readouterr()
        return Told(int(code), said.out, said.err)

    return tell


def checkpoints(told: Told) -> list[dict[str, Any]]:
    """Return what `--json` printed of every checkpoint."""
    found: list[dict[str, Any]] = json.loads(told.out)["checkpoints"]
    return found


def rows(ask: Ask, *typed: str) -> list[str]:
    """Return the paths of the checkpoints found, in order, as they are printed."""
    told = ask("--json", *typed)
    assert told.err == ""
    return [each["path"] for each in checkpoints(told)]


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("set", "set/r1/epoch_0"),
        ("set/", "set/r1/epoch_0"),
        ("./set//", "set/r1/epoch_0"),
        ("set/r1/..", "set/r1/../r1/epoch_0"),
        (".", "set/r1/epoch_0"),
    ],
)
def test_a_directory_may_be_named_in_many_ways(ask: Ask, typed: str, first: str) -> None:
    """Slashes behind it, dots in it: the same checkpoints, named as a person would find them."""
    found = rows(ask, typed)
    assert (found[0], len(found)) == (first, 2)
    assert ask(typed).code == DONE


def test_a_link_that_was_named_is_followed(ask: Ask, tmp_path: Path) -> None:
    """What a person types is meant, wherever it leads; what lies below it is not followed out of it."""
    (tmp_path / "latest").symlink_to("set/r1")
    (tmp_path / "best.safetensors").symlink_to("set/r1/epoch_0/adapter_model.safetensors")
    assert rows(ask, "latest") == ["latest/epoch_0"]
    assert rows(ask, "best.safetensors") == ["best.safetensors"]


def test_a_path_that_is_named_twice_counts_once(ask: Ask) -> None:
    """However it is spelled the second time, each checkpoint is told once."""
    assert rows(ask, "set", "set", "./set", "set/") == ["set/r1/epoch_0", "set/r2/epoch_0"]


def test_a_path_within_another_counts_once(ask: Ask) -> None:
    """A set and one of its runs: the run's checkpoint is told once, as it was named first."""
    assert rows(ask, "set", "set/r1", "set/r1/epoch_0") == ["set/r1/epoch_0", "set/r2/epoch_0"]


def test_a_final_model_of_parts_is_one(ask: Ask, tmp_path: Path) -> None:
    """A run's final model is told once with the damaged part below it, whatever else was named."""
    write(tmp_path / "run/modules.json", "[]")
    write(tmp_path / "run/trainer_state.json", "{}")
    write(tmp_path / "run/model.safetensors", safetensors_bytes(model_arrays()))
    write(tmp_path / "run/2_Dense/model.safetensors", safetensors_bytes(model_arrays())[:-1])
    assert rows(ask, "run") == ["run"]
    assert rows(ask, "run", "set/r1") == ["run", "set/r1/epoch_0"]
    assert rows(ask, "run/2_Dense", "run", "./run") == ["run/2_Dense", "run"]
    assert ask("run", "set/r1").code == WRONG


def test_paths_in_two_places_are_told_in_the_order_they_were_named(ask: Ask) -> None:
    """The order is that of the command line."""
    assert rows(ask, "set/r2", "set/r1") == ["set/r2/epoch_0", "set/r1/epoch_0"]


@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        ("gone", "No such file or directory"),
        ("set/gone", "No such file or directory"),
        ("set/r1/epoch_0/config.json/x", "Not a directory"),
        ("dangling", "No such file or directory"),
        ("loop", "Too many levels of symbolic links"),
        ("x" * 300, "File name too long"),
        ("a\nb", "No such file or directory"),
    ],
)
def test_what_is_not_there_is_one_line(ask: Ask, tmp_path: Path, typed: str, problem: str) -> None:
    """A path that cannot be used is named with the reason, and nothing else is printed."""
    (tmp_path / "dangling").symlink_to("nothing")
    (tmp_path / "loop").symlink_to("loop")
    told = ask(typed)
    assert (told.code, told.out) == (USAGE, "")
    assert len(told.err.splitlines()) == 1
    assert told.err.rstrip().endswith(problem)


def test_one_path_that_is_not_there_refuses_them_all(ask: Ask) -> None:
    """A mistyped path is told before anything is read."""
    told = ask("set", "gone")
    assert (told.code, told.out) == (USAGE, "")


def test_nothing_that_was_named_is_a_usage_error(ask: Ask) -> None:
    """Without a PATH the command says how it is used."""
    told = ask()
    assert (told.code, told.out) == (USAGE, "")
    assert "Missing argument" in told.err


def test_a_path_that_looks_like_an_option_follows_two_dashes(ask: Ask, tmp_path: Path) -> None:
    """Behind `--` every argument is a path."""
    write_epoch(tmp_path / "--json" / "epoch_0")
    assert rows(ask, "--", "--json") == ["--json/epoch_0"]


DEVICES = ["/dev/null", "/dev/zero", "/dev/random", "/dev/tty", "/dev/stdin", "/proc/self/fd/0"]
FOREIGN = [
    "/proc/self/mem",
    "/proc/self/environ",
    "/proc/self/maps",
    "/proc/kmsg",
    "/proc/self",
    "/proc/self/attr",
]


def reasons(told: Told) -> list[str]:
    """Return why nothing could be said of what was named."""
    return [finding["evidence"].get("reason") for each in checkpoints(told) for finding in each["findings"]]


@pytest.mark.parametrize("typed", DEVICES)
def test_a_device_is_told_and_not_read(tmp_path: Path, typed: str) -> None:
    """A device that was named never answers, or for ever: it is told as no regular file."""
    told = in_process("--json", typed, cwd=tmp_path)
    assert (told.code, told.err) == (WRONG, "")
    assert reasons(told) == ["not_a_regular_file"]


@pytest.mark.parametrize("typed", FOREIGN)
def test_what_the_kernel_shows_is_not_taken_for_weights(ask: Ask, typed: str) -> None:
    """Files without a size, and directories full of them: nothing in them is called good."""
    told = ask("--json", typed)
    assert told.code in (DONE, WRONG)
    assert {each["verdict"] for each in checkpoints(told)} <= {"unverified", "missing"}


@pytest.mark.parametrize("kind", ["fifo", "socket"])
def test_what_would_keep_a_reader_waiting_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """A FIFO or a socket that was named by itself is not opened."""
    if kind == "fifo":
        os.mkfifo(tmp_path / "w.safetensors")
    else:
        monkeypatch.chdir(tmp_path)
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind("w.safetensors")
    told = in_process("--json", "w.safetensors", cwd=tmp_path)
    assert (told.code, told.err) == (WRONG, "")
    assert reasons(told) == ["not_a_regular_file"]


def test_a_name_of_any_bytes_is_shown_and_not_obeyed(ask: Ask, tmp_path: Path) -> None:
    """Control characters, text that runs backwards and bytes that are no text never reach the terminal."""
    name = os.fsdecode(b"a\n\x1b[2J\xff" + "\u202eb".encode())
    write(tmp_path / "odd" / f"{name}.safetensors", b"{}")
    told = ask("odd")
    assert told.code == WRONG
    assert not {"\x1b", "\u202e", "\udcff"} & set(told.out)
    assert "odd/a\n" not in told.out


@pytest.mark.parametrize("flag", ["--json", "--deep"])
def test_a_directory_without_any_file_is_missing_a_checkpoint(ask: Ask, tmp_path: Path, flag: str) -> None:
    """An empty directory is no success."""
    (tmp_path / "empty").mkdir()
    assert ask(flag, "empty").code == WRONG
