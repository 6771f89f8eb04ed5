"""Read what a run was told of saving from the arguments that its trainer keeps beside the weights.

Invariant: read as a pickle's description, never unpickled; small files, no link followed; what cannot be read
says nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from afterall.model import Checkpoint, Entry, EntryKind
from afterall.scan.checkpoints.checks.material import below
from afterall.scan.checkpoints.due import Savings
from afterall.scan.checkpoints.formats import read_contents
from afterall.scan.checkpoints.formats.torch_zip import Archive
from afterall.scan.checkpoints.layouts import Layout, Saving
from afterall.scan.checkpoints.opening import open_path
from afterall.scan.checkpoints.promised import layout_of
from afterall.scan.promises import Promises

_MOST_BYTES = 1 << 20
_MOST_CHECKPOINTS = 500
_HEAD_BYTES = 1 << 16


def read_savings(
    root: Path, there: Sequence[Checkpoint], entries: Mapping[str, Entry], promises: Promises
) -> Savings:
    """Return what the checkpoints `there` and the files beside them say of saving, else the configuration."""
    layout = layout_of(there, promises)
    if layout is None:
        return Savings()
    if not layout.arguments_name:
        return Savings(last=_configured(promises))
    steps = [each for each in there if each.layout == layout.name and each.step is not None]
    newest = sorted(steps, key=lambda each: each.step or 0)[-_MOST_CHECKPOINTS:]
    homes = {each.path.rpartition("/")[0] for each in newest}
    found = {
        directory: (entry, told)
        for directory in sorted({*homes, *(each.path for each in newest)})
        if (entry := entries.get(below(directory, layout.arguments_name))) is not None
        and (told := _told(root, entry, layout)) is not None
    }
    last = max(found.values(), key=lambda pair: (pair[0].mtime_ns, pair[0].path), default=None)
    own = {each.path: found[each.path][1] for each in newest if each.path in found}
    return Savings(last[1] if last is not None else None, own or _unknown(newest))


def _unknown(checkpoints: Iterable[Checkpoint]) -> dict[str, Saving]:
    """Return an empty word of each: what another process was told last says nothing of theirs."""
    return {each.path: Saving() for each in checkpoints}


def _told(root: Path, entry: Entry, layout: Layout) -> Saving | None:
    if entry.kind is not EntryKind.FILE or entry.size_bytes > _MOST_BYTES:
        return None
    try:
        with open_path(root, entry.path) as file:
            document = read_contents(entry.name, file, file.read(0, _HEAD_BYTES)).document
    except OSError:
        return None
    return layout.saving(document.scalars) if isinstance(document, Archive) else None


def _configured(promises: Promises) -> Saving | None:
    if promises.save_every_steps is None:
        return None
    return Saving(every_steps=promises.save_every_steps, keeps=promises.keep_last)
