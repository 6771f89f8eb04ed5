"""Remember what verification found of files and checkpoints that have not changed since.

Invariant: what was remembered is used only for the same files, by device, inode, size and times, for the same
reader and question, by the same version; a file younger than its clock's grain is not remembered, because a
second change within it would not show.
"""

import os
import time
from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Any, TypeVar

import msgspec
import xxhash
from msgspec import Struct

import afterall
from afterall.model import Checkpoint, Entry, EntryKind, FindingCode
from afterall.scan.checkpoints.checks.material import ADAPTER_CONFIG
from afterall.scan.checkpoints.formats import Fault
from afterall.scan.checkpoints.inspection import Inspection
from afterall.scan.checkpoints.layouts import Place
from afterall.scan.checkpoints.reflinks import LEAST_BYTES
from afterall.scan.checkpoints.walking import Walk

GRAIN_NS = 2 * 10**9
"""FAT counts in 2 s, NFSv2 and ext3 in 1 s; everything newer is finer."""
_FORM = 3
"""Counted up when what is kept here is judged differently without a new version."""
_PASSING = frozenset(
    {FindingCode.FILE_UNREADABLE, FindingCode.FILE_STILL_CHANGING, FindingCode.DIRECTORY_UNREADABLE}
)
"""What may be gone the next time though no file has changed."""

Kept = TypeVar("Kept")
Table = dict[bytes, msgspec.Raw]


class Values(Struct, frozen=True):
    """What reading one file whole added to what is known of it."""

    faults: tuple[Fault, ...] = ()
    digest: str = ""
    blocks: tuple[str, ...] = ()
    covers: bool = False
    """True where every number in it was looked at."""


class Outcome(Struct, frozen=True):
    """What verifying all that lies at one path told, and the state that everything there was in."""

    state: bytes
    checkpoints: bytes
    """As MessagePack, passed over in one step by whoever looks for something else."""


class Memory:
    """What was found, by a digest of file and question; without `keeps` nothing is, and nothing was.

    What was known before of files and checkpoints may be given as what returns it: it is asked for only where
    no whole answer is known.
    """

    def __init__(
        self,
        before: Table | Callable[[], Table] | None = None,
        now_ns: Callable[[], int] = time.time_ns,
        *,
        outcomes: Table | None = None,
        keeps: bool = True,
    ) -> None:
        self._keeps = keeps
        self._given = before or {}
        self._outcomes = outcomes or {}
        self._now_ns = now_ns
        self.used: Table = {}
        """What was asked for and known, or learned, in this run."""
        self.used_outcomes: Table = {}
        """The same of whole answers."""
        self.has_learned = False

    @cached_property
    def _before(self) -> Table:
        return self._given() if callable(self._given) else self._given

    @property
    def known(self) -> Table | None:
        """All that is known of files and checkpoints by now; None where nothing is kept."""
        return {**self._before, **self.used} if self._keeps else None

    def take(self, used: Table, *, has_learned: bool) -> None:
        """Add what another process used of what was known, and learned."""
        self.used |= used
        self.has_learned = self.has_learned or has_learned

    @property
    def unused(self) -> Table:
        """What was known before and not asked for in this run."""
        return {key: raw for key, raw in self._before.items() if key not in self.used}

    @property
    def unused_outcomes(self) -> Table:
        """The same of whole answers."""
        return {key: raw for key, raw in self._outcomes.items() if key not in self.used_outcomes}

    def values(self, file: Inspection, context: Any) -> Values | None:
        """Return what reading this file whole told before, None where that is not known.

        `context` is whatever else the answer depends on: how deep, and the adapter's configuration.
        """
        key = _file_key(file, context) if self._keeps else None
        return None if key is None else self._recall(key, Values)

    def keep_values(self, file: Inspection, context: Any, values: Values) -> None:
        """Remember what reading this file whole told, if it can be told apart from a later state of it."""
        key = _file_key(file, context) if self._keeps and self._is_settled(file.entry) else None
        if key is not None:
            self._keep(key, values)

    def checkpoint(self, place: Place, context: Any) -> Checkpoint | None:
        """Return the checkpoint that this place turned out to be before, None where that is not known.

        `context` is whatever else the answer depends on: how deep, and what the run promised.
        """
        key = _place_key(place, context) if self._keeps else None
        return None if key is None else self._recall(key, Checkpoint)

    def keep_checkpoint(self, place: Place, context: Any, found: Checkpoint) -> None:
        """Remember what a place turned out to be, if all of its files can be told apart from later states."""
        if self._keeps and _is_lasting(found) and all(map(self._is_settled, place.entries)):
            key = _place_key(place, context)
            if key is not None:
                self._keep(key, found)

    def outcome(self, question: Any, walk: Walk) -> tuple[Checkpoint, ...] | None:
        """Return what verifying a whole walk told before, None where that is not known, or anything changed.

        `question` is whatever else the answer depends on: how deep, and which path.
        """
        key = _key((question,)) if self._outcomes and _is_whole(walk) else None
        raw = None if key is None else self._outcomes.get(key)
        if key is None or raw is None:
            return None
        try:
            found = msgspec.msgpack.decode(raw, type=Outcome)
            # It was kept of entries in which all lies, and what lies in these is the same.
            if found.state != _key((walk.entries,)):
                return None
            checkpoints = msgspec.msgpack.decode(found.checkpoints, type=tuple[Checkpoint, ...])
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return None
        self.used_outcomes[key] = raw
        return checkpoints

    def keep_outcome(self, question: Any, walk: Walk, told: tuple[Checkpoint, ...]) -> None:
        """Remember what verifying a whole walk told, where it can depend on nothing but what was walked."""
        if not self._keeps or not _is_whole(walk) or not _say_all(walk.entries):
            return
        if not all(map(self._is_settled, walk.entries)) or not all(map(_is_lasting, told)):
            return
        key, state, checkpoints = _key((question,)), _key((walk.entries,)), _encoded(told)
        if key is not None and state is not None and checkpoints is not None:
            self.used_outcomes[key] = msgspec.Raw(msgspec.msgpack.encode(Outcome(state, checkpoints)))
            self.has_learned = True

    def _is_settled(self, entry: Entry) -> bool:
        return max(entry.mtime_ns, entry.ctime_ns) + GRAIN_NS < self._now_ns()

    def _recall(self, key: bytes, kind: type[Kept]) -> Kept | None:
        raw = self.used.get(key) or self._before.get(key)
        if raw is None:
            return None
        try:
            found = msgspec.msgpack.decode(raw, type=kind)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return None
        self.used[key] = raw
        return found

    def _keep(self, key: bytes, value: object) -> None:
        encoded = _encoded(value)
        if encoded is not None:
            self.used[key] = msgspec.Raw(encoded)
            self.has_learned = True


def _is_lasting(found: Checkpoint) -> bool:
    return not any(finding.code in _PASSING for finding in found.findings)


def _is_whole(walk: Walk) -> bool:
    return not walk.unreadable and not walk.is_truncated


def _say_all(entries: Iterable[Entry]) -> bool:
    """Return whether all that these entries mean lies in them.

    Not in a link, nor in an adapter's configuration, whose base model may be gone meanwhile, nor in a file so
    large that the file system is asked whether it shares its bytes with a copy.
    """
    for entry in entries:
        if entry.kind is EntryKind.FILE:
            if entry.size_bytes >= LEAST_BYTES or entry.path.endswith(ADAPTER_CONFIG):
                return False
        elif entry.kind is not EntryKind.DIRECTORY:
            return False
    return True


def _file_key(file: Inspection, context: Any) -> bytes | None:
    """Return a key for one state of a file; None for links, and for one that is not what the walk saw."""
    entry = file.entry
    seen = (entry.device, entry.inode, entry.size_bytes, entry.mtime_ns)
    if entry.kind is not EntryKind.FILE or file.identity not in (None, seen):
        return None
    return _key((*seen, entry.ctime_ns, entry.name, file.role, context))


def _place_key(place: Place, context: Any) -> bytes | None:
    """Return a key for one state of a place; None where a link in it may lead to something else meanwhile."""
    if not place.entries or any(entry.kind is not EntryKind.FILE for entry in place.entries):
        return None
    return _key((place, context))


def _key(about: tuple[Any, ...]) -> bytes | None:
    encoded = _encoded((_FORM, afterall.__version__, os.geteuid(), *about))
    return None if encoded is None else xxhash.xxh3_128(encoded).digest()


def _encoded(value: object) -> bytes | None:
    """Return a value as MessagePack; None for undecodable names and numbers beyond 64 bits."""
    try:
        return msgspec.msgpack.encode(value)
    except (UnicodeEncodeError, OverflowError, RecursionError, TypeError, ValueError):
        return None
