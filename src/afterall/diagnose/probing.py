"""Make the one directory in which a set's file system is probed, and have it gone afterwards.

Invariant: nothing of it stays in the set, however this process ends: a watcher in a session of its own, which
no signal to this process or its terminal reaches, removes it when this process is gone. Only what ends both
at once (a node that dies) leaves it, and then the next probe removes it. Root makes one only where nobody
else could lead its files elsewhere by a link.
"""

import errno
import os
import secrets
import shutil
import stat
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PREFIX = ".afterall-doctor-"
_ABANDONED_S = 3600
# NFS keeps a removed file that is still open under another name in its directory until it is closed.
_WATCHER = """trap '' HUP INT TERM
cat >/dev/null
for pause in 0 1 2; do sleep "$pause"; rm -rf -- "$1" 2>/dev/null && exit; done
"""


class NotRootsOwn(OSError):
    """Root was to probe below `filename`, in which others can put a link in its way."""


def real_place(directory: Path) -> Path:
    """Return a directory's real path; raise NotRootsOwn for root where others can change what it leads to.

    In a sticky directory, as /tmp, what is root's stays in its place.
    """
    real = Path(os.path.realpath(directory))
    if os.geteuid() == 0:
        for part in (real, *real.parents):
            found = part.lstat()
            is_open = bool(found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)) and not found.st_mode & stat.S_ISVTX
            if found.st_uid != 0 or is_open:
                raise NotRootsOwn(errno.EPERM, "others than root can change it", str(part))
    return real


def make_file(path: Path, data: bytes) -> None:
    """Write a file that is not there yet; raise FileExistsError where anything is, also a link."""
    with open(path, "xb") as file:
        file.write(data)


@contextmanager
def place_in(directory: Path, name: str = "") -> Iterator[Path]:
    """Yield a directory of our own in `directory`; one of this `name` may be there already, if it is ours.

    Raises OSError where it cannot be made, NotRootsOwn among them.
    """
    directory = real_place(directory)
    place = directory / f"{PREFIX}{name or secrets.token_hex(8)}"
    _remove_abandoned(directory)
    watcher = subprocess.Popen(
        ["/bin/sh", "-c", _WATCHER, "sh", place],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
        start_new_session=True,
    )
    try:
        with suppress(FileExistsError):
            os.mkdir(place, 0o700)
        found = os.lstat(place)
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
            watcher.kill()  # it is not ours to remove either
            raise FileExistsError(errno.EEXIST, f"{place.name} is there and not ours")
        yield place
    finally:
        watcher.communicate()


def _remove_abandoned(directory: Path) -> None:
    """Remove what a probe left whose node died."""
    with suppress(OSError):
        for entry in os.scandir(directory):
            found = entry.stat(follow_symlinks=False)
            is_ours = entry.name.startswith(PREFIX) and found.st_uid == os.geteuid()
            if is_ours and stat.S_ISDIR(found.st_mode) and time.time() - found.st_mtime > _ABANDONED_S:
                shutil.rmtree(entry.path, ignore_errors=True)
