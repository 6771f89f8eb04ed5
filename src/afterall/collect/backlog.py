"""List what lies in a spool unfinished, for a person who asks.

Invariant: reads only, takes no lock, and so may be a moment behind the worker.
"""

import os
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct

from afterall.collect.item import SetItem
from afterall.collect.store import Wait, read_notes
from afterall.errors import BadInput
from afterall.events.spool import CLAIMED, NEW, QUARANTINE, SETS, SETS_FAILED, WAITS, Spool

_MAX_REASON_BYTES = 2000


class Waiting(Struct, frozen=True, kw_only=True):
    """One thing that is not finished, or was given up; times are aware, in UTC."""

    kind: str
    """One of event, directory (its set is not known yet), set, failed, quarantined."""
    subject: str
    """A directory, or a record's name."""
    state: str = ""
    reason: str = ""
    uid: int | None = None
    user: str = ""
    jobs: tuple[str, ...] = ()
    since: datetime | None = None
    next_try: datetime | None = None


def waiting(path: Path) -> list[Waiting]:
    """Return all that waits in the spool at `path`, why, and what was given up; BadInput where it is none."""
    if not (path / NEW).is_dir():
        raise BadInput(path, "is no spool: it has no directory new/")
    spool = Spool(path)
    found = [
        Waiting(kind="event", subject=name, state=room, since=_written(path / room / name))
        for room in (NEW, CLAIMED)
        for name in spool.names(room)
    ]
    found += [_of_wait(note) for note in read_notes(spool, WAITS, Wait)]
    found += [_of_item(note, "set") for note in read_notes(spool, SETS, SetItem)]
    found += [_of_item(note, "failed") for note in read_notes(spool, SETS_FAILED, SetItem)]
    found += [
        _of_quarantined(spool, name) for name in spool.names(QUARANTINE) if not name.endswith(".reason")
    ]
    return found


def _written(path: Path) -> datetime | None:
    try:
        return datetime.fromtimestamp(os.lstat(path).st_mtime, UTC)
    except OSError:
        return None


def _of_wait(wait: Wait) -> Waiting:
    return Waiting(
        kind="directory",
        subject=wait.work_dir,
        state=wait.trouble,
        reason=wait.detail,
        uid=wait.uid,
        since=wait.first_seen,
        next_try=wait.next_try,
    )


def _of_item(item: SetItem, kind: str) -> Waiting:
    return Waiting(
        kind=kind,
        subject=item.set_dir,
        state=item.state,
        reason=item.reason,
        uid=item.uid,
        user=item.user,
        jobs=item.jobs,
        since=item.first_seen,
        next_try=item.next_try if kind == "set" else None,
    )


def _of_quarantined(spool: Spool, name: str) -> Waiting:
    try:
        with open(spool.path / QUARANTINE / f"{name}.reason", "rb") as file:
            reason = file.read(_MAX_REASON_BYTES).decode("utf-8", "replace").strip()
    except OSError:
        reason = ""
    return Waiting(kind="quarantined", subject=name, reason=reason)
