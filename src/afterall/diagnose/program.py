"""Check the program itself: can every user load it, and is what it needs there.

The worker starts `python -I -m afterall …` for each user after it has become that user, so the interpreter
and the package must be readable by everyone.
"""

import stat
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import afterall
from afterall.diagnose.check import Check, good, wrong

AREA = "program"


def check_program() -> Iterator[Check]:
    """Yield whether others can read and search everything down to the interpreter and the package."""
    yield good(AREA, "afterall", f"{_version()} under Python {sys.version.split()[0]}")
    for what in (Path(sys.executable), Path(afterall.__file__)):
        closed = first_closed(what)
        if closed is None:
            yield good(AREA, str(what), "can be read by every user")
        else:
            yield wrong(
                AREA,
                str(what),
                f"{closed} is closed to other users: reports of users cannot be written by a worker",
                "Install it where everybody can read it, as /opt/afterall (umask 022).",
            )


def _version() -> str:
    try:
        return metadata.version("afterall")
    except metadata.PackageNotFoundError:
        return "of unknown version"


def first_closed(path: Path) -> Path | None:
    """Return the first part of a path that other users cannot search or read; None where all can.

    What a link leads to counts with all above it, as the Python below a virtual environment.
    """
    real = path.resolve()
    for part in [*reversed(path.parents), path, *reversed(real.parents), real]:
        try:
            mode = part.stat().st_mode
        except OSError:
            return part
        needed = stat.S_IXOTH if stat.S_ISDIR(mode) else stat.S_IROTH
        if not mode & needed:
            return part
    return None
