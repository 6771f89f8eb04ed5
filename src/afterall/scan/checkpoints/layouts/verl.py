"""Find verl's checkpoints: `global_step_20/actor/model_world_size_8_rank_0.pt` and what lies beside it.

Invariant: one directory global_step_N is one checkpoint, of actor and critic, whatever wrote their parts; one
that holds a model in Hugging Face's form alone, as older fine-tuning saved it, is left to others.
Source: verl trainer/ppo/ray_trainer.py (_save_checkpoint), utils/checkpoint/fsdp_checkpoint_manager.py.
"""

import re
from collections.abc import Iterator

from afterall.scan.checkpoints.entries import Directory, Left
from afterall.scan.checkpoints.layouts.shape import Layout, Place, looks_saved, number, whole

NAME = "verl"

_STEP = re.compile(r"global_step_(\d{1,12})")
_SHARD = re.compile(r"(?:model|optim|extra_state)_world_size_\d{1,6}_rank_\d{1,6}\.pt")
_ROLES = frozenset({"actor", "critic"})


def _find(left: Left) -> Iterator[Place]:
    for directory in left:
        found = _STEP.fullmatch(directory.name)
        if found is not None and _is_saved(left, directory):
            yield Place(
                name=directory.name,
                path=directory.path,
                directory=directory.path,
                layout=NAME,
                entries=left.take_directory(directory.path),
                step=number(found, 1),
            )


def _is_saved(left: Left, directory: Directory) -> bool:
    parts = (part for part in left.inside(directory) if part.name in _ROLES)
    return any(map(_SHARD.fullmatch, directory.files)) or any(looks_saved(left, part) for part in parts)


LAYOUT = Layout(name=NAME, find=_find, saved_name=whole(_STEP), trainer=NAME)
