"""Hold shards and their index against each other: which are missing, which tensors lie where they should not.

Invariant: names that an index gives are only compared with the files that are there, never opened.
Source: huggingface_hub serialization (index written last, so shards without one are an interrupted save).
"""

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from operator import itemgetter

from msgspec import Struct

from afterall.model import FileRole, Finding, FindingCode, Scalar, Severity
from afterall.scan.checkpoints.checks.material import Material, below, found
from afterall.scan.checkpoints.formats.weights_index import Index
from afterall.scan.checkpoints.inspection import Inspection
from afterall.scan.checkpoints.layouts.shape import WEIGHT_ROLES

_OF = "-of-"
_SHARD = re.compile(
    r"(?P<prefix>.+)-(?P<number>\d{1,6})-of-(?P<count>\d{1,6})(?P<suffix>\.(safetensors|bin|gguf))"
)
_INDEXED = re.compile(
    r"(ft-)?(?P<model>model|pytorch_model|diffusion_pytorch_model|adapter_model)(?P<variant>\.[\w-]+)?"
)
_MODEL = re.compile(r"((ft-)?model|pytorch_model)([.-].*)?\.(safetensors|bin)")
_USUAL_INDEX = ".index.json"
_GGUF = ".gguf"
"""Its parts tell by themselves how many they are, and have no index."""
_MOST_SHARDS = 100_000
_MOST_NAMED = 20
"""Missing shards named one by one; of tensors only the count and the first."""


class _Folder(Struct, frozen=True):
    """One directory of a checkpoint: its weights by name, the shards among them by model, and its indexes."""

    path: str
    weights: dict[str, Inspection]
    models: dict[tuple[str, str, str], dict[str, str]]
    """By prefix, count and suffix in the names of its shards: their numbers and names."""
    indexes: tuple[Inspection, ...]


def check(material: Material) -> Iterable[Finding]:
    """Yield what is wrong with the sharded models of a checkpoint."""
    if not material.having(FileRole.WEIGHTS_INDEX) and not any(_OF in file.name for file in material.files):
        return
    for folder in _folders(material):
        named: set[str] = set()
        agreed: list[set[str]] = []
        for file in folder.indexes:
            index = file.contents.document if file.contents is not None else None
            if isinstance(index, Index):
                in_order = _all_agreeing(folder, index)
                counts = in_order or Counter(index.weight_map.values())
                named |= counts.keys()
                agreed.append({*in_order} if in_order else _agreeing(folder, index, counts))
                yield from _against_index(folder, file.path, index, counts)
                if not in_order:
                    yield from _misplaced(_known(folder, counts.keys() - agreed[-1]), file.path, index)
        yield from _numbered(folder, named)
        yield from _extra(folder, named)
        yield from _doubled(folder, agreed)


def _folders(material: Material) -> Iterator[_Folder]:
    """Go through the directories that an index or the name of a file says to hold parts of a model."""
    weights: dict[str, dict[str, Inspection]] = defaultdict(dict)
    indexes: dict[str, list[Inspection]] = defaultdict(list)
    for file in material.files:
        if file.role in WEIGHT_ROLES:
            weights[file.parent][file.name] = file
        elif file.role is FileRole.WEIGHTS_INDEX:
            indexes[file.parent].append(file)
    for path in sorted({*weights, *indexes}):
        models: dict[tuple[str, str, str], dict[str, str]] = defaultdict(dict)
        for name in weights[path]:
            parts = _SHARD.fullmatch(name) if _OF in name else None
            if parts is not None and int(parts["count"]) <= _MOST_SHARDS:
                models[parts["prefix"], parts["count"], parts["suffix"]][parts["number"]] = name
        if models or path in indexes:
            yield _Folder(path, weights[path], models, tuple(indexes[path]))


def _numbered(folder: _Folder, indexed: set[str]) -> Iterator[Finding]:
    """Judge files by the `-00001-of-00003` in their names; those an index names are judged by that."""
    for (prefix, count, suffix), shards in sorted(folder.models.items()):
        numbers = set(map(int, shards))
        first = 0 if 0 in numbers else 1
        width = len(min(shards))
        missing = sorted(set(range(first, first + int(count))) - numbers)
        names = [f"{prefix}-{number:0{width}}-of-{count}{suffix}" for number in missing]
        yield from _missing_shards(folder.path, [name for name in names if name not in indexed], int(count))
        of_model = _INDEXED.fullmatch(prefix)
        if int(count) < 2 or suffix == _GGUF or of_model is None:
            continue
        variant = of_model["variant"] or ""
        ending = f".index{variant}.json"
        if not any(file.name.endswith(ending) for file in folder.indexes):
            subject = below(folder.path, f"{of_model['model']}{suffix}{ending}")
            yield found(FindingCode.INDEX_MISSING, subject, {"shards": len(shards), "of": int(count)})


def _missing_shards(directory: str, names: list[str], count: int) -> Iterator[Finding]:
    for name in names[:_MOST_NAMED]:
        yield found(FindingCode.SHARD_MISSING, below(directory, name), {"missing": len(names), "of": count})


def _against_index(folder: _Folder, path: str, index: Index, named: Collection[str]) -> Iterator[Finding]:
    """Look for the files that an index names."""
    escaping = sorted(name for name in named if _leaves(name))
    if escaping:
        evidence: dict[str, Scalar] = {
            "problem": "leaves_directory",
            "files": len(escaping),
            "first": escaping[0],
        }
        yield found(FindingCode.INDEX_INVALID, path, evidence)
    missing = sorted(set(named) - folder.weights.keys() - set(escaping))
    # transformers clears away a variant's shards when it saves another one there, and leaves their index.
    is_stale = len(missing) == len(named) and bool(folder.weights) and not path.endswith(_USUAL_INDEX)
    yield from _missing_shards(folder.path, [] if is_stale else missing, len(named))
    yield from _total(folder, path, index, named)


def _leaves(name: str) -> bool:
    return name.startswith("/") or ".." in name.split("/") or "\0" in name


def _all_agreeing(folder: _Folder, index: Index) -> dict[str, int] | None:
    """Return how many tensors each file holds where all hold just what the index says, else None."""
    counts: dict[str, int] = {}
    for name, file in folder.weights.items():
        tensors = file.outline.names if file.outline is not None else None
        if not tensors:
            return None
        try:
            says = itemgetter(*tensors)(index.weight_map)
        except KeyError:
            return None
        if (says if len(tensors) > 1 else (says,)).count(name) < len(tensors):
            return None
        counts[name] = len(tensors)
    return counts if sum(counts.values()) == len(index.weight_map) else None


def _agreeing(folder: _Folder, index: Index, counts: Mapping[str, int]) -> set[str]:
    """Return the files that hold just the tensors that the index says; `counts` is how many that are."""
    says = index.weight_map.get
    return {
        name
        for name, tensors in _known(folder, counts).items()
        if len(tensors) == counts[name] and {name}.issuperset(map(says, tensors))
    }


def _misplaced(known: Mapping[str, Collection[str]], path: str, index: Index) -> Iterator[Finding]:
    """Compare where the index says each tensor is with where it is, in files that disagree."""
    lying_in = {name: frozenset(tensors) for name, tensors in known.items()}
    lying = {tensor: name for name in sorted(known) for tensor in known[name]}
    wrong = [t for t, name in index.weight_map.items() if name in lying_in and t not in lying_in[name]]
    misplaced = [tensor for tensor in wrong if tensor in lying]
    absent = [tensor for tensor in wrong if tensor not in lying]
    unlisted = [tensor for tensor in lying if tensor not in index.weight_map]
    if misplaced:
        first = min(misplaced)
        places = {"index_says": index.weight_map[first], "lies_in": lying[first]}
        yield found(FindingCode.TENSOR_MISPLACED, path, {**_named(misplaced), **places})
    if absent:
        place = {"index_says": index.weight_map[min(absent)]}
        yield found(FindingCode.TENSOR_MISSING, path, {**_named(absent), **place})
    if unlisted:
        evidence = {"problem": "not_in_index", **_named(unlisted)}
        yield found(FindingCode.TENSOR_MISPLACED, path, evidence, Severity.WARNING)


def _known(folder: _Folder, names: Iterable[str]) -> dict[str, Collection[str]]:
    """Return the names of the tensors in those of some files that are there and could be read."""
    files = (folder.weights[name] for name in names if name in folder.weights)
    outlines = ((file.name, file.outline) for file in files)
    return {name: each.names for name, each in outlines if each is not None and each.names is not None}


def _named(tensors: list[str]) -> dict[str, Scalar]:
    return {"tensors": len(tensors), "first": min(tensors)}


def _total(folder: _Folder, path: str, index: Index, names: Iterable[str]) -> Iterator[Finding]:
    """Compare total_size; a warning only, because writers count tied tensors in different ways."""
    files = (folder.weights.get(name) for name in names)
    held = [None if file is None or file.outline is None else file.outline.data_bytes for file in files]
    if index.total_bytes is None or None in held:
        return
    actual = sum(size for size in held if size is not None)
    if actual != index.total_bytes:
        yield found(
            FindingCode.INDEX_SIZE_DIFFERS, path, {"index_bytes": index.total_bytes, "actual_bytes": actual}
        )


def _extra(folder: _Folder, named: set[str]) -> Iterator[Finding]:
    """A model file that the index does not name is a leftover that some loaders prefer all the same."""
    suffixes = {name.rpartition(".")[2] for name in named}
    for name in sorted(folder.weights.keys() - named) if named else ():
        if _MODEL.fullmatch(name) and name.rpartition(".")[2] in suffixes:
            yield found(
                FindingCode.SHARD_EXTRA,
                below(folder.path, name),
                {"size_bytes": folder.weights[name].size_bytes},
            )


def _doubled(folder: _Folder, agreed: list[set[str]]) -> Iterator[Finding]:
    """A tensor in two shards of one model has two values, and which one counts depends on the loader.

    Shards that agree with one index hold no tensor twice.
    """
    for names in folder.models.values():
        shards = {} if any(map({*names.values()}.issubset, agreed)) else _known(folder, names.values())
        if len(set().union(*shards.values())) == sum(map(len, shards.values())):
            continue
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
