"""Hold shards and their index against each other: which are missing, which tensors lie where they should not.

Invariant: names that an index gives are only compared with the files that are there, never opened.
Source: huggingface_hub serialization (index written last, so shards without one are an interrupted save).
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct

from afterall.model import FileRole, Finding, FindingCode, Scalar, Severity
from afterall.scan.checkpoints.checks.material import Material, below, found, tensors_of
from afterall.scan.checkpoints.formats import Tensor
from afterall.scan.checkpoints.formats.weights_index import Index
from afterall.scan.checkpoints.inspection import Inspection
from afterall.scan.checkpoints.layouts.shape import WEIGHT_ROLES

_SHARD = re.compile(
    r"(?P<prefix>.+)-(?P<number>\d{1,6})-of-(?P<count>\d{1,6})(?P<suffix>\.(safetensors|bin))"
)
_INDEXED = re.compile(r"(ft-)?model|pytorch_model|diffusion_pytorch_model|adapter_model")
_MODEL = re.compile(r"((ft-)?model|pytorch_model)([.-].*)?\.(safetensors|bin)")
_MOST_SHARDS = 100_000
_MOST_NAMED = 20
"""Missing shards named one by one; of tensors only the count and the first."""


class _Folder(Struct, frozen=True):
    """One directory of a checkpoint: its weights by name, and its indexes."""

    path: str
    weights: dict[str, Inspection]
    indexes: tuple[Inspection, ...]


def check(material: Material) -> Iterable[Finding]:
    """Yield what is wrong with the sharded models of a checkpoint."""
    for folder in _folders(material):
        named: set[str] = set()
        for file in folder.indexes:
            index = file.contents.document if file.contents is not None else None
            if isinstance(index, Index):
                named |= set(index.weight_map.values())
                yield from _against_index(folder, file.path, index)
        yield from _numbered(folder, named)
        yield from _extra(folder, named)
        yield from _doubled(folder)


def _folders(material: Material) -> Iterator[_Folder]:
    weights: dict[str, dict[str, Inspection]] = defaultdict(dict)
    indexes: dict[str, list[Inspection]] = defaultdict(list)
    for file in material.files:
        if file.role in WEIGHT_ROLES:
            weights[file.parent][file.name] = file
        elif file.role is FileRole.WEIGHTS_INDEX:
            indexes[file.parent].append(file)
    for path in sorted({*weights, *indexes}):
        yield _Folder(path, weights[path], tuple(indexes[path]))


def _numbered(folder: _Folder, indexed: set[str]) -> Iterator[Finding]:
    """Judge files by the `-00001-of-00003` in their names; those an index names are judged by that."""
    groups: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    for name in folder.weights:
        parts = _SHARD.fullmatch(name)
        if parts is not None and int(parts["count"]) <= _MOST_SHARDS:
            groups[parts["prefix"], parts["count"], parts["suffix"]].add(parts["number"])
    for (prefix, count, suffix), numbers in sorted(groups.items()):
        first = 0 if any(int(number) == 0 for number in numbers) else 1
        width = len(min(numbers))
        due = {f"{number:0{width}}" for number in range(first, first + int(count))}
        names = [f"{prefix}-{number}-of-{count}{suffix}" for number in sorted(due - numbers)]
        yield from _missing_shards(folder.path, [name for name in names if name not in indexed], int(count))
        if int(count) > 1 and not indexed and _INDEXED.fullmatch(prefix):
            subject = below(folder.path, f"{prefix.removeprefix('ft-')}{suffix}.index.json")
            yield found(FindingCode.INDEX_MISSING, subject, {"shards": len(numbers), "of": int(count)})


def _missing_shards(directory: str, names: list[str], count: int) -> Iterator[Finding]:
    for name in names[:_MOST_NAMED]:
        yield found(FindingCode.SHARD_MISSING, below(directory, name), {"missing": len(names), "of": count})


def _against_index(folder: _Folder, path: str, index: Index) -> Iterator[Finding]:
    files = set(index.weight_map.values())
    escaping = sorted(name for name in files if _leaves(name))
    if escaping:
        evidence: dict[str, Scalar] = {
            "problem": "leaves_directory",
            "files": len(escaping),
            "first": escaping[0],
        }
        yield found(FindingCode.INDEX_INVALID, path, evidence)
    missing = sorted(files - folder.weights.keys() - set(escaping))
    yield from _missing_shards(folder.path, missing, len(files))
    yield from _places(folder, path, index)
    yield from _total(folder, path, index)


def _leaves(name: str) -> bool:
    return name.startswith("/") or ".." in name.split("/") or "\0" in name


def _places(folder: _Folder, path: str, index: Index) -> Iterator[Finding]:
    """Compare where the index says each tensor is with where it is, in files with known headers."""
    known = _known(folder, index)
    lying = {tensor: name for name in sorted(known) for tensor in known[name]}
    wrong = [t for t, name in index.weight_map.items() if name in known and t not in known[name]]
    misplaced = [tensor for tensor in wrong if tensor in lying]
    absent = [tensor for tensor in wrong if tensor not in lying]
    unlisted = [tensor for tensor in lying if tensor not in index.weight_map]
    if misplaced:
        first = min(misplaced)
        places = {"index_says": index.weight_map[first], "lies_in": lying[first]}
        yield found(FindingCode.TENSOR_MISPLACED, path, {**_named(misplaced), **places})
    if absent:
        says = {"index_says": index.weight_map[min(absent)]}
        yield found(FindingCode.TENSOR_MISSING, path, {**_named(absent), **says})
    if unlisted:
        evidence = {"problem": "not_in_index", **_named(unlisted)}
        yield found(FindingCode.TENSOR_MISPLACED, path, evidence, Severity.WARNING)


def _known(folder: _Folder, index: Index) -> dict[str, Mapping[str, Tensor]]:
    """Return the tensors of the files that the index names, without those that could not be read."""
    files = (folder.weights[name] for name in set(index.weight_map.values()) & folder.weights.keys())
    return {file.name: tensors for file in files if (tensors := tensors_of(file)) is not None}


def _named(tensors: list[str]) -> dict[str, Scalar]:
    return {"tensors": len(tensors), "first": min(tensors)}


def _total(folder: _Folder, path: str, index: Index) -> Iterator[Finding]:
    """Compare total_size; a warning only, because writers count tied tensors in different ways."""
    files = [folder.weights.get(name) for name in sorted(set(index.weight_map.values()))]
    held = [
        tensors_of(file) if file is not None and file.name.endswith(".safetensors") else None
        for file in files
    ]
    if index.total_bytes is None or any(tensors is None for tensors in held):
        return
    actual = sum(tensor.size_bytes for tensors in held if tensors is not None for tensor in tensors.values())
    if actual != index.total_bytes:
        yield found(
            FindingCode.INDEX_SIZE_DIFFERS, path, {"index_bytes": index.total_bytes, "actual_bytes": actual}
        )


def _extra(folder: _Folder, named: set[str]) -> Iterator[Finding]:
    """A model file that the index does not name is a leftover that some loaders prefer all the same."""
    suffixes = {name.rpartition(".")[2] for name in named}
    for name in sorted(folder.weights):
        if named and name not in named and _MODEL.fullmatch(name) and name.rpartition(".")[2] in suffixes:
            yield found(
                FindingCode.SHARD_EXTRA,
                below(folder.path, name),
                {"size_bytes": folder.weights[name].size_bytes},
            )


def _doubled(folder: _Folder) -> Iterator[Finding]:
    """A tensor in two shards of one model has two values, and which one counts depends on the loader."""
    groups: dict[tuple[str, str], dict[str, Mapping[str, object]]] = defaultdict(dict)
    for name, file in folder.weights.items():
        parts = _SHARD.fullmatch(name)
        tensors = tensors_of(file)
        if parts is not None and tensors is not None:
            groups[parts["prefix"], parts["count"]][name] = tensors
    for shards in groups.values():
        first_in: dict[str, str] = {}
        for name in sorted(shards):
            twice = sorted(tensor for tensor in shards[name] if tensor in first_in)
            if twice:
                evidence: dict[str, Scalar] = {
                    "tensors": len(twice),
                    "first": twice[0],
                    "also_in": first_in[twice[0]],
                }
                yield found(FindingCode.TENSOR_IN_TWO_SHARDS, below(folder.path, name), evidence)
            first_in.update(dict.fromkeys(shards[name], name))
