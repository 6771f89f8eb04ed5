"""Run one fresh process as a user, bounded in time and in what it may say.

Invariant: the process inherits nothing but three anonymous files and a fixed environment; when it is
finished, its whole process group is gone or was told to go.

The files are sealed against growing (memfd_create(2), F_SEAL_GROW), so that neither side can block the other
and no answer can fill the worker's memory.
"""

import fcntl
import os
import signal
import subprocess
from contextlib import suppress
from dataclasses import dataclass

MAX_ANSWER_BYTES = 4 * 2**20
MAX_COMPLAINT_BYTES = 64 * 2**10

ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "HOME": "/nonexistent",
    "LANG": "C.UTF-8",
    "LC_ALL": "C.UTF-8",
    "TZ": "UTC",
    # numpy's OpenBLAS otherwise reserves address space for a thread on every core of the host.
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
}


@dataclass(frozen=True)
class Ending:
    """How a process ended; `exit_code` is negative for a signal."""

    exit_code: int
    timed_out: bool
    answer: bytes
    complaint: str
    """The end of what it wrote to stderr, one line."""


class Process:
    """A running process; `deadline` is on the monotonic clock, in seconds."""

    def __init__(self, argv: list[str], request: bytes, deadline: float) -> None:
        self._deadline = deadline
        self._killed_at: float | None = None
        self._answer = _memory("answer", MAX_ANSWER_BYTES)
        self._complaint = _memory("complaint", MAX_COMPLAINT_BYTES)
        stdin = _memory("request", len(request))
        try:
            os.pwrite(stdin, request, 0)
            self._popen = subprocess.Popen(
                argv,
                stdin=stdin,
                stdout=self._answer,
                stderr=self._complaint,
                cwd="/",
                env=ENVIRONMENT,
                close_fds=True,
                start_new_session=True,
            )
        except BaseException:
            self._close()
            raise
        finally:
            os.close(stdin)

    def ending(self, monotonic: float) -> Ending | None:
        """Return how it ended, None while it runs; past its deadline it is killed."""
        if self._has_exited():
            return self._reap()
        if monotonic < self._deadline:
            return None
        if self._killed_at is None:
            self._killed_at = monotonic
            self.kill()
        return None

    def is_stuck(self, monotonic: float) -> bool:
        """True when it was killed a while ago and is still there: the kernel waits for a file system."""
        return self._killed_at is not None and monotonic > self._killed_at + 5

    def kill(self) -> None:
        """End the whole process group at once."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._popen.pid, signal.SIGKILL)

    def _has_exited(self) -> bool:
        # WNOWAIT leaves the zombie, whose pid then still names the group that is to be killed.
        with suppress(ChildProcessError):
            flags = os.WEXITED | os.WNOHANG | os.WNOWAIT
            return os.waitid(os.P_PID, self._popen.pid, flags) is not None
        return True

    def _reap(self) -> Ending:
        self.kill()
        exit_code = self._popen.wait()
        try:
            answer = os.pread(self._answer, MAX_ANSWER_BYTES, 0).rstrip(b"\0")
            complaint = os.pread(self._complaint, MAX_COMPLAINT_BYTES, 0).rstrip(b"\0")
        finally:
            self._close()
        timed_out = self._killed_at is not None
        return Ending(exit_code, timed_out, answer, _last_line(complaint))

    def _close(self) -> None:
        os.close(self._answer)
        os.close(self._complaint)


def _memory(name: str, size: int) -> int:
    descriptor = os.memfd_create(f"afterall-{name}", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.ftruncate(descriptor, size)
    fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_SEAL)
    return descriptor


def _last_line(complaint: bytes) -> str:
    lines = complaint.decode("utf-8", "backslashreplace").strip().splitlines()
    return lines[-1][:500] if lines else ""
