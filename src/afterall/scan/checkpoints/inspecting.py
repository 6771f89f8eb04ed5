"""Inspect the files of many checkpoints, several at a time, and hand them over checkpoint by checkpoint.

Invariant: files come in the order of the places and then of their paths, whoever inspected them; what is held
of one checkpoint at a time does not grow with the number and length of its headers beyond MOST_HEADER_BYTES.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from operator import attrgetter
from pathlib import Path

from msgspec import Struct

from afterall.model import Entry, FileRole
from afterall.scan.checkpoints.crew import work
from afterall.scan.checkpoints.folders import Folders
from afterall.scan.checkpoints.inspection import Inspection, inspect, inspect_again
from afterall.scan.checkpoints.layouts import Place
from afterall.scan.checkpoints.layouts.shape import WEIGHT_ROLES
from afterall.scan.checkpoints.progress import Meter
from afterall.scan.roles import role_of

LARGE_HEADER_BYTES = 128 << 10
"""Longer ones are decoded a second time when their checkpoint is judged, rather than kept until then."""
MOST_HEADER_BYTES = 24 << 20
"""Headers of one checkpoint that are kept together; beyond it its tensors are not compared across files."""
_path = attrgetter("path")


class Inspecting(Struct, frozen=True):
    """How to inspect: below which root, by how many threads at most, and what to keep."""

    root: Path
    jobs: int | None = None
    keeps_tensors: bool = True
    """False: of full weights nothing but the outline is needed."""
    meter: Meter | None = None
    """Told of every file's bytes."""


class Files(Struct, frozen=True):
    """The files of one place, by path."""

    inspected: tuple[Inspection, ...]
    is_whole: bool
    """False where their tensors are too many to keep, and were dropped with their names."""


def inspected(places: Sequence[Place], how: Inspecting) -> Iterator[Files]:
    """Yield the files of every place while those of the following ones are under way."""
    folders = Folders(how.root)
    entries = chain.from_iterable(place.entries for place in places)
    results = work(entries, lambda entry: _inspect(folders, entry, how), how.jobs)
    try:
        for place in places:
            yield _gather(islice(results, len(place.entries)), how)
    finally:
        results.close()
        folders.close()


def _inspect(folders: Folders, entry: Entry, how: Inspecting) -> Inspection:
    role = role_of(entry.path)
    file = inspect(folders, entry, role, how.keeps_tensors or role is not FileRole.FULL_WEIGHTS)
    contents = file.contents
    is_large = contents is not None and contents.header_bytes > LARGE_HEADER_BYTES and file.holds_details
    return file.set_aside() if is_large else file


def _gather(results: Iterable[Inspection], how: Inspecting) -> Files:
    files = []
    held = 0
    for file in results:
        held += file.header_bytes
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
