"""Keep the worker's notes in the spool: a JSON file for each set, and each directory whose set is unknown.

Invariant: a note is durable when `put` returns, and whoever is killed at whatever instant leaves the old note
whole or the new one. One worker at a time has the spool, so what was read once is remembered.
"""

import os
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Annotated, Generic, TypeVar

from msgspec import Meta, Struct

from afterall.collect.decisions import warn
from afterall.collect.item import SetItem
from afterall.collect.json_text import dump, load
from afterall.collect.messages import Trouble
from afterall.events.spool import QUARANTINE, SETS, SETS_DONE, SETS_FAILED, WAITS, Spool

MAX_NOTE_BYTES = 16 * 2**20


class Wait(Struct, frozen=True, kw_only=True):
    """Why the events of one user from one directory wait for its set to be found."""

    key: str
    uid: int
    work_dir: str
    first_seen: Annotated[datetime, Meta(tz=True)]
    next_try: Annotated[datetime, Meta(tz=True)]
    attempts: int = 0
    trouble: Trouble
    detail: str = ""


Note = TypeVar("Note", SetItem, Wait)
Record = TypeVar("Record", bound=Struct)


class Notes(Generic[Note]):
    """The notes of one kind, by key."""

    def __init__(self, spool: Spool, room: str, kind: type[Note]) -> None:
        self._spool = spool
        self._room = spool.path / room
        self._notes: dict[str, Note] = {note.key: note for note in read_notes(spool, room, kind)}
        for name in spool.names(room):
            if name.endswith(".json") and name.removesuffix(".json") not in self._notes:
                self._set_aside(name)

    def __len__(self) -> int:
        return len(self._notes)

    def get(self, key: str) -> Note | None:
        """Return the note with `key`, None where there is none."""
        return self._notes.get(key)

    def all(self) -> list[Note]:
        """Return every note, the one to be tried first first."""
        return sorted(self._notes.values(), key=lambda note: (note.next_try, note.key))

    def put(self, note: Note) -> None:
        """Make `note` durable; OSError where the disk refuses, and then it is remembered all the same."""
        self._notes[note.key] = note
        write_durably(self._room / f"{note.key}.json", dump(note))
        self._spool.after_step("note-written")

    def drop(self, key: str) -> None:
        """Forget a note."""
        self._notes.pop(key, None)
        with suppress(FileNotFoundError):
            os.unlink(self._room / f"{key}.json")
        self._spool.after_step("note-dropped")

    def move(self, key: str, room: str) -> None:
        """Put a note away into another of the spool's rooms, in the place of an older one of the same key."""
        self._notes.pop(key, None)
        with suppress(FileNotFoundError):
            os.replace(self._room / f"{key}.json", self._spool.path / room / f"{key}.json")
        self._spool.after_step("note-moved")

    def _set_aside(self, name: str) -> None:
        """Keep what a disk left of a note; it may still tell a person something."""
        quarantine = self._spool.path / QUARANTINE
        with suppress(FileNotFoundError):
            (quarantine / f"{name}.reason").write_text(f"no note of {self._room.name}/ can be read from it\n")
            os.replace(self._room / name, quarantine / name)
        warn("quarantined", note=name, reason="it cannot be read")


def set_notes(spool: Spool) -> "Notes[SetItem]":
    """Return the unfinished sets."""
    return Notes(spool, SETS, SetItem)


def wait_notes(spool: Spool) -> "Notes[Wait]":
    """Return the directories whose set is not known yet."""
    return Notes(spool, WAITS, Wait)


def finished(spool: Spool, key: str) -> SetItem | None:
    """Return what is still kept of a set that was finished or given up, None where nothing is."""
    for room in (SETS_DONE, SETS_FAILED):
        item = read_note(spool.path / room / f"{key}.json", SetItem)
        if item is not None:
            return item
    return None


def read_notes(spool: Spool, room: str, kind: type[Note]) -> list[Note]:
    """Return every note in one of the spool's rooms that can be read."""
    names = [name for name in spool.names(room) if name.endswith(".json")]
    notes = [(name, read_note(spool.path / room / name, kind)) for name in names]
    return [note for name, note in notes if note is not None and name == f"{note.key}.json"]


def read_note(path: Path, kind: type[Record]) -> Record | None:
    """Return the note in a file of ours, None where there is none that can be read."""
    try:
        with open(path, "rb") as file:
            return load(file.read(MAX_NOTE_BYTES), kind)
    except OSError:
        return None


def write_durably(path: Path, data: bytes, mode: int = 0o600) -> None:
    """Put `data` in the place of `path` so that it survives a power failure once this returns.

    What was left under the temporary name, whatever it leads to, is not written to.
    """
    temporary = path.with_name(f".{path.name}.tmp")
    with suppress(FileNotFoundError):
        os.unlink(temporary)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(temporary, flags, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(file.fileno(), mode)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError:
        with suppress(OSError):
            os.unlink(temporary)
        raise
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
