"""Run commands as people do, on a small set and with Slurm's commands saying what a test wants."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from msgspec import Struct

from afterall.cli import run
from afterall.demo import RECORDED_ACCOUNTING, make_demo
from collect.collect_slurm import FakeSlurm

SYSTEM_PATH = "/usr/bin:/bin"
NOBODY = 65534
"""A uid that owns nothing."""

_SBATCH = """#!/bin/sh
printf '%s\\n' "$@" >{at}/sbatch.argv
cat {at}/sbatch.out
cat {at}/sbatch.err >&2
exit "$(cat {at}/sbatch.code)"
"""


class Told(Struct, frozen=True):
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str


class Slurm(FakeSlurm):
    """Slurm's commands with sbatch among them; all jobs have ended until a test says otherwise."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        (path / "sbatch").write_text(_SBATCH.format(at=path))
        (path / "sbatch").chmod(0o755)
        self.says("sbatch", "4711\n")

    @property
    def search_path(self) -> str:
        """PATH as a user has it."""
        return f"{self.path}:{SYSTEM_PATH}"

    def records(self, set_dir: Path) -> None:
        """Let accounting say of a demo's jobs what its recording says."""
        self.says("sacct", (set_dir.parent / RECORDED_ACCOUNTING).read_text())

    def is_not_there(self) -> None:
        """Let Slurm's commands fail as they do while the controller and its database are away."""
        for name in ("sacct", "squeue", "scontrol"):
            self.says(name, err=f"{name}: error: Unable to contact slurm controller", code=1)

    def sent(self) -> list[str]:
        """Return how sbatch was called; empty where it was not."""
        path = self.path / "sbatch.argv"
        return path.read_text().splitlines() if path.exists() else []


def speak(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> Told:
    """Run one command in this process."""
    capsys.readouterr()
    code = run([str(argument) for argument in arguments])
    said = capsys.readouterr()
    return Told(int(code), said.out, said.err)


def in_process(
    *arguments: str | Path, cwd: Path | None = None, environment: Mapping[str, str] | None = None
) -> Told:
    """Run one command in a process of its own, its output going into pipes."""
    argv = [sys.executable, "-m", "afterall", *map(str, arguments)]
    done = subprocess.run(
        argv,
        cwd=cwd,
        env={**os.environ, **(environment or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return Told(done.returncode, done.stdout, done.stderr)


def make_set(at: Path, name: str = "") -> Path:
    """Make the demo's set in `at`, under `name` if one is given, and return its path."""
    set_dir = make_demo(at)
    if not name:
        return set_dir
    return Path(shutil.move(set_dir, at / name))


def names_in(directory: Path) -> set[str]:
    """Return the names of everything directly in a directory, hidden files too."""
    return set(os.listdir(directory))


def everything_in(directory: Path) -> list[tuple[str, int, int]]:
    """Return path, time and size of everything below a directory, to see whether anything was written."""
    found = [(path, path.lstat()) for path in sorted(directory.rglob("*"))]
    return [(str(path), status.st_mtime_ns, status.st_size) for path, status in found]
