"""At a terminal `afterall verify` fits the width, colours verdicts, shows progress and can be interrupted."""

import os
import pty
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from msgspec import Struct

from scan.checkpoint_making import ADAPTER_CONFIG, adapter_arrays, safetensors_bytes, write

_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
COLOURS = re.compile(r"\x1b\[[0-9;]*3[0-9][0-9;]*m")
RED, GREEN, YELLOW = "\x1b[1;31m", "\x1b[32m", "\x1b[1;33m"
_INTERRUPTED_SOON = """
import os, signal, sys
from afterall.cli import main, watching

def soon(tell):
    calls = 0
    def report(at):
        nonlocal calls
        calls += 1
        tell(at, calls, 1.0)
        if calls == 3:
            os.kill(os.getpid(), signal.SIGINT)
    return report

watching._seldom = soon
sys.argv = ["afterall", *sys.argv[1:]]
main()
"""
_STUCK = """
import sys, time
from concurrent.futures import ThreadPoolExecutor
from afterall.cli.interrupting import interruptible

with interruptible():
    with ThreadPoolExecutor(1) as pool:
        pool.submit(time.sleep, 60)
        try:
            print("reading", flush=True)
            time.sleep(60)
        finally:
            print("stopping", flush=True)
"""


class Seen(Struct, frozen=True):
    """What a terminal was sent, the exit code, and how long it took."""

    code: int
    raw: str

    @property
    def text(self) -> str:
        """What a person reads, progress left out."""
        shown = self.raw.rpartition("\x1b[?25h")[2]
        return _ESCAPES.sub("", shown).replace("\r\n", "\n").lstrip("\n")


def at_a_terminal(
    *argv: str | Path, width: int = 100, cwd: Path | None = None, program: str = "", **environment: str
) -> Seen:
    """Run `afterall` or a program of Python with a terminal of this width as its stdin, stdout and stderr."""
    ours, theirs = pty.openpty()
    given = {"TERM": "xterm-256color", "COLUMNS": str(width), "LINES": "50", **environment}
    inherited = {key: value for key, value in os.environ.items() if key not in ("NO_COLOR", "FORCE_COLOR")}
    start = ["-c", program] if program else ["-m", "afterall"]
    process = subprocess.Popen(
        [sys.executable, *start, *map(str, argv)],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        cwd=cwd,
        env=inherited | given,
    )
    os.close(theirs)
    seen = b""
    with process:
        while part := _read(ours):
            seen += part
    os.close(ours)
    return Seen(process.returncode, seen.decode())


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 65536)
    except OSError:  # the other end was closed
        return b""


@pytest.fixture
def run_dir(tmp_path: Path) -> Path:
    """Make thirty small adapters, one of them cut."""
    for epoch in range(30):
        directory = tmp_path / "run" / f"checkpoint-{epoch:02}"
        write(directory / "adapter_model.safetensors", safetensors_bytes(adapter_arrays(epoch)))
        write(directory / "adapter_config.json", ADAPTER_CONFIG)
        write(directory / "trainer_state.json", {"global_step": epoch})
    cut = tmp_path / "run" / "checkpoint-07" / "adapter_model.safetensors"
    cut.write_bytes(cut.read_bytes()[:-1])
    return tmp_path


def test_verdicts_have_their_colours(run_dir: Path) -> None:
    """What is sound is green, what is corrupt and its finding are red."""
    seen = at_a_terminal("verify", "run/checkpoint-06", "run/checkpoint-07", cwd=run_dir)
    assert seen.code == 1
    assert f"{GREEN}✓ complete" in seen.raw
    assert f"{RED}✗ corrupt" in seen.raw
    assert f"{RED}error: " in seen.raw


def test_no_color_is_heeded(run_dir: Path) -> None:
    """With NO_COLOR nothing is coloured, the progress neither."""
    seen = at_a_terminal("verify", "run", cwd=run_dir, NO_COLOR="1")
    assert "✗ corrupt" in seen.text
    assert COLOURS.search(seen.raw) is None


def test_many_sound_checkpoints_share_a_row(run_dir: Path) -> None:
    """Thirty checkpoints are two rows, and --verbose gives each its own."""
    seen = at_a_terminal("verify", "run", cwd=run_dir)
    rows = [line.split("  ")[0] for line in seen.text.splitlines() if "quick" in line and "  " in line]
    assert rows == ["run: 29 checkpoints, checkpoint-00 … checkpoint-29", "run/checkpoint-07"]
    assert "--verbose gives each its own" in seen.text
    verbose = at_a_terminal("verify", "run", "--verbose", cwd=run_dir)
    assert len(re.findall(r"(?m)^run/checkpoint-\d\d ", verbose.text)) == 30


@pytest.mark.parametrize("width", [40, 71, 72, 80, 120])
def test_nothing_is_wider_than_the_terminal(width: int, run_dir: Path) -> None:
    """Every line fits, at every width; only what is to be copied is left to the terminal to break."""
    long = run_dir / "a-run-with-a-name-that-nobody-would-type-twice"
    (run_dir / "run").rename(long)
    seen = at_a_terminal("verify", f"{long.name}/checkpoint-07", width=width, cwd=run_dir)
    lines = seen.text.splitlines()
    assert [line for line in lines if len(line) > width and not line.startswith(long.name)] == []
    assert "✗ corrupt" in seen.text


def test_a_command_is_never_broken(run_dir: Path) -> None:
    """What is copied from a narrow terminal is one line."""
    (run_dir / "run" / "checkpoint-03" / "adapter_model.safetensors").chmod(0o600)
    seen = at_a_terminal("verify", "run/checkpoint-03", width=40, cwd=run_dir)
    assert "\n    chmod g+r -- run/checkpoint-03/adapter_model.safetensors\n" in seen.text


def test_reading_weights_shows_bytes_and_their_rate(run_dir: Path) -> None:
    """Done, total and rate stand at every width."""
    for width in (40, 100):
        seen = at_a_terminal("verify", "run", "--deep", "--no-cache", width=width, cwd=run_dir)
        assert re.search(r"\d/\d+(\.\d)? kB.* \d+(\.\d)? .?B/s", _ESCAPES.sub("", seen.raw)), width


def test_a_quick_look_shows_files_and_their_rate(run_dir: Path) -> None:
    """Where no weights are read no rate of bytes is claimed."""
    for width in (40, 100):
        seen = at_a_terminal("verify", "run", "--no-cache", width=width, cwd=run_dir)
        assert re.search(r"90 files, [\d,]+/s", _ESCAPES.sub("", seen.raw)), width
        assert "B/s" not in seen.raw


def test_the_time_it_took_is_told_at_a_terminal(run_dir: Path) -> None:
    """A person is told on stderr; a pipe is not."""
    assert re.search(r"\nafterall: took [\d.]+ seconds?\n$", at_a_terminal("verify", "run", cwd=run_dir).text)


@pytest.mark.parametrize("tier", [[], ["--deep"]])
def test_an_interrupt_ends_it_cleanly(tier: list[str], run_dir: Path) -> None:
    """Exit code 130, no traceback, and the cursor is back."""
    seen = at_a_terminal("verify", "run", "--no-cache", *tier, cwd=run_dir, program=_INTERRUPTED_SOON)
    assert seen.code == 130
    assert "Traceback" not in seen.raw
    assert "Exception ignored" not in seen.raw
    assert seen.raw.rindex("\x1b[?25h") > seen.raw.rindex("\x1b[?25l")


def test_a_second_interrupt_does_not_wait() -> None:
    """Where a read never comes back, the second one ends the process at once."""
    with subprocess.Popen([sys.executable, "-c", _STUCK], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "reading\n"
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        assert process.stdout.readline() == "stopping\n"
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 130
        assert time.monotonic() - began < 30
