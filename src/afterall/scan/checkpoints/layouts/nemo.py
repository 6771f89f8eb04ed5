"""Find NeMo's checkpoints: directories `…--…step=N…`, `.nemo` archives, and one `.ckpt` for each rank.

Invariant: a file or directory `NAME-unfinished` beside a checkpoint says that its save did not end.
Source: nemo/utils/callbacks/nemo_model_checkpoint.py, nemo/lightning/pytorch/callbacks (UNFINISHED suffix),
nemo/utils/model_utils.py (inject_model_parallel_rank).
"""

import re
from collections import defaultdict
from collections.abc import Iterator

from afterall.scan.checkpoints.entries import Directory, Left
from afterall.scan.checkpoints.layouts.shape import Layout, Place, first_number, whole

NAME = "nemo"

_EPOCH = re.compile(r"(?<![a-z])epoch=(\d+)")
_STEP = re.compile(r"(?<![a-z])step=(\d+)")
_RANK = re.compile(r"mp_rank_\d{2,6}|tp_rank_\d{2,6}_pp_rank_\d{3,6}")
_PARTS = frozenset({"weights", "context"})
_UNFINISHED = "-unfinished"
_ARCHIVE = ".nemo"
_CHECKPOINT = ".ckpt"


def _find(left: Left) -> Iterator[Place]:
    for directory in left:
        if not _PARTS.isdisjoint(directory.directories) and _STEP.search(directory.name):
            yield _directory(left, directory)
            continue
        yield from _by_rank(left, directory)
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


def _directory(left: Left, directory: Directory) -> Place:
    return Place(
        name=directory.name,
        path=directory.path,
        directory=directory.path,
        layout=NAME,
        entries=left.take_directory(directory.path),
        epoch=first_number(_EPOCH, directory.name),
        step=first_number(_STEP, directory.name),
        is_final=directory.name.endswith("-last"),
        unfinished=_marker(left.directory(directory.parent), directory.name),
    )


def _by_rank(left: Left, run: Directory) -> Iterator[Place]:
    """Every rank saves a file of the same name in a directory of its own."""
    holders: dict[str, list[Directory]] = defaultdict(list)
    for rank in left.inside(run):
        for name in rank.files if _RANK.fullmatch(rank.name) else ():
            if name.endswith(_CHECKPOINT):
                holders[name].append(rank)
    for name, ranks in sorted(holders.items()):
        stem = name.removesuffix(_CHECKPOINT)
        yield Place(
            name=stem,
            path=min(rank.below(name) for rank in ranks),
            directory=run.path,
            layout=NAME,
            entries=tuple(entry for rank in ranks for entry in left.take_files(rank, [name])),
            epoch=first_number(_EPOCH, name),
            step=first_number(_STEP, name),
            is_final=stem.endswith("-last"),
            unfinished=_marker(run, stem),
        )


def _marker(directory: Directory | None, name: str) -> str:
    marker = name + _UNFINISHED
    is_there = directory is not None and (marker in directory.files or marker in directory.directories)
    return marker if is_there else ""


LAYOUT = Layout(name=NAME, find=_find, saved_name=whole(re.compile(r".+--.*step=\d+.*")), prunes=True)
