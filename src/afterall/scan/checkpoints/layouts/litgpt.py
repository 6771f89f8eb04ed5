"""Find litgpt's checkpoints: `step-000200` and `final` with a `lit_model.pth`, or its LoRA or adapter part.

Invariant: the directory is the checkpoint; the base model's directory, which holds the same file, is one
too where it lies in the run.
"""

import re
from collections.abc import Iterator

from afterall.scan.checkpoints.entries import Left
from afterall.scan.checkpoints.layouts.shape import Layout, Needs, Place, first_number, whole

NAME = "litgpt"

_MARK = re.compile(r"lit_model\.(pth|ckpt)(\..+)?")
_STEP = re.compile(r"(?:step|iter)-(\d+)")
_FINAL = "final"


def _find(left: Left) -> Iterator[Place]:
    for directory in left:
        if any(map(_MARK.fullmatch, directory.files)):
            yield Place(
                name=directory.name or _FINAL,
                path=directory.path,
                directory=directory.path,
                layout=NAME,
                entries=left.take_directory(directory.path),
                step=first_number(_STEP, directory.name),
                is_final=directory.name == _FINAL,
                needs=Needs(tokenizer=True),
            )


LAYOUT = Layout(
    name=NAME, find=_find, step_name="step-{step:06}", saved_name=whole(re.compile(r"step-\d+|final"))
)
