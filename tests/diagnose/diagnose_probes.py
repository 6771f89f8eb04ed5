"""Run the doctor on a set as another process would, on mounts of its own, and mount a set twice by FUSE."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

DOCTOR = (sys.executable, "-I", "-m", "afterall", "doctor", "--json")
_KERNEL = "/proc/sys/kernel/random/boot_id"


def needs_mounts() -> None:
    """Skip where this process cannot mount."""
    if os.geteuid() != 0 or subprocess.run(["unshare", "--mount", "true"], check=False).returncode:
        pytest.skip("mounts of one's own need root")


def make_set(at: Path) -> Path:
    """Make a set of one run with a log."""
    (at / "rank4").mkdir(parents=True)
    (at / "rank4" / "slurm-1.out").write_text("step 1 loss: 1.5\n")
    return at


@contextmanager
def twice_mounted(real: Path, beside: Path, *options: str) -> Iterator[tuple[Path, Path]]:
    """Yield two mounts of a directory that are two to the kernel.

    FUSE keeps the locks of each mount to itself, as Lustre's `localflock` does with each node's, unless
    bindfs is told to pass them on.
    """
    needs_mounts()
    if shutil.which("bindfs") is None or not Path("/dev/fuse").exists():
        pytest.skip("two mounts of one directory need bindfs and FUSE")
    mounts = beside / "first", beside / "second"
    try:
        for mount in mounts:
            mount.mkdir()
            subprocess.run(["bindfs", *options, real, mount], check=True)
        yield mounts
    finally:
        for mount in mounts:
            subprocess.run(["umount", "--lazy", mount], check=False, capture_output=True)


PASSES_LOCKS_ON = ("--enable-lock-forwarding", "--multithreaded")


def task(number: int, set_dir: Path, kernel: Path | None = None, count: int = 2) -> "subprocess.Popen[str]":
    """Start one task of a step on node n1, n2, …, whose kernel calls itself what is in a file."""
    before: tuple[str, ...] = ()
    if kernel is not None:
        script = f'mount --bind "{kernel}" {_KERNEL} && exec "$@"'
        before = ("unshare", "--mount", "sh", "-c", script, "sh")
    slurm = {
        "SLURM_JOB_ID": "12",
        "SLURM_STEP_ID": "0",
        "SLURM_STEP_NUM_TASKS": str(count),
        "SLURM_PROCID": str(number),
        "SLURMD_NODENAME": f"n{number + 1}",
    }
    return start([*before, *DOCTOR, str(set_dir)], slurm)


def start(argv: list[str], slurm: Mapping[str, str] | None = None) -> "subprocess.Popen[str]":
    """Start a process that has nothing but PATH and what Slurm sets."""
    env = {"PATH": os.environ["PATH"], **(slurm or {})}
    return subprocess.Popen(argv, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd="/")


def checks_of(process: "subprocess.Popen[str]", area: str = "locking") -> dict[str, dict[str, Any]]:
    """Return what a doctor found in one area, by subject."""
    out, err = process.communicate(timeout=120)
    assert err == ""
    return {check["subject"]: check for check in json.loads(out) if check["area"] == area}
