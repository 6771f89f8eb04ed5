"""Mount a small file system for a test, and take it away again."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from collect.collect_installation import USER


@contextmanager
def small_disk(at: Path, size: str, owner: int = USER) -> Iterator[Path]:
    """Yield `at` with a tmpfs of `size` on it that belongs to `owner`; skip where root may not mount one."""
    at.mkdir(parents=True, exist_ok=True)
    options = f"size={size},uid={owner},gid={owner},mode=755"
    if os.geteuid() != 0:
        pytest.skip("mounting needs root")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "none", at], check=False, capture_output=True
    )
    if mounted.returncode:
        pytest.skip(f"this machine's root may not mount a tmpfs: {mounted.stderr.decode()}")
    try:
        yield at
    finally:
        subprocess.run(["umount", "--lazy", at], check=True)


def fill(disk: Path) -> Path:
    """Write a file until the disk is full; return it."""
    filler = disk / "filler"
    with open(filler, "wb", buffering=0) as file:
        try:
            while file.write(bytes(4096)):
                pass
        except OSError:
            return filler
    return filler
