"""Examine checkpoints, many files at a time, and hand each over as soon as it is judged.

Invariant: results come in the order of the places and do not depend on threads; of a checkpoint nothing but
its `Checkpoint` is kept, so memory does not grow with their number.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from afterall.model import Checkpoint, Tier
from afterall.scan.checkpoints.checks import Material
from afterall.scan.checkpoints.inspecting import Files, Inspecting, inspected
from afterall.scan.checkpoints.judging import judge, unseen
from afterall.scan.checkpoints.layouts import Place
from afterall.scan.checkpoints.opening import can_be_listed
from afterall.scan.checkpoints.progress import Meter, Progress
from afterall.scan.checkpoints.remembering import Memory
from afterall.scan.checkpoints.sharing import Task, judged_together
from afterall.scan.helpers import HelperProcess
from afterall.scan.promises import Promises


class Examination(Struct, frozen=True):
    """How to examine: below which root, how deep, and whom to tell of progress."""

    root: Path
    depth: Tier = Tier.QUICK
    promises: Promises = Promises()
    jobs: int | None = None
    """Most threads at a time, of all processes; None: as many as the file system lets wait."""
    helpers: tuple[HelperProcess, ...] = ()
    """Processes that judge beside this one, at the quick tier; good for one examination."""
    reads_all: bool = False
    """True: every file is read for its digest, in the values tier."""
    memory: Memory = msgspec.field(default_factory=lambda: Memory(keeps=False))
    report: Callable[[Progress], None] | None = None


def examine(places: Iterable[Place], how: Examination) -> Iterator[Checkpoint]:
    """Yield the checkpoint that each place turns out to be, in order, from memory where it is known."""
    wanted = tuple(places)
    context = (how.depth, how.promises)
    known = [how.memory.checkpoint(place, context) for place in wanted]
    meter = Meter(sum(entry.size_bytes for place in wanted for entry in place.entries), how.report)
    fresh = _fresh([p for p, found in zip(wanted, known, strict=True) if not found and p.entries], how, meter)
    for place, found in zip(wanted, known, strict=True):
        if found is not None:
            meter.add(place.path, found.size_bytes)
            yield found
        elif place.entries:
            checkpoint = next(fresh)
            how.memory.keep_checkpoint(place, context, checkpoint)
            yield checkpoint
        elif can_be_listed(how.root, place.directory):
            yield judge(Material(place, (), how.promises), Tier.QUICK)
        else:
            yield unseen(place)


def _fresh(places: Sequence[Place], how: Examination, meter: Meter) -> Iterator[Checkpoint]:
    """Yield what these places turn out to be, judged here and by the helpers."""
    if how.depth is not Tier.QUICK or not how.helpers:
        return judged(places, how, meter)
    jobs = None if how.jobs is None else max(1, how.jobs // (len(how.helpers) + 1))
    task = Task(root=os.path.abspath(how.root), promises=how.promises, jobs=jobs)
    own = replace(how, jobs=jobs)
    return judged_together(
        places,
        lambda share: judged(share, own, meter),
        task,
        how.helpers,
        lambda place: meter.add(place.path, sum(entry.size_bytes for entry in place.entries)),
    )


def judged(places: Sequence[Place], how: Examination, meter: Meter | None = None) -> Iterator[Checkpoint]:
    """Yield the checkpoint that each of these places turns out to be; none of them is empty."""
    meter = meter or Meter(0, None)
    if how.depth is Tier.QUICK:
        looking = Inspecting(
            how.root, how.jobs, keeps_tensors=False, ended_ns=how.promises.ended_ns, meter=meter
        )
        for place, files in zip(places, inspected(places, looking), strict=True):
            yield files.judged or judge(_material(place, files, how), Tier.QUICK)
        return
    # numpy takes as long to import as a quick report to write, and only this tier needs it.
    from afterall.scan.checkpoints.values.deepening import Reading, deepened  # noqa: PLC0415

    # A file's bytes count as its weights are read.
    files_of_all = inspected(places, Inspecting(how.root, how.jobs))
    materials = (_material(place, files, how) for place, files in zip(places, files_of_all, strict=True))
    reading = Reading(root=how.root, threads=how.jobs, reads_all=how.reads_all, memory=how.memory)
    yield from (judge(*deeper) for deeper in deepened(materials, reading, meter))


def _material(place: Place, files: Files, how: Examination) -> Material:
    return Material(place, files.inspected, how.promises, files.is_whole)
