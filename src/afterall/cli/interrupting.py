"""Let a second Ctrl-C end the process at once, where the first one waits for reads that are under way.

Invariant: the exit code is that of an interrupted command either way, and a terminal keeps its cursor. A file
server that does not answer lets no thread end, and Python waits for its threads.
"""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from afterall.cli.exits import Exit

_SHOW_CURSOR = b"\x1b[?25h\n"


@contextmanager
def interruptible() -> Iterator[None]:
    """Raise KeyboardInterrupt within for the first SIGINT, and leave the process at the second."""
    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    signal.signal(signal.SIGINT, _stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _stop(*_: object) -> None:
    signal.signal(signal.SIGINT, _leave)
    raise KeyboardInterrupt


def _leave(*_: object) -> None:
    if sys.stderr.isatty():
        os.write(2, _SHOW_CURSOR)
    os._exit(Exit.INTERRUPTED)
