"""Inspect the files of many checkpoints, several at a time, and hand them over checkpoint by checkpoint.

Invariant: files come in the order of the places and then of their paths, whoever inspected them; what is held
of one checkpoint at a time does not grow with the number and length of its headers beyond MOST_HEADER_BYTES.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from operator import attrgetter
from pathlib import Path
from threading import Lock

from msgspec import Struct

from afterall.model import Checkpoint, Entry, FileRole
from afterall.scan.checkpoints.alone import sound
from afterall.scan.checkpoints.checks.adapter_names import are_adapters
from afterall.scan.checkpoints.crew import work
from afterall.scan.checkpoints.folders import Folders
from afterall.scan.checkpoints.inspection import Inspection, inspect, inspect_again
from afterall.scan.checkpoints.layouts import Place
from afterall.scan.checkpoints.layouts.shape import WEIGHT_ROLES
from afterall.scan.checkpoints.progress import Meter
from afterall.scan.roles import role_of

LARGE_HEADER_BYTES = 128 << 10
"""Longer ones are kept until their checkpoint is judged only while there is room for them."""
MOST_EARLY_BYTES = 8 << 20
"""Large headers that wait for the other files of their checkpoint; beyond it they are decoded once more."""
MOST_HEADER_BYTES = 24 << 20
"""Headers of one checkpoint that are kept together; beyond it its tensors are not compared across files."""
_path = attrgetter("path")


class Inspecting(Struct, frozen=True):
    """How to inspect: below which root, by how many threads at most, and what to keep."""

    root: Path
    jobs: int | None = None
    keeps_tensors: bool = True
    """False: of full weights the outline will do, and of good ones by themselves the judgement."""
    ended_ns: int | None = None
    """When the job ended, None where that is not known."""
    meter: Meter | None = None
    """Told of every file's bytes."""


class Files(Struct, frozen=True):
    """The files of one place, by path."""

    inspected: tuple[Inspection, ...]
    is_whole: bool
    """False where their tensors are too many to keep, and were dropped with their names."""
    judged: Checkpoint | None = None
    """What they are, where that is already known without looking at them one by one."""


def inspected(places: Sequence[Place], how: Inspecting) -> Iterator[Files]:
    """Yield the files of every place while those of the following ones are under way."""
    # In the values tier checkpoints wait for their weights, and what is early would wait long.
    folders, room = Folders(how.root), _Room(0 if how.keeps_tensors else MOST_EARLY_BYTES)
    tasks: Iterator[Entry | Place] = chain.from_iterable(_tasks(place, how) for place in places)
    results = work(tasks, lambda task: _look(folders, task, how, room), how.jobs)
    try:
        for place in places:
            yield _gather(islice(results, len(place.entries)), how, room)
    finally:
        results.close()
        folders.close()


class _Room:
    """Room for large headers that wait."""

    def __init__(self, most_bytes: int) -> None:
        self._left = most_bytes
        self._lock = Lock()

    def take(self, size_bytes: int) -> bool:
        """Take so much of it, if there is as much."""
        with self._lock:
            fits = size_bytes <= self._left
            self._left -= size_bytes if fits else 0
        return fits

    def give(self, size_bytes: int) -> None:
        """Give back what was taken."""
        with self._lock:
            self._left += size_bytes


def _tasks(place: Place, how: Inspecting) -> Iterable[Entry | Place]:
    """Return what there is to look at: a file by itself as a whole, where no tensors of it are needed."""
    return (place,) if not how.keeps_tensors and place.is_lone else place.entries


def _look(folders: Folders, task: Entry | Place, how: Inspecting, room: _Room) -> Inspection | Checkpoint:
    if isinstance(task, Entry):
        return _inspect(folders, task, how, room)
    return sound(folders, task, how.ended_ns) or _inspect(folders, task.entries[0], how, room)


def _inspect(folders: Folders, entry: Entry, how: Inspecting, room: _Room) -> Inspection:
    role = role_of(entry.path)
    file = inspect(folders, entry, role, how.keeps_tensors or role is not FileRole.FULL_WEIGHTS)
    if role is FileRole.FULL_WEIGHTS and file.outline is not None and are_adapters(file.outline.names or ()):
        file = inspect(folders, entry, FileRole.ADAPTER)
    return file.set_aside() if _is_large(file) and not room.take(file.header_bytes) else file


def _is_large(file: Inspection) -> bool:
    contents = file.contents
    return contents is not None and contents.header_bytes > LARGE_HEADER_BYTES and file.holds_details


def _gather(results: Iterable[Inspection | Checkpoint], how: Inspecting, room: _Room) -> Files:
    files = []
    held = 0
    for file in results:
        if isinstance(file, Checkpoint):
            if how.meter is not None:
                how.meter.add(file.path, file.size_bytes)
            return Files((), is_whole=True, judged=file)
        held += file.header_bytes
        if _is_large(file):
            room.give(file.header_bytes)
        files.append(_aside(file) if held > MOST_HEADER_BYTES else file)
        if how.meter is not None:
            how.meter.add(file.path, file.entry.size_bytes)
    files.sort(key=_path)
    if held > MOST_HEADER_BYTES:
        return Files(tuple(map(_aside, files)), is_whole=False)
    return Files(tuple([_whole(file, how) if file.is_set_aside else file for file in files]), is_whole=True)


def _whole(file: Inspection, how: Inspecting) -> Inspection:
    """Return a file with all that is needed of it."""
    if file.outline is not None and file.outline.names is not None:
        return file
    return inspect_again(how.root, file)


def _aside(file: Inspection) -> Inspection:
    return file.set_aside() if file.role in WEIGHT_ROLES else file
