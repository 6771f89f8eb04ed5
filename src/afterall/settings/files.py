"""Read a text file of somebody's: a regular one, of bounded size, in UTF-8.

Invariant: nothing here waits, whatever lies under the name; a FIFO is told, not read.
"""

import os
import stat
from pathlib import Path

from afterall.errors import BadSettings

_MAX_BYTES = 2**20


def read_text(path: Path) -> str:
    """Return what is in the file at `path`; raise OSError, or BadSettings for what cannot be settings."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise BadSettings(path, "is not a file")
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            data = file.read(_MAX_BYTES + 1)
    finally:
        os.close(descriptor)
    if len(data) > _MAX_BYTES:
        raise BadSettings(path, f"is larger than {_MAX_BYTES} bytes")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadSettings(path, "is not UTF-8 text") from error
