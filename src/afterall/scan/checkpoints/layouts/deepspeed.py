"""Find DeepSpeed's own checkpoints: `global_step500/` beside a file `latest` that names the newest.

Invariant: those inside another trainer's checkpoint belong to that one, and are not found here.
Source: deepspeed/runtime/engine.py (save_checkpoint, _get_ckpt_name, _get_zero_ckpt_name).
"""

import re
from collections.abc import Iterator

from afterall.scan.checkpoints.entries import Left
from afterall.scan.checkpoints.layouts.shape import Layout, Place, first_number, whole

NAME = "deepspeed"

_STATES = re.compile(r".*_(model|optim)_states\.pt")
_STEP = re.compile(r"(?:step|iter|checkpoint)[_-]?(\d+)")


def _find(left: Left) -> Iterator[Place]:
    for directory in left:
        if any(map(_STATES.fullmatch, directory.files)):
            yield Place(
                name=directory.name,
                path=directory.path,
                directory=directory.path,
                layout=NAME,
                entries=left.take_directory(directory.path),
                step=first_number(_STEP, directory.name),
            )


LAYOUT = Layout(name=NAME, find=_find, saved_name=whole(re.compile(r"global_step\d+")))
