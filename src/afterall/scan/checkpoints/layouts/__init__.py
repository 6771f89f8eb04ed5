"""List the layouts of checkpoints, one file each, and find every checkpoint of a tree by them.

A new layout is a new module with a LAYOUT and one line in LAYOUTS.
"""

import re
from collections.abc import Iterable

from afterall.model import Entry, EntryKind, FileRole
from afterall.scan.checkpoints.entries import Left
from afterall.scan.checkpoints.layouts import (
    accelerate,
    axolotl,
    bare,
    composite,
    dcp,
    deepspeed,
    hf_trainer,
    lightning,
    litgpt,
    llama_factory,
    megatron,
    nemo,
    torchtune,
    verl,
)
from afterall.scan.checkpoints.layouts.shape import Layout, Needs, Place, Saving
from afterall.scan.roles import role_of

__all__ = ["LAYOUTS", "Layout", "Needs", "Place", "Saving", "find_places", "layout_named"]

LAYOUTS = (
    accelerate.LAYOUT,
    nemo.LAYOUT,
    megatron.LAYOUT,
    verl.LAYOUT,
    llama_factory.LAYOUT,
    axolotl.LAYOUT,
    hf_trainer.LAYOUT,
    litgpt.LAYOUT,
    torchtune.LAYOUT,
    lightning.LAYOUT,
    deepspeed.LAYOUT,
    dcp.LAYOUT,
    composite.LAYOUT,
    bare.LAYOUT,
)
"""The more a layout asks for, the earlier it comes: each takes what it knows from what is left."""


_SCORES = re.compile(r"(?:results|samples)(?:_.*)?\.jsonl?")
"""As the harness calls what it writes below the model's name."""
_NUMBER = re.compile(r"\d+")
_WIDTH = 12


def find_places(entries: Iterable[Entry]) -> tuple[Place, ...]:
    """Return the checkpoints among `entries`, ordered by directory, then epoch and step, final ones last."""
    left = Left(entries)
    found = [place for layout in LAYOUTS for place in layout.find(left)]
    return tuple(sorted((place for place in found if not _holds_scores_alone(place)), key=_order))


def _holds_scores_alone(place: Place) -> bool:
    """Tell whether a directory that is called as a checkpoint holds only what one scored."""
    files = False
    for entry in place.entries:
        if entry.kind is EntryKind.DIRECTORY:
            continue
        if not _is_score(entry):
            return False
        files = True
    return files


def _is_score(entry: Entry) -> bool:
    if entry.path.endswith(".safetensors"):
        return False
    return _SCORES.fullmatch(entry.name) is not None or role_of(entry.path) is FileRole.EVALUATION


def layout_named(name: str) -> Layout | None:
    """Return the layout of this registry name."""
    return next((layout for layout in LAYOUTS if layout.name == name), None)


def _order(place: Place) -> tuple[str, bool, int, int, str]:
    """Numbers in a name that are no step, as accelerate's checkpoint_10, count as numbers all the same."""
    run = place.directory if place.is_final else place.directory.rpartition("/")[0]
    path = _NUMBER.sub(lambda found: found[0].zfill(_WIDTH), place.path)
    return (run, place.is_final, _rank(place.epoch), _rank(place.step), path)


def _rank(value: int | None) -> int:
    return -1 if value is None else value
