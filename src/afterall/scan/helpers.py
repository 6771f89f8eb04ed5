"""Keep helpers: fresh processes that answer one question after the other, and end with the one that asks.

Invariant: nothing that a message holds is run, and no module is loaded from the current directory or from
where the environment says. A message, its length before it, that is cut or of another form raises `Lost`.
"""

import fcntl
import gc
import os
import select
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Self, cast

import msgspec
from msgspec import Struct

import afterall

LENGTH_BYTES = 8
HOME = str(Path(afterall.__file__).resolve())
"""Which afterall a process runs: a helper of another one is of no use."""
_ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
_KEEPS_PAGES = {"MALLOC_TRIM_THRESHOLD_": str(64 << 20), "MALLOC_MMAP_THRESHOLD_": str(32 << 20)}
"""What one block of a log took is taken for the next, and not fetched anew from the system: mallopt(3)."""
_PIPE_BYTES = 1 << 20
"""What any user may have, unless a system allows less: most messages fit in whole, and wake a thread once."""
_COLLECT_AFTER = 20_000
"""Objects, where Python's own figure is 700 or 2,000."""


class Lost(Exception):
    """The other side is gone, or does not understand: whoever asked does the work itself."""


class Greeting(Struct, frozen=True):
    """A helper's first word."""

    home: str


_GREETING = msgspec.msgpack.Decoder(Greeting)


class HelperProcess:
    """One helper, asked by one thread; starting it raises Lost where the system has no room for a process."""

    def __init__(self, argv: tuple[str, ...]) -> None:
        try:
            self._popen = subprocess.Popen(
                argv,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd="/",
                env=os.environ | _ONE_THREAD | _KEEPS_PAGES,
            )
        except OSError as error:
            raise Lost("cannot be started") from error
        self._asked = cast("IO[bytes]", self._popen.stdin)
        self._answers = cast("IO[bytes]", self._popen.stdout)
        for stream in (self._asked, self._answers):
            with suppress(OSError):
                fcntl.fcntl(stream, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        self._said = select.poll()
        self._said.register(self._answers, select.POLLIN)
        self.has_begun = False
        """True from its first word on: it is of use."""

    def begin(self, task: bytes) -> None:
        """Give it its encoded task; raise Lost where it runs another afterall, or nothing at all."""
        try:
            greeting = _GREETING.decode(receive(self._answers))
        except msgspec.MsgspecError as error:
            raise Lost("is no helper") from error
        if greeting.home != HOME:
            raise Lost("is a helper of another afterall")
        self.has_begun = True
        send(self._asked, task)

    def ask(self, question: bytes) -> None:
        """Ask it something, once its last answer was heard; raise Lost where it is gone."""
        send(self._asked, question)

    def answer(self) -> bytes:
        """Wait for its answer; raise Lost where it is gone."""
        return receive(self._answers)

    def has_spoken(self) -> bool:
        """Return whether something of it waits to be heard, its end too."""
        return bool(self._said.poll(0))

    def kill(self) -> None:
        """End it now, whatever it does; it holds nothing that could be lost."""
        self._popen.kill()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        self._popen.wait()
        for stream in (self._asked, self._answers):
            with suppress(OSError):  # what it was being told when it went
                stream.close()


def helper_argv(module: str) -> tuple[str, ...]:
    """Return the command that starts a helper."""
    return (sys.executable, "-I", "-m", module)


def cores() -> int:
    """Return on how many cores this process may run: it is bound to some, and Slurm gave its job some."""
    bound = len(os.sched_getaffinity(0))
    given = os.environ.get("SLURM_CPUS_ON_NODE", "")
    return min(bound, int(given)) if given.isascii() and given.isdecimal() and int(given) > 0 else bound


@contextmanager
def seldom_collected() -> Iterator[None]:
    """Look for garbage in cycles less often: of what is read hardly any is, and much is kept."""
    before = gc.get_threshold()
    gc.set_threshold(_COLLECT_AFTER, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


def greet(answers: IO[bytes]) -> None:
    """Say a helper's first word."""
    send(answers, msgspec.msgpack.encode(Greeting(HOME)))


def keep_stdout() -> int:
    """Return a descriptor for the answers; stdout is stderr from now on, so that no print can spoil them."""
    out = os.dup(1)
    os.dup2(2, 1)
    return out


def send(stream: IO[bytes], message: bytes) -> None:
    """Write one message; raise Lost where nobody reads any more."""
    try:
        stream.write(len(message).to_bytes(LENGTH_BYTES, "big") + message)
        stream.flush()
    except (OSError, ValueError) as error:
        raise Lost("nobody reads") from error


def receive(stream: IO[bytes]) -> bytes:
    """Return the next message; raise Lost at the end of the stream, also within a message."""
    try:
        length = int.from_bytes(_exactly(stream, LENGTH_BYTES), "big")
        return _exactly(stream, length)
    except (OSError, ValueError, MemoryError, OverflowError) as error:
        raise Lost("nobody writes") from error


def _exactly(stream: IO[bytes], length: int) -> bytes:
    found = stream.read(length)
    if len(found) < length:
        raise Lost("the stream ended")
    return found
