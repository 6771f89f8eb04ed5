"""Define the shape of a trainer or logger: the files it leaves, how they are read, the lines it prints."""

from collections.abc import Callable, Collection, Sequence
from typing import IO

from msgspec import Struct

from afterall.model import Entry
from afterall.scan.logs.bars import Bars
from afterall.scan.logs.reader import TraceReader
from afterall.scan.traces import Trace


class TraceFiles(Struct, frozen=True, kw_only=True):
    """One kind of file that a trainer leaves."""

    choose: Callable[[Sequence[Entry]], Sequence[Entry]]
    """Of all files of an experiment, sorted by path, those to read: few, however many there are."""
    read: Callable[[IO[bytes], str], Trace | None]
    """The trace in an open file of a name; None where it holds none. Total over the file's bytes, and in
    bounded memory; may raise OSError where reading fails."""
    may_be_empty: bool = False
    """True where a file without a byte is nothing to tell of."""


class Trainer(Struct, frozen=True, kw_only=True):
    """One row of the registry."""

    name: str
    lines: tuple[Callable[[str, Bars], TraceReader], ...] = ()
    """Each makes a reader of what it prints into the log of this name, which shares the log's bars."""
    files: tuple[TraceFiles, ...] = ()
    transcripts: tuple[Callable[[Sequence[Entry]], Sequence[Entry]], ...] = ()
    """Each chooses, of all files of an experiment, copies of what a run printed, the newest first: read as a
    log is, where no log of a job shows training."""
    builds_on: str = ""
    """The trainer whose states and checkpoints are its own, as "huggingface"; "" for one of its own kind."""


def newest(entries: Sequence[Entry], most: int = 1) -> list[Entry]:
    """Return the entries written last, newest first; of equal times the later path."""
    return sorted(entries, key=lambda entry: (entry.mtime_ns, entry.path), reverse=True)[:most]


def beside(chosen: Sequence[Entry], entries: Sequence[Entry], names: Collection[str]) -> list[Entry]:
    """Return of the `chosen` entries those whose directory also holds one of these names."""
    homes = {entry.path.rpartition("/")[0] for entry in entries if entry.name in names}
    return [entry for entry in chosen if entry.path.rpartition("/")[0] in homes]
