"""Compute anew what findings say of files of weights: from the bytes of each file."""

import json
import math
import os
import re
import struct
import zipfile
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

from claims.claims_checking import Checker, Facts
from claims.claims_reading import Json, Told
from claims.weights_reading import Weights, elements, read_weights, records_of, size_of

INDEX = "model.safetensors.index.json"
ADAPTER = "adapter_model.safetensors"
_LENGTH_BYTES = 8
_LAYERS = range(2)
"""Of the model whose adapters are broken."""
_LARGEST_HEADER = 100_000_000
"""Bytes, by the safetensors format."""


def _path(told: Told, finding: Json) -> Path:
    return told.set_dir / str(finding["subject"])


def _of(told: Told, finding: Json) -> Weights:
    return read_weights(_path(told, finding))


def empty(told: Told, finding: Json) -> Facts:
    """Check that a file has no byte."""
    assert _path(told, finding).stat().st_size == 0
    return {}


def truncated(told: Told, finding: Json) -> Facts:
    """Return how many bytes are missing by the header's offsets, at the least where it is itself cut."""
    path, raw = _path(told, finding), _path(told, finding).read_bytes()
    if path.suffix == ".pt":
        assert not zipfile.is_zipfile(path)
        return {}
    if len(raw) < _LENGTH_BYTES:
        return {"size_bytes": len(raw)}
    begin = _LENGTH_BYTES + struct.unpack("<Q", raw[:_LENGTH_BYTES])[0]
    if begin > len(raw):
        return {"missing_bytes_at_least": begin - len(raw)}
    return {"missing_bytes": begin + _of(told, finding).data_bytes - len(raw)}


def trailing(told: Told, finding: Json) -> Facts:
    """Return how many bytes follow the end of a file's last tensor, or of an archive."""
    path = _path(told, finding)
    if path.suffix == ".pt":
        raw = path.read_bytes()
        place = raw.rfind(b"PK\x05\x06")
        comment = struct.unpack("<H", raw[place + 20 : place + 22])[0]
        return {"extra_bytes": len(raw) - place - 22 - comment}
    weights = _of(told, finding)
    return {"extra_bytes": len(weights.data) - weights.data_bytes}


def zeros(told: Told, finding: Json) -> Facts:
    """Return how many bytes are zero: all of a file's, or the last ones of its weights."""
    path = _path(told, finding)
    raw = path.read_bytes()
    if not any(raw):
        return {"zero_bytes": len(raw)}
    weights = _of(told, finding)
    tail = len(weights.data) - len(weights.data.rstrip(b"\0"))
    tail = min(tail, _last_hole(path) or tail)
    begin = len(weights.data) - tail
    hit = [t for t in weights.tensors.values() if t["data_offsets"][0] >= begin]
    return {"zero_bytes": tail, "data_bytes": len(weights.data), "tensors": len(hit)}


def _last_hole(path: Path) -> int:
    """Return how many bytes at a file's end were never written, 0 for none."""
    with path.open("rb") as file:
        size = path.stat().st_size
        place = file.seek(0, os.SEEK_HOLE)
        while place < size:
            written = _data_after(file.fileno(), place, size)
            if written >= size:
                return size - place
            place = os.lseek(file.fileno(), written, os.SEEK_HOLE)
    return 0


def holes(told: Told, finding: Json) -> Facts:
    """Return how many bytes of a file were never written, in how many stretches, as the file system says."""
    path = _path(told, finding)
    size = path.stat().st_size
    stretches, place = [], 0
    with path.open("rb") as file:
        while place < size:
            begin = file.seek(place, os.SEEK_HOLE)
            if begin >= size:
                break
            place = _data_after(file.fileno(), begin, size)
            stretches.append(place - begin)
    return {"hole_bytes": sum(stretches), "holes": len(stretches), "size_bytes": size}


def _data_after(descriptor: int, begin: int, size: int) -> int:
    try:
        return os.lseek(descriptor, begin, os.SEEK_DATA)
    except OSError:
        return size


def something_else(told: Told, finding: Json) -> Facts:
    """Return the size that a pointer of Git LFS names."""
    raw = _path(told, finding).read_bytes()
    if not raw.startswith(b"version https://git-lfs"):
        return {}
    return {"real_bytes": int(raw.rpartition(b"size ")[2])}


def header(told: Told, finding: Json) -> Facts:
    """Return the length of a header that is too long, or the bytes of the tensor that does not fit."""
    path = _path(told, finding)
    if path.suffix == ".pt":
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
        assert len(set(names)) < len(names)
        return {}
    (length,) = struct.unpack("<Q", path.read_bytes()[:_LENGTH_BYTES])
    if length > _LARGEST_HEADER:
        return {"header_bytes": length}
    if "tensor" not in finding["evidence"]:
        return {}
    tensors = _of(told, finding).tensors
    begin, end = tensors[finding["evidence"]["tensor"]]["data_offsets"]
    if finding["evidence"]["problem"] == "overlap":
        spans = sorted(tensor["data_offsets"] for tensor in tensors.values())
        (own,) = (a[1] - b[0] for a, b in pairwise(spans) if b == [begin, end])
        return {"bytes": own}
    assert end - begin != size_of(tensors[finding["evidence"]["tensor"]])
    return {"bytes": end - begin}


def no_tensors(told: Told, finding: Json) -> Facts:
    """Return the length of a header without tensors."""
    weights = _of(told, finding)
    assert weights.tensors == {}
    return {"header_bytes": weights.header_bytes}


def without_elements(told: Told, finding: Json) -> Facts:
    """Return how many tensors have no elements."""
    tensors = _of(told, finding).tensors
    none = [name for name, tensor in tensors.items() if not elements(tensor)]
    return {"tensors": len(none), "of": len(tensors), "first": none[0]}


def first_byte(told: Told, finding: Json) -> Facts:
    """Return the byte that a header begins with instead of a brace."""
    return {"first_byte": _path(told, finding).read_bytes()[_LENGTH_BYTES]}


def repeated(told: Told, finding: Json) -> Facts:
    """Return how many names stand in a header twice."""
    path = _path(told, finding)
    raw = path.read_bytes()
    (length,) = struct.unpack("<Q", raw[:_LENGTH_BYTES])
    pairs: list[tuple[str, object]] = json.loads(
        raw[_LENGTH_BYTES : _LENGTH_BYTES + length], object_pairs_hook=list
    )
    names = [name for name, _ in pairs]
    twice = sorted({name for name in names if names.count(name) > 1})
    return {"tensors": len(twice), "first": twice[0]}


def _index(told: Told, finding: Json) -> tuple[Path, Json]:
    directory = _path(told, finding).parent
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
    path = _path(told, finding)
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
    path = _path(told, finding)
    assert path.name not in index["weight_map"].values()
    return {"size_bytes": path.stat().st_size}


def short_record(told: Told, finding: Json) -> Facts:
    """Return how many bytes a record has, and how many its tensor needs by the adapter's other form."""
    path = _path(told, finding)
    evidence = finding["evidence"]
    name = (
        evidence["tensor"].replace("layers.", "base_model.model.model.layers.").replace("attn", "self_attn")
    )
    peft = name.replace("lora_a", "lora_A").replace("lora_b", "lora_B")
    needed = size_of(read_weights(path.with_name(ADAPTER)).tensors[peft])
    return {"needed_bytes": needed, "record_bytes": records_of(path)[evidence["record"]]}


def lost_record(told: Told, finding: Json) -> Facts:
    """Check that the archive has no such record."""
    record = finding["evidence"]["record"]
    assert record not in records_of(_path(told, finding))
    return {"record": record}


def calls(told: Told, finding: Json) -> Facts:
    """Return how many names the pickle imports: the archive here holds one that is all a call."""
    with zipfile.ZipFile(_path(told, finding)) as archive:
        (pickled,) = (archive.read(name) for name in archive.namelist() if name.endswith("data.pkl"))
    names = [part.split(b"\n")[:2] for part in pickled.split(b"c")[1:]]
    return {"globals": len(names), "first": b".".join(names[0]).decode()}


def wrong_checksums(told: Told, finding: Json) -> Facts:
    """Return how many records do not have the checksum that the archive gives for them."""
    wrong = 0
    with zipfile.ZipFile(_path(told, finding)) as archive:
        for info in archive.infolist():
            try:
                archive.read(info)
            except zipfile.BadZipFile:
                wrong += 1
    return {"records": wrong}


def _modules(weights: Weights) -> dict[str, dict[str, list[int]]]:
    """Return the shapes of each module's halves, by "lora_A" and "lora_B"."""
    modules: dict[str, dict[str, list[int]]] = {}
    for name, tensor in weights.tensors.items():
        module, _, rest = name.removeprefix("base_model.model.").partition(".lora_")
        if rest:
            modules.setdefault(module, {})[f"lora_{rest[0]}"] = tensor["shape"]
    return modules


def rank(told: Told, finding: Json) -> Facts:
    """Return the adapter's rank by its shapes, and by its configuration."""
    modules = _modules(_of(told, finding))
    config = json.loads((told.set_dir / finding["evidence"]["config"]).read_text("utf-8"))
    other = [name for name, halves in modules.items() if halves["lora_A"][0] != config["r"]]
    return {
        "tensor_rank": modules[other[0]]["lora_A"][0],
        "config_rank": config["r"],
        "modules": len(other),
        "of": len(modules),
    }


def half(told: Told, finding: Json) -> Facts:
    """Return how many modules lack a half."""
    modules = _modules(_of(told, finding))
    lacking = sorted(name for name, halves in modules.items() if len(halves) == 1)
    return {"modules": len(lacking), "of": len(modules), "first": lacking[0]}


def copies(told: Told, finding: Json) -> Facts:
    """Return how many tensors each of an adapter's two forms holds; their sizes are not the same."""
    own = records_of(_path(told, finding))
    other = read_weights(told.set_dir / finding["evidence"]["other"]).tensors
    assert sorted(own.values()) != sorted(map(size_of, other.values()))
    facts: Facts = {"tensors": len(own), "other_tensors": len(other)}
    layer = finding["evidence"].get("layer")
    return facts if layer is None else {**facts, "layer": layer if layer in _LAYERS else None}


def targets(told: Told, finding: Json) -> Facts:
    """Return how many of the targets no tensor's name holds."""
    names = list(_of(told, finding).tensors)
    config = json.loads((told.set_dir / finding["evidence"]["config"]).read_text("utf-8"))
    wanted = config[finding["evidence"]["key"]]
    lost = [target for target in wanted if not any(f".{target}." in name for name in names)]
    return {"targets": len(lost), "of": len(wanted), "first": min(lost, key=wanted.index)}


def oversized(told: Told, finding: Json) -> Facts:
    """Return the bytes of an adapter's own tensors, and of others; both forms of it hold the same."""
    tensors = read_weights(_path(told, finding).with_name(ADAPTER)).tensors
    own = sum(size_of(tensor) for name, tensor in tensors.items() if ".lora_" in name)
    beside = [size_of(tensor) for name, tensor in tensors.items() if ".lora_" not in name]
    return {"adapter_bytes": own, "beside_bytes": sum(beside), "tensors": len(beside)}


def untrained(told: Told, finding: Json) -> Facts:
    """Return in how many modules the half that starts at zero is all zero."""
    weights = _of(told, finding)
    halves = [name for name in weights.tensors if f".lora_{finding['evidence']['half']}." in name]
    zero = [name for name in halves if not any(weights.numbers(name))]
    return {"modules": len(zero), "of": len(halves), "first": min(zero)}


def not_finite(told: Told, finding: Json) -> Facts:
    """Return how many tensors hold NaN or infinity, and how many of each."""
    weights = _of(told, finding)
    held = {name: weights.numbers(name) for name in weights.tensors}
    bad = [name for name, values in held.items() if not all(map(math.isfinite, values))]
    first = held[finding["evidence"]["first"]]
    return {
        "tensors": len(bad),
        "of": len(held),
        "nan": sum(math.isnan(v) for values in held.values() for v in values),
        "infinite": sum(math.isinf(v) for values in held.values() for v in values),
        "first_nan": sum(map(math.isnan, first)),
        "first_numbers": len(first),
        "first": min(bad),
    }


def layers(told: Told, finding: Json) -> Facts:
    """Return the layers between others that have no adapter, and how many kinds of modules lack them."""
    kinds: dict[str, set[int]] = {}
    for module in _modules(_of(told, finding)):
        found = re.fullmatch(r"(.*)\.layers\.(\d+)\.(.*)", module)
        assert found is not None
        kinds.setdefault(f"{found[1]}.*.{found[3]}", set()).add(int(found[2]))
    lacking = {kind: set(range(max(own))) - own for kind, own in kinds.items() if set(range(max(own))) - own}
    first = min(lacking)
    return {
        "kinds": len(lacking),
        "layers": ", ".join(map(str, sorted(lacking[first]))),
        "first": first,
    }


def _matrices(is_so: Callable[[list[float]], bool]) -> Checker:
    def check(told: Told, finding: Json) -> Facts:
        weights = _of(told, finding)
        so = sorted(name for name in weights.tensors if is_so(weights.numbers(name)))
        return {"tensors": len(so), "of": len(weights.tensors), "first": so[0]}

    return check


def _all_zero(values: list[float]) -> bool:
    return not any(values)


def _constant(values: list[float]) -> bool:
    """Tell whether there is one number only; the bytes of NaN may be, though NaN equals nothing."""
    return len({struct.pack("<f", value) for value in values}) == 1 and any(values)


CHECKERS: dict[str, Checker] = {
    "file_empty": empty,
    "file_truncated": truncated,
    "file_trailing_bytes": trailing,
    "file_zero_tail": zeros,
    "file_sparse": holes,
    "file_not_its_format": something_else,
    "header_invalid": header,
    "header_not_standard": first_byte,
    "no_tensors": no_tensors,
    "tensors_without_elements": without_elements,
    "tensor_repeated": repeated,
    "index_invalid": outside,
    "tensor_missing": promised,
    "tensor_misplaced": misplaced,
    "tensor_in_two_shards": twice,
    "index_size_differs": index_size,
    "shard_extra": extra_shard,
    "storage_size_mismatch": short_record,
    "storage_missing": lost_record,
    "pickle_runs_code": calls,
    "record_checksum_wrong": wrong_checksums,
    "adapter_rank_differs": rank,
    "adapter_half_missing": half,
    "adapter_copies_differ": copies,
    "adapter_target_unmatched": targets,
    "adapter_oversized": oversized,
    "adapter_untrained": untrained,
    "adapter_layers_missing": layers,
    "values_not_finite": not_finite,
    "values_all_zero": _matrices(_all_zero),
    "values_constant": _matrices(_constant),
}
