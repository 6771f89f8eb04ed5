"""Decide what is read of one file, and judge what the reading found.

Invariant: a file is covered only where every number in it is of a kind that is looked at, and all of it was
read; what an earlier look found broken is not read for its numbers.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct

from afterall.model import EntryKind, FileRole, FindingCode, Verdict
from afterall.scan.checkpoints.formats import Extent, Fault, Tensor, extents_of, torch_zip
from afterall.scan.checkpoints.formats.archive import BrokenArchive
from afterall.scan.checkpoints.formats.dcp_metadata import Blob
from afterall.scan.checkpoints.formats.distcp import distcp_numbers
from afterall.scan.checkpoints.inspection import Inspection, inspect_again
from afterall.scan.checkpoints.layouts.shape import WEIGHT_ROLES
from afterall.scan.checkpoints.opening import OpenFile
from afterall.scan.checkpoints.remembering import Values
from afterall.scan.checkpoints.values.blocks import BLOCK_BYTES, disjoint
from afterall.scan.checkpoints.values.digesting import file_digest
from afterall.scan.checkpoints.values.dtypes import KINDS
from afterall.scan.checkpoints.values.judging import value_faults
from afterall.scan.checkpoints.values.reading import Found
from afterall.scan.checkpoints.values.untrained import untrained_faults
from afterall.scan.checkpoints.verdicts import fault_verdict

MAX_BYTES = 16 << 40
"""Larger files are not read: no checkpoint's file comes near, but one that was never written may."""


class Plan(Struct, frozen=True):
    """What is to be read of one file: all of it, and which of its bytes are numbers."""

    file: Inspection
    format: str = ""
    tensors: Mapping[str, Tensor] = {}
    extents: tuple[Extent, ...] = ()
    covers: bool = False
    """True where every number of the file is of a kind that is looked at."""
    faults: tuple[Fault, ...] = ()
    """What showed only on a closer look at its structure."""


def is_readable(file: Inspection) -> bool:
    """Return whether there is a regular file to read, as far as was seen."""
    is_there = file.entry.kind is EntryKind.FILE or file.target is not None
    return is_there and not any(fault.code is FindingCode.FILE_UNREADABLE for fault in file.faults)


def holds_numbers(file: Inspection) -> bool:
    """Return whether a sound format was recognised in the file, whose numbers can be looked at."""
    contents = file.contents
    return contents is not None and contents.is_judged and all(map(_is_sound, contents.faults))


def is_wanted(file: Inspection, reads_all: bool) -> bool:
    """Return whether a file is read whole: small ones, weights and other numbers unless broken, or all."""
    if not is_readable(file) or file.size_bytes > MAX_BYTES:
        return False
    if reads_all or file.size_bytes <= BLOCK_BYTES:
        return True
    return holds_numbers(file) or (file.role in WEIGHT_ROLES and all(map(_is_sound, file.faults)))


def make_plan(file: Inspection, opened: OpenFile, root: Path, blobs: Sequence[Blob] | None) -> Plan:
    """Return what is to be read of an open file; raises OSError.

    `blobs` is where a distributed checkpoint's metadata places its parts, None for any other file.
    """
    if blobs is not None:
        numbers = distcp_numbers(opened, blobs)
        covers = numbers.is_whole and all(map(_is_known, numbers.extents))
        return Plan(file, torch_zip.NAME, numbers.tensors, numbers.extents, covers, numbers.faults)
    contents = (inspect_again(root, file) if file.is_set_aside else file).contents
    if contents is None or not holds_numbers(file):
        return Plan(file)
    try:
        extents = tuple(extents_of(opened, contents))
    except BrokenArchive:
        return Plan(file, contents.format)
    apart = disjoint(extents)
    covers = len(apart) == sum(extent.end > extent.begin for extent in extents) and all(map(_is_known, apart))
    return Plan(file, contents.format, contents.tensors or {}, apart, covers and bool(apart))


def values_of(plan: Plan, found: Found, config: Mapping[str, Any] | None) -> Values:
    """Return what the reading of a file found, judged; `config` is the adapter's, where there is one."""
    file = plan.file
    faults = [*plan.faults, *value_faults(found, plan.extents, plan.tensors, file.role)]
    if plan.extents and file.role is FileRole.ADAPTER:
        faults.extend(untrained_faults(found.tallies, plan.tensors, config))
    if (
        plan.extents
        and plan.format == torch_zip.NAME
        and all(extent.crc32 is None for extent in plan.extents)
    ):
        faults.append(Fault(FindingCode.CHECKSUM_NOT_COMPUTED))
    if plan.extents and not plan.covers and file.role in WEIGHT_ROLES:
        faults.append(Fault(FindingCode.FILE_NOT_VERIFIABLE, {"reason": "values_not_read"}))
    several = found.digests if len(found.digests) > 1 else ()
    return Values(
        faults=tuple(faults),
        digest=file_digest(found.digests) if found.is_whole else "",
        blocks=tuple(digest.hex() for digest in several) if found.is_whole else (),
        covers=plan.covers and found.is_whole,
    )


def _is_sound(fault: Fault) -> bool:
    return fault_verdict(fault) in (Verdict.OK, Verdict.UNVERIFIED)


def _is_known(extent: Extent) -> bool:
    return not extent.dtype or extent.dtype in KINDS
