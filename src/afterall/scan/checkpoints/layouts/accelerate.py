"""Find what accelerate's save_state leaves: a directory with random states, optimizer and model.

Invariant: a directory with trainer_state.json is the HF Trainer's, which uses accelerate itself. Its own
names, `checkpoint_3`, count saves and not steps. A directory called like one that is whole, and beside it,
is a save that did not end. Source: accelerate 0.20 to 1.x, accelerator.py (save_state), checkpointing.py
(save_accelerator_state) and utils/constants.py.
"""

import re
from collections.abc import Iterator

from afterall.scan.checkpoints.entries import Left
from afterall.scan.checkpoints.layouts.shape import (
    Layout,
    Needs,
    Place,
    first_number,
    looks_saved,
    number,
    whole,
)

NAME = "accelerate"

_MARK = re.compile(r"random_states_\d+\.pkl|custom_checkpoint_\d+\.pkl")
_NAMED = re.compile(r"(?P<kind>(epoch|step|checkpoint|iter(?:ation)?)[_-])(?P<number>\d+)")
_STEP = re.compile(r"(?:step|checkpoint|iter(?:ation)?)[_-]?(\d+)")
_COUNTED = "checkpoint_"
_NEEDS = Needs(random_states=True)


def _find(left: Left) -> Iterator[Place]:
    ours = [directory for directory in left if "trainer_state.json" not in directory.files]
    marked = {each.path: each for each in ours if any(map(_MARK.fullmatch, each.files))}
    kinds = {(each.parent, _NAMED.fullmatch(each.name)) for each in marked.values()}
    alike = {(parent, found["kind"]) for parent, found in kinds if found is not None}
    for directory in ours if marked else ():
        found = _NAMED.fullmatch(directory.name)
        is_alike = found is not None and (directory.parent, found["kind"]) in alike
        is_saved = directory.path in marked or (is_alike and looks_saved(left, directory))
        if not is_saved or left.directory(directory.path) is None:
            continue
        is_epoch = found is not None and found["kind"].startswith("epoch")
        is_step = not is_epoch and (found is None or found["kind"] != _COUNTED)
        yield Place(
            name=directory.name,
            path=directory.path,
            directory=directory.path,
            layout=NAME,
            entries=left.take_directory(directory.path),
            epoch=number(found, "number") if is_epoch else None,
            step=first_number(_STEP, directory.name) if is_step else None,
            needs=_NEEDS if is_alike else Needs(),
        )


LAYOUT = Layout(name=NAME, find=_find, saved_name=whole(_NAMED), prunes=True)
