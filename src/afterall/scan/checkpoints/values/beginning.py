"""Read one file in the blocks it is divided into, its first one with the opening that plans the rest.

Invariant: only the file that was inspected is read; where another one is met under its name, that is told.
"""

import errno
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from afterall.model import FileRole, Tier
from afterall.scan.checkpoints.checks import Material
from afterall.scan.checkpoints.checks.distributed import placed
from afterall.scan.checkpoints.formats.dcp_metadata import Blob
from afterall.scan.checkpoints.inspection import Inspection
from afterall.scan.checkpoints.opening import OpenFile, open_path
from afterall.scan.checkpoints.values.blocks import Block, blocks
from afterall.scan.checkpoints.values.plans import Plan, make_plan
from afterall.scan.checkpoints.values.reading import Found, read_block


class Wanted(Struct, frozen=True):
    """A file, and what other files of its checkpoint say of it."""

    file: Inspection
    config: Mapping[str, Any] | None = None
    """The adapter's configuration beside it."""
    blobs: tuple[Blob, ...] | None = None
    """Where a distributed checkpoint's metadata places its parts."""

    @property
    def context(self) -> Any:
        """What the judgement of its values depends on beside the file."""
        is_adapter = self.file.role is FileRole.ADAPTER
        return (Tier.VALUES, self.file.role, self.config if is_adapter else None, self.blobs)


class Begun(Struct, frozen=True):
    """One file's plan, what its first block holds, and the blocks that are still to be read."""

    plan: Plan
    found: Found
    left: tuple[Block, ...] = ()


def wanted_files(material: Material) -> Iterator[Wanted]:
    """Yield a checkpoint's files, each with what the others say of it."""
    configs = material.adapter_configs()
    blobs = placed(material)
    for file in material.files:
        given = configs.get(file.parent)
        yield Wanted(file, given[1] if given else None, blobs.get(file.path))


def begin(each: Wanted, root: Path) -> Begun:
    """Plan the reading of one file and read its first block, with one opening."""
    file = each.file
    try:
        with open_path(root, file.target or file.path) as opened:
            if not _is_same(opened, file):
                return Begun(Plan(file), Found(has_changed=True))
            plan = make_plan(file, opened, root, each.blobs)
            every = tuple(blocks(opened.size, plan.extents))
            return Begun(plan, read_block(opened, every[0]) if every else Found(), every[1:])
    except OSError as error:
        return Begun(Plan(file), Found(error=_name(error)))


def read_on(file: Inspection, block: Block, root: Path) -> Found:
    """Return what one more block of a file holds."""
    try:
        with open_path(root, file.target or file.path) as opened:
            return read_block(opened, block) if _is_same(opened, file) else Found(has_changed=True)
    except OSError as error:
        return Found(error=_name(error))


def _is_same(opened: OpenFile, file: Inspection) -> bool:
    """Return whether what was opened is what was inspected, or what the walk saw where that was enough."""
    entry = file.entry
    if file.identity is not None:
        return opened.identity == file.identity
    seen = (entry.device, entry.inode, entry.size_bytes, entry.mtime_ns)
    return file.target is not None or opened.identity == seen


def _name(error: OSError) -> str:
    return errno.errorcode.get(error.errno or errno.EIO, "EIO")
