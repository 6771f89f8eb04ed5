"""Find models whose parts lie in directories of their own: diffusers' pipelines, sentence-transformers.

Invariant: a directory is one only where the list of its parts lies in it; what a trainer's layout took of it
is no part. Source: diffusers pipelines/pipeline_utils.py (save_pretrained, model_index.json),
sentence-transformers SentenceTransformer.py (save, modules.json).
"""

from collections.abc import Iterator

from afterall.model import Entry
from afterall.scan.checkpoints.entries import Directory, Left
from afterall.scan.checkpoints.layouts.shape import Layout, Place, has_weights, model_files

NAME = "composite"

_LISTS = frozenset({"model_index.json", "modules.json"})


def _find(left: Left) -> Iterator[Place]:
    for directory in left:
        if not is_listed(directory):
            continue
        parts = parts_of(left, directory)
        if has_weights(directory) or any(map(has_weights, parts)):
            yield _place(left, directory, parts)


def is_listed(directory: Directory) -> bool:
    """Return whether the list of a model's parts lies in a directory."""
    return not _LISTS.isdisjoint(directory.files)


def parts_of(left: Left, directory: Directory) -> list[Directory]:
    """Return the directories in this one that are parts of its model."""
    return [part for part in left.inside(directory) if _is_part(part)]


def take(left: Left, directory: Directory, names: set[str], parts: list[Directory]) -> tuple[Entry, ...]:
    """Take these files of a model's directory, the list of its parts, and all their files."""
    entries = [*left.take_files(directory, names | (_LISTS & directory.files.keys()))]
    for part in parts:
        entries += left.take_files(part, list(part.files))
    return tuple(sorted(entries, key=lambda entry: entry.path))


def _is_part(directory: Directory) -> bool:
    """Return whether a directory holds a model's files, or at least how one is set up."""
    return bool(model_files(directory)) or "scheduler_config.json" in directory.files


def _place(left: Left, directory: Directory, parts: list[Directory]) -> Place:
    return Place(
        name=directory.name,
        path=directory.path,
        directory=directory.path,
        layout=NAME,
        entries=take(left, directory, {*model_files(directory)}, parts),
    )


LAYOUT = Layout(name=NAME, find=_find)
