"""Find weights that no trainer's layout claims: a model's directory, or single files.

Invariant: files with a saved model's usual names are one checkpoint together, and so are the parts that
llama.cpp's gguf-split wrote; any other weights file is one by itself, with the epoch or step that its name
says.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator

from afterall.model import Entry, FileRole
from afterall.scan.checkpoints.entries import Directory, Left
from afterall.scan.checkpoints.layouts.shape import (
    WEIGHT_ROLES,
    Layout,
    Needs,
    Place,
    first_number,
    model_files,
)

NAME = "bare"

_MODEL = re.compile(
    r"((ft-)?model|pytorch_model|diffusion_pytorch_model|consolidated|adapter_model|pytorch_lora_weights)"
    r"([.-].*)?\.(safetensors|bin|pth|pt)"
)
_EPOCH = re.compile(r"(?:epoch|(?<![a-z])ep)[_=-]?(\d+)", re.IGNORECASE)
_STEP = re.compile(r"(?:(?:step|iter|checkpoint|ckpt)[_=-]?|^(?=\d{7}_adapters\.))(\d+)", re.IGNORECASE)
_MLX_FINAL = "adapters.safetensors"
"""Beside 0000100_adapters.safetensors, mlx_lm writes the newest state under this name too."""
_GGUF_PART = re.compile(r"(?P<prefix>.+)-\d{5}-of-(?P<count>\d{5})\.gguf")
_INDEX = frozenset({FileRole.WEIGHTS_INDEX})
_NEEDS = Needs(config=True, peft_config=True)


def _find(left: Left) -> Iterator[Place]:
    for directory in left:
        weights = directory.named(WEIGHT_ROLES)
        if any(map(_MODEL.fullmatch, weights)) or directory.named(_INDEX):
            yield _model(left, directory)
        for names in _splits(weights):
            parts = left.take_files(directory, names)
            if parts:
                yield _single(left, directory, names[0], parts)
        for name in sorted(set(weights) & directory.files.keys()):
            yield _single(left, directory, name)


def _model(left: Left, directory: Directory) -> Place:
    own = set(model_files(directory))
    single = {
        name for name in directory.named(WEIGHT_ROLES) if not (_MODEL.fullmatch(name) or _is_part(name))
    }
    return Place(
        name=directory.name,
        path=directory.path,
        directory=directory.path,
        layout=NAME,
        entries=left.take_files(directory, own - single),
        epoch=first_number(_EPOCH, directory.name),
        step=first_number(_STEP, directory.name),
        needs=_NEEDS,
    )


def _is_part(name: str) -> bool:
    """Return whether a file is a shard of a model whatever that is called; GGUF is a model of its own."""
    return "-of-" in name and not name.endswith(".gguf")


def _splits(weights: Iterable[str]) -> Iterable[list[str]]:
    """Return the names of the parts of each model that was split."""
    parts: dict[tuple[str, str], list[str]] = defaultdict(list)
    for name in sorted([name for name in weights if name.endswith(".gguf")]):
        found = _GGUF_PART.fullmatch(name)
        if found is not None:
            parts[found["prefix"], found["count"]].append(name)
    return parts.values()


def _single(left: Left, directory: Directory, name: str, parts: tuple[Entry, ...] = ()) -> Place:
    """Return the checkpoint of one file, or of the `parts` that it is the first of."""
    is_numbered = _may_be_numbered(name.lower())
    return Place(
        name=name,
        path=directory.below(name),
        directory=directory.path,
        layout=NAME,
        entries=parts or (left.take_file(directory, name),),
        epoch=first_number(_EPOCH, name) if is_numbered else None,
        step=first_number(_STEP, name) if is_numbered else None,
        is_final=name == _MLX_FINAL,
    )


def _may_be_numbered(name: str) -> bool:
    """Return False for most names that say neither epoch nor step; `iter` may begin with a Turkish i."""
    return "ep" in name or "ter" in name or "ck" in name


LAYOUT = Layout(name=NAME, find=_find)
