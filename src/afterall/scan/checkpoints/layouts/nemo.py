"""Find NeMo's checkpoints: directories `…--…step=N…` with weights/ and context/, and `.nemo` archives.

Invariant: a file or directory `NAME-unfinished` beside a checkpoint says that its save did not end.
Source: nemo/utils/callbacks/nemo_model_checkpoint.py, nemo/lightning/pytorch/callbacks (UNFINISHED suffix).
"""

import re
from collections.abc import Iterator

from afterall.scan.checkpoints.entries import Directory, Left
from afterall.scan.checkpoints.layouts.shape import Layout, Place, first_number, whole

NAME = "nemo"

_EPOCH = re.compile(r"(?<![a-z])epoch=(\d+)")
_STEP = re.compile(r"(?<![a-z])step=(\d+)")
_PARTS = frozenset({"weights", "context"})
_UNFINISHED = "-unfinished"
_ARCHIVE = ".nemo"


def _find(left: Left) -> Iterator[Place]:
    for directory in left:
        if not _PARTS.isdisjoint(directory.directories) and _STEP.search(directory.name):
            yield _place(left, directory)
            continue
        for name in sorted(directory.files):
            if name.endswith(_ARCHIVE):
                yield Place(
                    name=name.removesuffix(_ARCHIVE),
                    path=directory.below(name),
                    directory=directory.path,
                    layout=NAME,
                    entries=left.take_files(directory, [name]),
                    epoch=first_number(_EPOCH, name),
                    step=first_number(_STEP, name),
                )


def _place(left: Left, directory: Directory) -> Place:
    marker = directory.name + _UNFINISHED
    parent = left.directory(directory.parent)
    is_marked = parent is not None and (marker in parent.files or marker in parent.directories)
    return Place(
        name=directory.name,
        path=directory.path,
        directory=directory.path,
        layout=NAME,
        entries=left.take_directory(directory.path),
        epoch=first_number(_EPOCH, directory.name),
        step=first_number(_STEP, directory.name),
        is_final=directory.name.endswith("-last"),
        unfinished=marker if is_marked else "",
    )


LAYOUT = Layout(name=NAME, find=_find, saved_name=whole(re.compile(r".+--.*step=\d+.*")), prunes=True)
