"""Find PyTorch distributed checkpoints (DCP, FSDP, torchtitan): `.metadata` with `__0_0.distcp` files.

Invariant: only those that no trainer's layout has claimed. `.metadata` is written last, so data files
without it are a save that was interrupted: that is for the checks to say.
"""

import re
from collections.abc import Iterator

from afterall.scan.checkpoints.entries import Left
from afterall.scan.checkpoints.layouts.shape import Layout, Place, first_number, whole

NAME = "dcp"

_MARKS = frozenset({".metadata", ".metadata.tmp"})
_EPOCH = re.compile(r"epoch[_=-]?(\d+)")
_STEP = re.compile(r"(?:step|iter|checkpoint)[_=-]?(\d+)")


def _find(left: Left) -> Iterator[Place]:
    for directory in left:
        if _MARKS.isdisjoint(directory.files) and not any(n.endswith(".distcp") for n in directory.files):
            continue
        yield Place(
            name=directory.name,
            path=directory.path,
            directory=directory.path,
            layout=NAME,
            entries=left.take_directory(directory.path),
            epoch=first_number(_EPOCH, directory.name),
            step=first_number(_STEP, directory.name),
        )


LAYOUT = Layout(name=NAME, find=_find, saved_name=whole(re.compile(r"step-\d+")))
