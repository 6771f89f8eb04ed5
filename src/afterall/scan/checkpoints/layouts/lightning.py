"""Find Lightning's checkpoints: files `*.ckpt`, or directories of that name where training was sharded.

Invariant: each is one checkpoint; epoch and step are what its name says, counted as Lightning does: epochs
from 0, steps as optimizer steps done.
"""

import re
from collections.abc import Iterator

from afterall.scan.checkpoints.entries import Left
from afterall.scan.checkpoints.layouts.shape import Layout, Place, first_number, looks_saved

NAME = "lightning"

_SUFFIX = ".ckpt"
_EPOCH = re.compile(r"(?<![a-z])epoch[=_-](\d+)")
_STEP = re.compile(r"(?<![a-z])step[=_-](\d+)")
_LAST = re.compile(r"last(-v\d+)?\.ckpt")


def _find(left: Left) -> Iterator[Place]:
    for directory in left:
        if directory.name.endswith(_SUFFIX) and looks_saved(left, directory):
            yield _place(left, directory.path, directory.path, ())
            continue
        for name in sorted(directory.files):
            if name.endswith(_SUFFIX):
                yield _place(left, directory.below(name), directory.path, (name,))


def _place(left: Left, path: str, parent: str, names: tuple[str, ...]) -> Place:
    directory = left.directory(parent)
    name = path.rpartition("/")[2]
    entries = left.take_files(directory, names) if names and directory else left.take_directory(path)
    return Place(
        name=name.removesuffix(_SUFFIX),
        path=path,
        directory=parent,
        layout=NAME,
        entries=entries,
        epoch=first_number(_EPOCH, name),
        step=first_number(_STEP, name),
        is_final=_LAST.fullmatch(name) is not None,
    )


def _saved_name(part: str) -> str | None:
    return part.removesuffix(_SUFFIX) if part.endswith(_SUFFIX) else None


LAYOUT = Layout(name=NAME, find=_find, step_name="step={step}", saved_name=_saved_name, prunes=True)
