"""Examine checkpoints, many files at a time, and hand each over as soon as it is judged.

Invariant: results come in the order of the places and do not depend on threads; of a checkpoint nothing but
its `Checkpoint` is kept, so memory does not grow with their number.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from msgspec import Struct

from afterall.model import Checkpoint, Entry, Tier
from afterall.scan.checkpoints.checks import Material
from afterall.scan.checkpoints.crew import work
from afterall.scan.checkpoints.folders import Folder
from afterall.scan.checkpoints.inspection import Inspection, inspect, inspect_again, unreadable
from afterall.scan.checkpoints.judging import judge, unseen
from afterall.scan.checkpoints.layouts import Place
from afterall.scan.checkpoints.layouts.shape import WEIGHT_ROLES
from afterall.scan.checkpoints.opening import can_be_listed
from afterall.scan.checkpoints.progress import Meter, Progress
from afterall.scan.promises import Promises
from afterall.scan.roles import role_of

_BATCH = 4
_LARGE_HEADER_BYTES = 128 << 10
"""Longer ones are decoded a second time when their checkpoint is judged, rather than kept until then."""
_MOST_HEADER_BYTES = 24 << 20
"""Headers of one checkpoint that are kept together; beyond it its tensors are not compared across files."""


class Examination(Struct, frozen=True):
    """How to examine: below which root, how deep, and whom to tell of progress."""

    root: Path
    depth: Tier = Tier.QUICK
    promises: Promises = Promises()
    report: Callable[[Progress], None] | None = None


class _Batch(Struct, frozen=True):
    """A few files of one directory: what one thread looks at in one go."""

    folder: Folder
    entries: tuple[Entry, ...]


def examine(places: Iterable[Place], how: Examination) -> Iterator[Checkpoint]:
    """Yield the checkpoint that each place turns out to be, in order."""
    wanted = tuple(places)
    meter = Meter(sum(entry.size_bytes for place in wanted for entry in place.entries), how.report)
    for place, files in _inspected(wanted, how, meter):
        if not files and not can_be_listed(how.root, place.directory):
            yield unseen(place)
            continue
        kept, is_whole = _within_budget(files, how.root)
        material = Material(place, kept, how.promises, is_whole)
        if how.depth is Tier.QUICK:
            yield judge(material, Tier.QUICK)
            continue
        # numpy takes as long to import as a quick report to write, and only this tier needs it.
        from afterall.scan.checkpoints.values.deepening import deepened  # noqa: PLC0415

        yield judge(*deepened(material, how.root, meter))


def _inspected(
    places: tuple[Place, ...], how: Examination, meter: Meter
) -> Iterator[tuple[Place, tuple[Inspection, ...]]]:
    """Yield every place with its files inspected, by path, while the following ones are under way."""
    batches = list(_batches(places, how.root))
    results = work(batches, lambda batch: _inspect(batch, how.root), lambda batch: len(batch.entries))
    try:
        for place in places:
            files: list[Inspection] = []
            while len(files) < len(place.entries):
                files.extend(next(results))
                if how.depth is Tier.QUICK:
                    done = sum(file.entry.size_bytes for file in files[-_BATCH:])
                    meter.add(files[-1].path, done)
            yield place, tuple(sorted(files, key=lambda file: file.path))
    finally:
        results.close()
        for batch in batches:
            batch.folder.close()


def _batches(places: tuple[Place, ...], root: Path) -> Iterator[_Batch]:
    for place in places:
        by_directory: dict[str, list[Entry]] = defaultdict(list)
        for entry in place.entries:
            by_directory[entry.parent].append(entry)
        for path, entries in by_directory.items():
            cuts = range(0, len(entries), _BATCH)
            folder = Folder(root, path, len(cuts))
            for cut in cuts:
                yield _Batch(folder, tuple(entries[cut : cut + _BATCH]))


def _inspect(batch: _Batch, root: Path) -> list[Inspection]:
    try:
        with batch.folder as directory:
            found = [inspect(root, directory, entry, role_of(entry.path)) for entry in batch.entries]
    except OSError as error:
        return [unreadable(entry, role_of(entry.path), error) for entry in batch.entries]
    return [file.set_aside() if _header_bytes(file) > _LARGE_HEADER_BYTES else file for file in found]


def _header_bytes(file: Inspection) -> int:
    return file.contents.header_bytes if file.contents is not None else 0


def _within_budget(files: tuple[Inspection, ...], root: Path) -> tuple[tuple[Inspection, ...], bool]:
    """Return the files with all their tensors, or all without where together they are too many to keep."""
    if sum(map(_header_bytes, files)) > _MOST_HEADER_BYTES:
        return tuple(file.set_aside() if file.role in WEIGHT_ROLES else file for file in files), False
    return tuple(inspect_again(root, file) if file.is_set_aside else file for file in files), True
