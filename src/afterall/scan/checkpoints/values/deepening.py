"""Read a checkpoint's weights, many pieces at a time, and add what is wrong with them to its files.

Invariant: the values tier is claimed only where the numbers of every weights file were read.
"""

import errno
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from afterall.model import FileRole, FindingCode, Tier, Verdict
from afterall.scan.checkpoints.checks import Material
from afterall.scan.checkpoints.formats import Extent, Fault, Tensor, extents_of, torch_zip
from afterall.scan.checkpoints.formats.archive import BrokenArchive
from afterall.scan.checkpoints.inspection import Inspection, inspect_again
from afterall.scan.checkpoints.layouts.shape import WEIGHT_ROLES
from afterall.scan.checkpoints.opening import open_path
from afterall.scan.checkpoints.progress import Meter
from afterall.scan.checkpoints.values.dtypes import KINDS
from afterall.scan.checkpoints.values.judging import value_faults
from afterall.scan.checkpoints.values.reading import Found, Span, read_span, spans
from afterall.scan.checkpoints.values.untrained import untrained_faults
from afterall.scan.checkpoints.verdicts import fault_verdict

THREADS = 8
"""Enough to keep network storage busy; a local disk is saturated by fewer."""
_TOGETHER = 64
"""Files whose headers are held at a time."""
_CONFIG = "adapter_config.json"

Item = TypeVar("Item")
Config = Mapping[str, Any]


class _Plan(Struct, frozen=True):
    """What is to be read of one file."""

    file: Inspection
    tensors: Mapping[str, Tensor] = {}
    extents: tuple[Extent, ...] = ()

    @property
    def covers(self) -> bool:
        """True where every number of the file is of a kind that is looked at."""
        return bool(self.extents) and all(not e.dtype or e.dtype in KINDS for e in self.extents)


def deepened(material: Material, root: Path, meter: Meter) -> tuple[Material, Tier]:
    """Return the checkpoint with the faults of its values, and the tier that was reached."""
    given = material.document(FileRole.ADAPTER_CONFIG, _CONFIG)
    files: list[Inspection] = []
    tier = Tier.VALUES if material.weights else Tier.QUICK
    with ThreadPoolExecutor(THREADS, thread_name_prefix="afterall-values") as pool:
        for some in _in_groups(material.files, _TOGETHER):
            plans = list(pool.map(lambda file: _plan(file, root), some))
            founds = _read(plans, lambda jobs: pool.map(lambda job: _read_span(job, root), jobs), meter)
            for plan, found in zip(plans, founds, strict=True):
                files.append(_judged(plan, found, given[1] if given else None))
                if plan.file.role in WEIGHT_ROLES and not (plan.covers and not found.error):
                    tier = Tier.QUICK
    return replace(material, files=tuple(files)), tier


def _in_groups(items: Sequence[Item], size: int) -> Iterator[tuple[Item, ...]]:
    waiting = iter(items)
    while group := tuple(islice(waiting, size)):
        yield group


def _plan(file: Inspection, root: Path) -> _Plan:
    contents = (inspect_again(root, file) if file.is_set_aside else file).contents
    if contents is None or not contents.is_judged or not all(map(_is_sound, contents.faults)):
        return _Plan(file)
    try:
        with open_path(root, file.target or file.path) as opened:
            extents = tuple(extents_of(opened, contents))
    except (OSError, BrokenArchive):
        return _Plan(file)
    return _Plan(file, contents.tensors or {}, extents)


def _is_sound(fault: Fault) -> bool:
    return fault_verdict(fault) in (Verdict.OK, Verdict.UNVERIFIED)


Job = tuple[Inspection, Span]


def _read(
    plans: Sequence[_Plan], run: Callable[[Iterable[Job]], Iterator[Found]], meter: Meter
) -> Iterator[Found]:
    """Yield what the spans of every file add up to, in order."""
    by_file = [tuple(spans(plan.extents)) for plan in plans]
    results = run([(plan.file, span) for plan, parts in zip(plans, by_file, strict=True) for span in parts])
    for plan, parts in zip(plans, by_file, strict=True):
        whole = Found()
        for span in parts:
            whole = whole.with_next(next(results))
            meter.add(plan.file.path, span.size_bytes)
        meter.add(plan.file.path, plan.file.entry.size_bytes - sum(span.size_bytes for span in parts))
        yield whole


def _read_span(job: Job, root: Path) -> Found:
    file, span = job
    try:
        with open_path(root, file.target or file.path) as opened:
            return read_span(opened, span)
    except OSError as error:
        return Found(error=errno.errorcode.get(error.errno or errno.EIO, "EIO"))


def _judged(plan: _Plan, found: Found, config: Config | None) -> Inspection:
    file = plan.file
    if file.contents is None or not plan.extents:
        return file
    faults = list(value_faults(found, plan.tensors, file.role))
    if file.role is FileRole.ADAPTER:
        faults.extend(untrained_faults(found.tallies, plan.tensors, config))
    if file.contents.format == torch_zip.NAME and not found.checksums:
        faults.append(Fault(FindingCode.CHECKSUM_NOT_COMPUTED))
    if not plan.covers and file.role in WEIGHT_ROLES:
        faults.append(Fault(FindingCode.FILE_NOT_VERIFIABLE, {"reason": "values_not_read"}))
    return replace(file, contents=replace(file.contents, faults=file.contents.faults + tuple(faults)))
