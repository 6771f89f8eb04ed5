"""Move records through the spool: claim them, retire them, set them aside; never change one, never lose one.

Invariant: every move is one rename within the spool, so whoever is killed at whatever instant leaves each
record whole in exactly one place, and the next worker goes on from there.

    new/  →  claimed/  →  done/events/          pruned by age
    (hook)       │   └─→  failed/events/        given up, pruned by age
                 └──────→  quarantine/           unreadable, kept with NAME.reason beside it

`tmp/` is where the hook writes before it renames into new/; a whole record that stays there is of a hook that
was killed in between, and is renamed for it. `sets/`, `waits/`, `done/sets/` and `failed/sets/` hold the
worker's own notes.
"""

import errno
import fcntl
import os
import pwd
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from msgspec import Struct

from afterall.errors import BadEvent, BadInput
from afterall.events.record import MAX_RECORD_BYTES

NEW, TMP, CLAIMED, QUARANTINE = "new", "tmp", "claimed", "quarantine"
DONE, FAILED = "done/events", "failed/events"
SETS, WAITS, SETS_DONE, SETS_FAILED = "sets", "waits", "done/sets", "failed/sets"
_OURS = (CLAIMED, QUARANTINE, "done", "failed", DONE, FAILED, SETS, WAITS, SETS_DONE, SETS_FAILED)
# A link, a socket, a file that is not ours to read. Any other failure (EIO, ESTALE) may pass.
_NO_RECORD = (errno.ELOOP, errno.ENXIO, errno.EACCES)
_RECORD_END = b"\nend=1\n"
_BETWEEN_PRUNINGS_S = 3600
_ABANDONED_AFTER = timedelta(days=1)

AfterStep = Callable[[str], None]
"""Called after each durable step with its name, so that tests can end the process exactly there."""


def no_step(step: str) -> None:
    """Do nothing after a step."""


class Claimed(Struct, frozen=True):
    """A record that this worker holds: its bytes, and when the hook wrote it."""

    name: str
    data: bytes
    written: datetime


class Spool:
    """The spool's directories; made by `open_spool`, which checks them first."""

    def __init__(self, path: Path, after_step: AfterStep = no_step) -> None:
        self.path = path
        self.after_step = after_step

    @contextmanager
    def alone(self) -> Iterator[bool]:
        """Hold the spool's lock; yield False where another worker holds it."""
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(self.path / "lock", flags, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
                return
            yield True
        finally:
            os.close(descriptor)

    def rescue(self, before: datetime) -> int:
        """Take over what a hook wrote before then and was killed before it could rename; return how many.

        Only whole records; what else lies there is the hook's, until it is pruned.
        """
        rescued = 0
        for name in self.names(TMP):
            with suppress(OSError, BadEvent):
                record = self._read(TMP, name)
                if record is not None and record.written < before and record.data.endswith(_RECORD_END):
                    os.rename(self.path / TMP / name, self.path / NEW / self._free_name(NEW, name))
                    rescued += 1
                    self.after_step("rescued")
        return rescued

    def claim(self, limit: int) -> list[str]:
        """Take up to `limit` new records, oldest name first; return their names."""
        taken = []
        for name in self.names(NEW)[:limit]:
            free = self._free_name(CLAIMED, name)
            with suppress(FileNotFoundError):
                os.rename(self.path / NEW / name, self.path / CLAIMED / free)
                taken.append(free)
                self.after_step("claimed")
        return taken

    def names(self, room: str) -> list[str]:
        """Return the names in one of the spool's directories, sorted; none where it does not exist."""
        try:
            return sorted(os.listdir(self.path / room))
        except FileNotFoundError:
            return []

    def read(self, name: str) -> Claimed | None:
        """Return a claimed record, None where it is gone; raise BadEvent for what is no record file."""
        return self._read(CLAIMED, name)

    def _read(self, room: str, name: str) -> Claimed | None:
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
        try:
            descriptor = os.open(self.path / room / name, flags)
        except FileNotFoundError:
            return None
        except OSError as error:
            if error.errno not in _NO_RECORD:
                raise
            raise BadEvent(name, f"cannot be opened: {error.strerror}") from error
        try:
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode):
                raise BadEvent(name, "is not a regular file")
            data = _read_all(descriptor, MAX_RECORD_BYTES + 1)
        finally:
            os.close(descriptor)
        return Claimed(name, data, datetime.fromtimestamp(found.st_mtime, UTC))

    def retire(self, name: str) -> None:
        """Put a claimed record away: what it says is held elsewhere, or asks for nothing."""
        self._move(name, DONE, "event-retired")

    def give_up(self, name: str) -> None:
        """Put a claimed record where what could not be done is kept."""
        self._move(name, FAILED, "event-failed")

    def quarantine(self, name: str, reason: str) -> None:
        """Keep a claimed record that cannot be read, its reason written beside it first."""
        # NAME_MAX is 255 bytes on Linux file systems; the reason's name must fit too.
        short = os.fsdecode(os.fsencode(name)[:200])
        kept = self._free_name(QUARANTINE, short)
        text = f"{reason}\n".encode("utf-8", "backslashreplace")
        (self.path / QUARANTINE / f"{kept}.reason").write_bytes(text)
        self.after_step("reason-written")
        with suppress(FileNotFoundError):
            os.rename(self.path / CLAIMED / name, self.path / QUARANTINE / kept)
        self.after_step("event-quarantined")

    def prune_hourly(self, now: datetime, keep_events: timedelta, keep: timedelta) -> int:
        """Delete what was put away long ago, unless that was done within the last hour.

        Retired events are kept for `keep_events`, everything else that was put away for `keep`, the hook's
        abandoned temporaries for a day. Return how many files went. Quarantine is never pruned.
        """
        stamp = self.path / "pruned"
        with suppress(FileNotFoundError):
            if 0 <= now.timestamp() - os.stat(stamp).st_mtime < _BETWEEN_PRUNINGS_S:
                return 0
        pruned = self._prune(DONE, now - keep_events) + self._prune(TMP, now - _ABANDONED_AFTER)
        pruned += sum(self._prune(room, now - keep) for room in (FAILED, SETS_DONE, SETS_FAILED))
        with suppress(OSError):  # on a full disk it is only tried again sooner
            stamp.write_bytes(b"")
            os.utime(stamp, (now.timestamp(), now.timestamp()))
        return pruned

    def _prune(self, room: str, before: datetime) -> int:
        pruned = 0
        for name in self.names(room):
            path = self.path / room / name
            with suppress(FileNotFoundError, IsADirectoryError, PermissionError):
                found = os.lstat(path)
                # A rename leaves the modification time alone; the change time tells when it was put away.
                if max(found.st_mtime, found.st_ctime) < before.timestamp():
                    os.unlink(path)
                    pruned += 1
        return pruned

    def _move(self, name: str, room: str, step: str) -> None:
        with suppress(FileNotFoundError):
            os.rename(self.path / CLAIMED / name, self.path / room / self._free_name(room, name))
        self.after_step(step)

    def _free_name(self, room: str, name: str) -> str:
        """Return `name`, numbered where something in `room` bears it, which rename(2) would replace."""
        free, number = name, 1
        while os.path.lexists(self.path / room / free):
            number += 1
            free = f"{name}~{number}"
        return free


def open_spool(
    path: Path, min_uid: int, after_step: AfterStep = no_step, *, trusted: frozenset[int] = frozenset()
) -> Spool:
    """Return the spool at `path`, its missing directories made; raise BadInput where it cannot be trusted.

    Whoever can write into new/ chooses whose sets are reported on, so a spool that ordinary users (uid at
    least `min_uid`) other than the worker's own and the `trusted` can write to is refused.
    """
    check_rights(path, min_uid, trusted)
    try:
        for room in (NEW, TMP, *_OURS):
            with suppress(FileExistsError):
                os.mkdir(path / room, 0o700)
    except OSError as error:
        raise BadInput(path / room, (error.strerror or str(error)).lower()) from error
    for room in (NEW, TMP, *_OURS):
        check_rights(path / room, min_uid, trusted)
    return Spool(path, after_step)


def uids_of(user: str) -> frozenset[int]:
    """Return the uid of a user's name; none where this host does not know it."""
    try:
        return frozenset({pwd.getpwnam(user).pw_uid})
    except (KeyError, ValueError):
        return frozenset()


def _read_all(descriptor: int, limit: int) -> bytes:
    data = b""
    while len(data) < limit and (more := os.read(descriptor, limit - len(data))):
        data += more
    return data


def check_rights(path: Path, min_uid: int, trusted: frozenset[int]) -> None:
    """Raise BadInput where ordinary users could write into one of a spool's directories."""
    try:
        found = os.stat(path)
    except OSError as error:
        raise BadInput(path, (error.strerror or str(error)).lower()) from error
    if not stat.S_ISDIR(found.st_mode):
        raise BadInput(path, "is not a directory")
    if found.st_uid >= min_uid and found.st_uid not in {os.geteuid(), *trusted}:
        raise BadInput(path, f"belongs to the ordinary user {found.st_uid}: a spool must not")
    if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise BadInput(path, f"mode {stat.S_IMODE(found.st_mode):04o} lets others write: a spool must not")
