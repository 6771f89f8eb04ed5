"""Find torchtune's checkpoints: directories `epoch_N` and `step_N` since 0.5, flat files `…_N.pt` before.

Invariant: a flat file that is overwritten each epoch (adapter_model.bin, its config, config.json,
recipe_state.pt) belongs to the latest epoch. Listings: 0.1.0, 0.2.1, 0.4.0, 0.5.0, 0.6.1, main bd2a0fc.
"""

import re
from collections import defaultdict
from collections.abc import Iterator

from afterall.scan.checkpoints.entries import Directory, Left
from afterall.scan.checkpoints.layouts.shape import Layout, Needs, Place, looks_saved, model_files, number

NAME = "torchtune"

_DIRECTORY = re.compile(r"(epoch|step)_(\d+)")
_FLAT = re.compile(
    r"(?P<kind>hf_model_\d{4}|meta_model|torchtune_model|adapter|model-\d+-of-\d+)_(?P<epoch>\d+)\.(pt|bin|safetensors)"
)
_NEEDS = Needs(tokenizer=True, adapter_twin=True)
_FLAT_NEEDS = Needs()


def _find(left: Left) -> Iterator[Place]:
    yield from _find_directories(left)
    for directory in left:
        yield from _find_flat(left, directory)


def _find_directories(left: Left) -> Iterator[Place]:
    """An empty directory counts where a sibling is a checkpoint: torchtune makes it before it writes."""
    named = [(directory, _DIRECTORY.fullmatch(directory.name)) for directory in left]
    saved = {directory.path for directory, found in named if found and looks_saved(left, directory)}
    parents = {path.rpartition("/")[0] for path in saved}
    for directory, found in named:
        is_empty = not directory.files and not directory.directories and directory.parent in parents
        if found is None or not (directory.path in saved or is_empty):
            continue
        is_epoch = found[1] == "epoch"
        yield Place(
            name=directory.name,
            path=directory.path,
            directory=directory.path,
            layout=NAME,
            entries=left.take_directory(directory.path),
            epoch=number(found, 2) if is_epoch else None,
            step=None if is_epoch else number(found, 2),
            needs=_NEEDS,
        )


def _find_flat(left: Left, directory: Directory) -> Iterator[Place]:
    by_epoch: dict[int, list[str]] = defaultdict(list)
    for name in directory.files:
        epoch = number(_FLAT.fullmatch(name), "epoch")
        if epoch is not None:
            by_epoch[epoch].append(name)
    if not by_epoch:
        return
    last = max(by_epoch)
    by_epoch[last].extend(name for name in model_files(directory) if not _FLAT.fullmatch(name))
    for epoch, names in sorted(by_epoch.items()):
        first = min(name for name in names if _FLAT.fullmatch(name))
        yield Place(
            name=f"epoch_{epoch}",
            path=directory.below(first),
            directory=directory.path,
            layout=NAME,
            entries=left.take_files(directory, names),
            epoch=epoch,
            needs=_FLAT_NEEDS,
        )


def _saved_name(part: str) -> str | None:
    if _DIRECTORY.fullmatch(part):
        return part
    epoch = number(_FLAT.fullmatch(part), "epoch")
    return None if epoch is None else f"epoch_{epoch}"


LAYOUT = Layout(
    name=NAME,
    find=_find,
    epoch_name="epoch_{epoch}",
    step_name="step_{step}",
    saved_name=_saved_name,
    trainer="torchtune",
)
