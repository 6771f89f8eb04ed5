"""Read checkpoints whole, many pieces at a time, and add what is wrong with their values to their files.

Invariant: the values tier is claimed only where the numbers of every weights file were read; checkpoints
leave in the order in which they came.
"""

import os
import time
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import starmap
from pathlib import Path
from typing import Self

from msgspec import Struct
from msgspec.structs import replace

from afterall.model import Tier
from afterall.scan.checkpoints.checks import Material
from afterall.scan.checkpoints.crew import SLOW_S
from afterall.scan.checkpoints.formats import Contents
from afterall.scan.checkpoints.inspection import Inspection
from afterall.scan.checkpoints.layouts.shape import WEIGHT_ROLES
from afterall.scan.checkpoints.progress import Meter
from afterall.scan.checkpoints.remembering import Memory, Values
from afterall.scan.checkpoints.values.beginning import Begun, Wanted, begin, read_on, wanted_files
from afterall.scan.checkpoints.values.plans import is_wanted, values_of
from afterall.scan.checkpoints.values.reading import Found

THREADS = min(8, max(4, 2 * len(os.sched_getaffinity(0))))
"""Eight keep network storage busy; more than two for each processor take its cache from each other."""
_SMALL_BYTES = 1 << 20
"""Files up to this size are read by the asking thread, unless they let it wait."""
_MOST_QUEUED = 256
"""Blocks of one file that wait for a thread before the file's turn has come."""
_MOST_FILES = 64
_MOST_HEADER_BYTES = 24 << 20
"""What is under way at a time, beyond one checkpoint."""


class Reading(Struct, frozen=True, kw_only=True):
    """How to read: below which root, with how many threads, and what is known already."""

    root: Path
    threads: int | None = None
    """None: THREADS."""
    reads_all: bool = False
    """True: every file is read for its digest, whether numbers are looked for in it or not."""
    memory: Memory


class _Pending(Struct):
    """A checkpoint some of whose files are still being read."""

    material: Material
    header_bytes: int
    """What it keeps in memory, in bytes of its files' headers."""
    read: list[Values] = []
    """By file, in order."""


class _Under(Struct, frozen=True):
    """A file that was begun, and those of its other blocks that wait for a thread already."""

    begun: Begun
    queued: list[Future[Found]] = []


class _Task(Struct, frozen=True):
    """A file that a thread reads, or that was read already."""

    pending: _Pending
    wanted: Wanted
    begun: "Future[_Under] | _Under | Values"
    """Values: what it would tell is known already, or not asked for."""


def deepened(materials: Iterable[Material], how: Reading, meter: Meter) -> Iterator[tuple[Material, Tier]]:
    """Yield each checkpoint with the faults of its values, and the tier that was reached."""
    with _Readers(how, meter) as readers:
        under_way: deque[_Task] = deque()
        header_bytes = 0
        for material in materials:
            pending = _Pending(material, _kept_bytes(material))
            header_bytes += pending.header_bytes
            for wanted in wanted_files(material):
                under_way.append(readers.begin(pending, wanted))
                while len(under_way) > _MOST_FILES or (under_way and header_bytes > _MOST_HEADER_BYTES):
                    first = under_way.popleft()
                    yield from _finished(readers, first)
                    header_bytes -= first.pending.header_bytes if _is_read(first.pending) else 0
        for task in under_way:
            yield from _finished(readers, task)


def _kept_bytes(material: Material) -> int:
    """Return how long the headers are whose tensors a checkpoint keeps in memory."""
    contents = (file.contents for file in material.files)
    return sum(each.header_bytes for each in contents if each is not None and each.tensors is not None)


def _is_read(pending: _Pending) -> bool:
    return len(pending.read) == len(pending.material.files)


def _finished(readers: "_Readers", task: _Task) -> Iterator[tuple[Material, Tier]]:
    """Wait for a file; yield its checkpoint where it was the last of it."""
    pending = task.pending
    pending.read.append(readers.finish(task))
    if _is_read(pending):
        files = zip(pending.material.files, pending.read, strict=True)
        yield replace(pending.material, files=tuple(starmap(_with_values, files))), _tier(pending)


def _tier(pending: _Pending) -> Tier:
    """Return the tier that was reached: of every file of weights all numbers must have been looked at."""
    files = zip(pending.material.files, pending.read, strict=True)
    covered = [values.covers for file, values in files if file.role in WEIGHT_ROLES]
    return Tier.VALUES if covered and all(covered) else Tier.QUICK


class _Readers:
    """The threads that read, and what they are told."""

    def __init__(self, how: Reading, meter: Meter) -> None:
        self._how = how
        self._meter = meter
        self._pool = ThreadPoolExecutor(how.threads or THREADS, thread_name_prefix="afterall-values")
        self._slow = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def begin(self, pending: _Pending, each: Wanted) -> _Task:
        """Set the reading of a file going, unless what it would tell is known, or not asked for."""
        if not is_wanted(each.file, self._how.reads_all):
            return _Task(pending, each, Values())
        known = self._how.memory.values(each.file, each.context)
        if known is not None:
            return _Task(pending, each, known)
        if each.file.size_bytes > _SMALL_BYTES or self._slow > 1:
            return _Task(pending, each, self._pool.submit(self._begin_and_queue, each))
        began, used = time.perf_counter(), time.thread_time()
        begun = begin(each, self._how.root)
        waited = time.perf_counter() - began - (time.thread_time() - used)
        self._slow = self._slow + 1 if waited > SLOW_S else 0
        return _Task(pending, each, _Under(begun))

    def _begin_and_queue(self, each: Wanted) -> _Under:
        """Begin a file, and let no thread wait for the end of the one before it to go on with this one."""
        begun = begin(each, self._how.root)
        few = begun.left[:_MOST_QUEUED]
        return _Under(begun, [self._pool.submit(read_on, each.file, block, self._how.root) for block in few])

    def finish(self, task: _Task) -> Values:
        """Wait for a file, read what is left of it, and judge its values."""
        file, done = task.wanted.file, 0
        if isinstance(task.begun, Values):
            self._meter.add(file.path, file.entry.size_bytes)
            return task.begun
        under = task.begun.result() if isinstance(task.begun, Future) else task.begun
        begun, found = under.begun, under.begun.found
        late = begun.left[len(under.queued) :]
        reading = [
            *under.queued,
            *(self._pool.submit(read_on, file, block, self._how.root) for block in late),
        ]
        for block, future in zip(begun.left, reading, strict=True):
            found = found.with_next(future.result())
            done += block.end - block.begin
            self._meter.add(file.path, block.end - block.begin)
        self._meter.add(file.path, file.entry.size_bytes - done)
        values = values_of(begun.plan, found, task.wanted.config)
        if found.is_whole:
            self._how.memory.keep_values(file, task.wanted.context, values)
        return values


def _with_values(file: Inspection, values: Values) -> Inspection:
    contents = file.contents
    if values.faults:
        contents = contents or Contents(format="", is_judged=False)
        contents = replace(contents, faults=contents.faults + values.faults)
    return replace(file, contents=contents, digest=values.digest, blocks=values.blocks)
