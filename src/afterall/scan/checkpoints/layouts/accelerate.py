"""Find what accelerate's save_state leaves: a directory with random states, optimizer and model.

Invariant: a directory with trainer_state.json is the HF Trainer's, which uses accelerate itself.
Source: accelerate 0.20 to 1.x, checkpointing.py (save_accelerator_state) and utils/constants.py.
"""

import re
from collections.abc import Iterator

from afterall.scan.checkpoints.entries import Left
from afterall.scan.checkpoints.layouts.shape import Layout, Place, first_number, number, whole

NAME = "accelerate"

_MARK = re.compile(r"random_states_\d+\.pkl|custom_checkpoint_\d+\.pkl")
_NAMED = re.compile(r"(epoch|step|checkpoint|iter(?:ation)?)[_-](\d+)")
_STEP = re.compile(r"(?:step|checkpoint|iter(?:ation)?)[_-]?(\d+)")


def _find(left: Left) -> Iterator[Place]:
    for directory in left:
        if "trainer_state.json" in directory.files or not any(map(_MARK.fullmatch, directory.files)):
            continue
        found = _NAMED.fullmatch(directory.name)
        is_epoch = found is not None and found[1] == "epoch"
        yield Place(
            name=directory.name,
            path=directory.path,
            directory=directory.path,
            layout=NAME,
            entries=left.take_directory(directory.path),
            epoch=number(found, 2) if is_epoch else None,
            step=None if is_epoch else first_number(_STEP, directory.name),
        )


LAYOUT = Layout(name=NAME, find=_find, saved_name=whole(_NAMED), prunes=True)
