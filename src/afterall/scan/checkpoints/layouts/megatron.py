"""Find Megatron-LM's checkpoints: `iter_0000500/mp_rank_00/model_optim_rng.pt`, or distributed ones.

Invariant: one directory iter_N is one checkpoint, whatever ranks and formats it holds.
Source: megatron/training/checkpointing.py (get_checkpoint_name, the tracker file).
"""

import re
from collections.abc import Iterator

from afterall.scan.checkpoints.entries import Left
from afterall.scan.checkpoints.layouts.shape import Layout, Place, looks_saved, number, whole

NAME = "megatron"
TRACKER = "latest_checkpointed_iteration.txt"

_ITERATION = re.compile(r"iter_(\d{7,})")
_RELEASE = "release"


def _find(left: Left) -> Iterator[Place]:
    for run in left:
        is_run = TRACKER in run.files
        for directory in list(left.inside(run)):
            found = _ITERATION.fullmatch(directory.name)
            if found is None and not (is_run and directory.name == _RELEASE):
                continue
            if is_run or looks_saved(left, directory):
                yield Place(
                    name=directory.name,
                    path=directory.path,
                    directory=directory.path,
                    layout=NAME,
                    entries=left.take_directory(directory.path),
                    step=number(found, 1),
                )


LAYOUT = Layout(name=NAME, find=_find, saved_name=whole(_ITERATION))
