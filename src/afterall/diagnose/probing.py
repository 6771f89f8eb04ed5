"""Make the one directory in which a set's file system is probed, and have it gone afterwards.

Invariant: nothing of it stays in the set, however this process ends: a watcher in a session of its own, which
no signal to this process or its terminal reaches, removes it when this process is gone. Only what ends both
at once (a node that dies) leaves it, and then the next probe removes it.
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


@contextmanager
def place_in(directory: Path, name: str = "") -> Iterator[Path]:
    """Yield a directory of our own in `directory`; one of this `name` may be there already, if it is ours.

    Raises OSError where it cannot be made.
    """
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
