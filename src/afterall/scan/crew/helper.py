"""Have a fresh process read experiments of a set, one after the other; it ends with the process that asks.

Invariant: no module is loaded from the current directory or from where the environment says.
"""

import os
import subprocess
import sys
from contextlib import suppress
from typing import IO, Self, cast

import msgspec

from afterall.model import MatchedExperiment
from afterall.scan.crew.frames import GREETING, HOME, SCANNED, Lost, Scanned, encoded, receive, send

ARGV = (sys.executable, "-I", "-m", "afterall.scan.crew.helping")
_ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}


class Helper:
    """One helper, asked by one thread; starting it raises Lost where the system has no room for a process."""

    def __init__(self, argv: tuple[str, ...] = ARGV) -> None:
        try:
            self._popen = subprocess.Popen(
                argv,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd="/",
                env=os.environ | _ONE_THREAD,
            )
        except OSError as error:
            raise Lost("cannot be started") from error
        self._asked = cast("IO[bytes]", self._popen.stdin)
        self._answers = cast("IO[bytes]", self._popen.stdout)
        self.has_begun = False
        """True from its first word on: it is of use."""

    def begin(self, task: bytes) -> None:
        """Give it the set's encoded `Task`; raise Lost where it runs another afterall, or nothing at all."""
        try:
            greeting = GREETING.decode(receive(self._answers))
        except msgspec.MsgspecError as error:
            raise Lost("is no helper") from error
        if greeting.home != HOME:
            raise Lost("is a helper of another afterall")
        self.has_begun = True
        send(self._asked, task)

    def scan(self, matched: MatchedExperiment) -> Scanned:
        """Return what it read; raise Lost where it is gone."""
        question = encoded(matched)
        if question is None:
            return Scanned()
        send(self._asked, question)
        try:
            return SCANNED.decode(receive(self._answers))
        except msgspec.MsgspecError as error:
            raise Lost("answers in no known form") from error

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
