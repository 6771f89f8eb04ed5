"""Compute anew what findings say of weights in several files: from their index and from each of them."""

import json
from pathlib import Path

from claims.claims_checking import Checker, Facts
from claims.claims_reading import Json, Told
from claims.weights_reading import read_weights, size_of

INDEX = "model.safetensors.index.json"


def _index(told: Told, finding: Json) -> tuple[Path, Json]:
    directory = told.subject(finding).parent
    index: Json = json.loads((directory / INDEX).read_text("utf-8"))
    return directory, index


def _held(directory: Path) -> dict[str, set[str]]:
    """Return which tensors each shard holds."""
    return {path.name: set(read_weights(path).tensors) for path in directory.glob("model-*.safetensors")}


def outside(told: Told, finding: Json) -> Facts:
    """Return how many files an index names that do not lie beside it."""
    if "files" not in finding["evidence"]:
        return {}
    directory, index = _index(told, finding)
    out = {n for n in index["weight_map"].values() if (directory / n).resolve().parent != directory.resolve()}
    return {"files": len(out), "first": min(out)}


def promised(told: Told, finding: Json) -> Facts:
    """Return how many tensors an index lists that no shard holds."""
    directory, index = _index(told, finding)
    held = set().union(*_held(directory).values())
    none = sorted(set(index["weight_map"]) - held)
    return {"tensors": len(none), "first": none[0], "index_says": index["weight_map"][none[0]]}


def misplaced(told: Told, finding: Json) -> Facts:
    """Return how many tensors lie elsewhere than the index says, or that it does not list."""
    directory, index = _index(told, finding)
    lies = {name: shard for shard, names in sorted(_held(directory).items()) for name in names}
    if finding["evidence"].get("problem") == "not_in_index":
        return {"tensors": len(set(lies) - set(index["weight_map"]))}
    wrong = sorted(n for n, shard in index["weight_map"].items() if lies.get(n, shard) != shard)
    name = finding["evidence"]["first"]
    assert name in wrong
    return {"tensors": len(wrong), "index_says": index["weight_map"][name], "lies_in": lies[name]}


def twice(told: Told, finding: Json) -> Facts:
    """Return how many tensors of a shard another one holds too."""
    path = told.subject(finding)
    held = _held(path.parent)
    other = finding["evidence"]["also_in"]
    return {"tensors": len(held[path.name] & held[other]), "also_in": other}


def index_size(told: Told, finding: Json) -> Facts:
    """Return the size that an index gives, and that of all tensors of the shards."""
    directory, index = _index(told, finding)
    shards = [read_weights(path) for path in directory.glob("model-*.safetensors")]
    held = sum(size_of(tensor) for shard in shards for tensor in shard.tensors.values())
    return {"index_bytes": index["metadata"]["total_size"], "actual_bytes": held}


def extra_shard(told: Told, finding: Json) -> Facts:
    """Return the size of a file that the index does not name."""
    _, index = _index(told, finding)
    path = told.subject(finding)
    assert path.name not in index["weight_map"].values()
    return {"size_bytes": path.stat().st_size}


CHECKERS: dict[str, Checker] = {
    "index_invalid": outside,
    "tensor_missing": promised,
    "tensor_misplaced": misplaced,
    "tensor_in_two_shards": twice,
    "index_size_differs": index_size,
    "shard_extra": extra_shard,
}
