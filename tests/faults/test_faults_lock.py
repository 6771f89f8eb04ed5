"""Whoever held a set's lock and died delays the next report by a bounded time, and two writers do no harm."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from afterall.errors import PublishRefused
from afterall.publish import locked
from afterall.publish.lock import DEAD_AFTER_S

_HOLD = """
import sys
from pathlib import Path
from afterall.publish import locked
with locked(Path(sys.argv[1]), 5):
    print("held", flush=True)
    sys.stdin.read()
"""


def _holder(set_dir: Path) -> subprocess.Popen[bytes]:
    """Start a process that holds the lock."""
    argv = [sys.executable, "-c", _HOLD, str(set_dir)]
    process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"held\n"
    return process


def test_a_killed_holder_delays_nobody_on_its_host(tmp_path: Path) -> None:
    """The kernel lets go of its lock with it, though its name is still there."""
    with _holder(tmp_path) as holder:
        holder.send_signal(signal.SIGKILL)
        holder.wait()
        assert (tmp_path / ".afterall/report.holder").exists()
        begun = time.monotonic()
        with locked(tmp_path, 1):
            assert time.monotonic() - begun < 1


@pytest.mark.parametrize(("age_s", "is_refused"), [(DEAD_AFTER_S - 60, True), (DEAD_AFTER_S + 60, False)])
def test_a_lock_that_outlives_its_holder_is_passed_over_in_time(
    tmp_path: Path, age_s: float, is_refused: bool
) -> None:
    """As a file server may keep one of a node that is gone; the holder's name tells since when."""
    with _holder(tmp_path) as holder:
        then = time.time() - age_s
        os.utime(tmp_path / ".afterall/report.holder", (then, then))
        if is_refused:
            with pytest.raises(PublishRefused, match="held by process"), locked(tmp_path, 0.1):
                pass
        else:
            for _ in range(2):
                with locked(tmp_path, 0.1) as place:
                    place.publish({"RESULTS.md": b"# Report\n"}, "RESULTS.md")
        holder.communicate(b"")
    assert (tmp_path / "RESULTS.md").exists() is not is_refused
    with locked(tmp_path, 1):
        pass
