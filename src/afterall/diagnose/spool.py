"""Check the spool: its owner and modes, one file system, room, and whether anybody empties it."""

import os
import shutil
import stat
import time
from collections.abc import Iterator
from pathlib import Path

from afterall.diagnose.check import Check, doubt, good, unknown, wrong
from afterall.errors import BadInput
from afterall.events.spool import NEW, QUARANTINE, SETS_FAILED, TMP, check_rights, uids_of
from afterall.settings import SiteSettings

AREA = "spool"
OLD_S = 900
LEAST_FREE = 64 << 20
_MAKE = "systemd-tmpfiles --create afterall.conf (or mkdir -m 0700 it and its new and tmp)"


def check_spool(path: Path, site: SiteSettings) -> Iterator[Check]:
    """Yield what is wrong with the spool, as far as this user can look into it."""
    try:
        found = path.stat()
        rooms = [(path / room).stat() for room in (NEW, TMP)]
        waiting = sorted(os.listdir(path / NEW))
    except PermissionError:
        yield unknown(AREA, str(path), "can only be looked at by root", "Run afterall doctor as root.")
        return
    except OSError as error:
        yield wrong(AREA, str(error.filename or path), (error.strerror or str(error)).lower(), _MAKE)
        return
    told = f"uid {found.st_uid}, mode {stat.S_IMODE(found.st_mode):04o}"
    refused = [check for room in (path, path / NEW, path / TMP) for check in _rights(room, site)]
    yield from refused or [good(AREA, str(path), told)]
    if len({found.st_dev, *(room.st_dev for room in rooms)}) > 1:
        yield wrong(
            AREA, str(path), "new and tmp lie on different file systems", "Make them plain directories of it."
        )
    free = shutil.disk_usage(path).free
    if free < LEAST_FREE:
        yield wrong(
            AREA, str(path), f"{free >> 20} MiB are free: events will be lost", "Free space on its disk."
        )
    yield from _waiting(path, waiting)
    for room, what in ((QUARANTINE, "records that could not be read"), (SETS_FAILED, "sets given up")):
        kept = [name for name in _names(path / room) if not name.endswith(".reason")]
        if kept:
            yield doubt(
                AREA, str(path / room), f"{len(kept)} {what}", "Look into them; they are kept for you."
            )


def _rights(directory: Path, site: SiteSettings) -> Iterator[Check]:
    """Yield what the worker would refuse the spool for."""
    try:
        check_rights(directory, site.min_uid, uids_of(site.hook_user))
    except BadInput as error:
        found = f"{error.problem}: others could choose whose sets are reported on"
        yield wrong(AREA, str(directory), found, _MAKE)


def _waiting(path: Path, waiting: list[str]) -> Iterator[Check]:
    if not waiting:
        yield good(AREA, str(path / NEW), "is empty")
        return
    ages = [time.time() - found.st_mtime for name in waiting if (found := _lstat(path / NEW / name))]
    oldest = max(ages, default=0.0)
    told = f"{len(waiting)} records wait, the oldest for {oldest / 60:.0f} min"
    if oldest > OLD_S:
        yield wrong(
            AREA, str(path / NEW), f"{told}: no worker empties it", "Start afterall-collect.path and .timer."
        )
    else:
        yield good(AREA, str(path / NEW), told)


def _lstat(path: Path) -> os.stat_result | None:
    try:
        return path.lstat()
    except OSError:
        return None


def _names(directory: Path) -> list[str]:
    try:
        return os.listdir(directory)
    except OSError:
        return []
