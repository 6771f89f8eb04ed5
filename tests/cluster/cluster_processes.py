"""Start, watch and stop the processes of a test cluster; only ever signal what was started here."""

import contextlib
import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

Seen = TypeVar("Seen")


def until(ask: Callable[[], Seen], holds: Callable[[Seen], bool], what: str, timeout_s: float) -> Seen:
    """Ask again and again until the answer holds, and return it; raise TimeoutError with the last answer."""
    deadline = time.monotonic() + timeout_s
    pause_s = 0.02
    while True:
        seen = ask()
        if holds(seen):
            return seen
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {timeout_s:g} s; last seen: {seen}")
        time.sleep(pause_s)
        pause_s = min(pause_s * 1.5, 0.3)


def free_ports(count: int) -> tuple[int, ...]:
    """Return TCP ports that nobody listens on, below the range that outgoing connections take theirs from."""
    ports: list[int] = []
    with contextlib.ExitStack() as held:
        while len(ports) < count:
            port = random.randrange(20000, 32000)
            listener = held.enter_context(socket.socket())
            with contextlib.suppress(OSError):
                listener.bind(("127.0.0.1", port))
                ports.append(port)
    return tuple(ports)


class Daemon:
    """One process in the foreground, which dies with the tests even when these are killed."""

    def __init__(self, argv: Sequence[str], output: Path, env: Mapping[str, str], user: str = "root") -> None:
        # setpriv(1) sets the parent-death signal after the change of user, which would clear it.
        become = [] if user == "root" else ["--reuid", user, "--regid", user, "--init-groups"]
        self.argv = ["setpriv", "--pdeathsig", "KILL", *become, *argv]
        self.name = output.stem
        self.output = output
        self.env = dict(env)
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def is_running(self) -> bool:
        """True while the process that was started has not ended."""
        return self.process is not None and self.process.poll() is None

    def start(self) -> None:
        """Start it, unless it runs; what it prints goes to its output file."""
        if self.is_running:
            return
        with open(self.output, "ab") as output:
            self.process = subprocess.Popen(
                self.argv,
                env=self.env,
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def stop(self, signal_number: int = signal.SIGTERM, timeout_s: float = 20) -> None:
        """End it and wait for its end; kill it when it does not end by itself in time."""
        if self.process is None:
            return
        if self.is_running:
            os.kill(self.process.pid, signal_number)
        try:
            self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None

    def answers(self, argv: Sequence[str], timeout_s: float = 40) -> str:
        """Wait until a command that asks this daemon exits 0, and return its output."""

        def ask() -> subprocess.CompletedProcess[str]:
            if not self.is_running:
                raise RuntimeError(f"{self.name} ended at once:\n{tail(self.output)}")
            return subprocess.run(argv, env=self.env, capture_output=True, text=True, check=False, timeout=30)

        return until(ask, lambda done: done.returncode == 0, f"{self.name} answers", timeout_s).stdout


def tail(path: Path, size_bytes: int = 4000, start: int = 0) -> str:
    """Return the end of a file from `start` on, at most `size_bytes` of it; nothing for a missing file."""
    try:
        data = path.read_bytes()[start:]
    except OSError:
        return ""
    return data[-size_bytes:].decode("utf-8", "backslashreplace")
