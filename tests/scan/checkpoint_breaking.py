# ruff: noqa: E501 - one breakage a line reads as a table
"""Break a good checkpoint in one way at a time, and say what was done and what must be found."""

import json
import os
import struct
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

from afterall.model import FindingCode as Code
from afterall.model import Tier, Verdict
from scan.checkpoint_making import (
    ADAPTER_CONFIG,
    adapter_arrays,
    model_arrays,
    numbers,
    of_dtype,
    raw_safetensors,
    safetensors_bytes,
    torch_bytes,
    torchtune_names,
    without_checksums,
    write,
    zip_bytes,
)

ADAPTER = "adapter_model.safetensors"
TORCH = "adapter_model.pt"
SHARD = "model-00001-of-00002.safetensors"
OTHER_SHARD = "model-00002-of-00002.safetensors"
INDEX = "model.safetensors.index.json"
Break = Callable[[Path], None]


class Breakage(NamedTuple):
    """One way to break a checkpoint directory; `library` is safetensors' verdict on `file`, None for others."""

    what: str
    do: Break
    code: Code
    verdict: Verdict
    file: str
    library: bool | None = None
    depth: Tier = Tier.QUICK


def change(file: str, edit: Callable[[bytes], bytes]) -> Break:
    """Return a breakage that rewrites one file's bytes."""
    return lambda directory: _rewrite(directory / file, edit)


def replace_by(file: str, data: bytes | str | dict[str, Any]) -> Break:
    """Return a breakage that puts something else in a file's place."""
    return lambda directory: _put(directory / file, data)


def remove(file: str) -> Break:
    """Return a breakage that deletes a file."""
    return lambda directory: (directory / file).unlink()


def header_of(data: bytes) -> tuple[dict[str, Any], bytes]:
    """Return a safetensors file's header as a table, and its data."""
    length = struct.unpack("<Q", data[:8])[0]
    return json.loads(data[8 : 8 + length]), data[8 + length :]


def with_header(edit: Callable[[dict[str, Any]], None]) -> Callable[[bytes], bytes]:
    """Return an edit of the header's table alone."""

    def apply(data: bytes) -> bytes:
        table, payload = header_of(data)
        edit(table)
        return raw_safetensors(json.dumps(table), payload)

    return apply


def _rewrite(path: Path, edit: Callable[[bytes], bytes]) -> None:
    path.write_bytes(edit(path.read_bytes()))


def _put(path: Path, data: bytes | str | dict[str, Any]) -> None:
    write(path, data)


def first_two(table: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the first two tensors of a header by offset."""
    tensors = [value for key, value in table.items() if key != "__metadata__"]
    tensors.sort(key=lambda value: value["data_offsets"])
    return tensors[0], tensors[1]


def _hole(table: dict[str, Any]) -> None:
    first_two(table)[0]["data_offsets"][1] -= 4


def _overlap(table: dict[str, Any]) -> None:
    first_two(table)[1]["data_offsets"][0] -= 4


def _wrong_shape(table: dict[str, Any]) -> None:
    first_two(table)[0]["shape"][0] += 1


def _wrong_dtype(table: dict[str, Any]) -> None:
    first_two(table)[0]["dtype"] = "F7"


def _wrong_metadata(table: dict[str, Any]) -> None:
    table["__metadata__"] = {"step": 3}


def _unended(data: bytes) -> bytes:
    return data[: data.rfind(b"PK\x05\x06")]


def _zero_payload(data: bytes) -> bytes:
    length = struct.unpack("<Q", data[:8])[0]
    return data[: 8 + length] + bytes(len(data) - 8 - length)


def _zero_half(data: bytes) -> bytes:
    return data[: len(data) // 2] + bytes(len(data) - len(data) // 2)


def _doubled_key(data: bytes) -> bytes:
    length = struct.unpack("<Q", data[:8])[0]
    text = data[8 : 8 + length].rstrip().decode()
    name, _, _ = text.partition('":{"dtype"')
    first = text[len(name.rpartition('"')[0]) :].partition("},")[0] + "},"
    return raw_safetensors("{" + first + text[1:], data[8 + length :])


def _space_first(data: bytes) -> bytes:
    length = struct.unpack("<Q", data[:8])[0]
    return raw_safetensors(b" " + data[8 : 8 + length], data[8 + length :])


def _sparse_tail(directory: Path) -> None:
    path = directory / SHARD
    size = path.stat().st_size
    written = size // 2
    with path.open("r+b") as file:
        file.truncate(written)
        file.truncate(size)


def _flip_in_record(data: bytes) -> bytes:
    at = data.find(numbers(4, 64, seed=0).tobytes()[:16])
    assert at > 0
    return data[: at + 5] + bytes([data[at + 5] ^ 1]) + data[at + 6 :]


def _short_storage(directory: Path) -> None:
    arrays = torchtune_names(adapter_arrays())
    good = torch_bytes(arrays, "adapter_model")
    short = torch_bytes({name: array[:-1] for name, array in arrays.items()}, "adapter_model")
    records = records_of(good) | {k: v for k, v in records_of(short).items() if "/data/" in k}
    write(directory / TORCH, zip_bytes(records))


def records_of(data: bytes) -> dict[str, bytes]:
    """Return a zip's records."""
    with zipfile.ZipFile(BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _lost_record(data: bytes) -> bytes:
    return zip_bytes({name: held for name, held in records_of(data).items() if not name.endswith("data/3")})


def _with_nan(directory: Path) -> None:
    arrays = model_arrays()
    names = sorted(arrays)[0::2]
    arrays[names[1]][3, 5] = float("nan")
    write(directory / SHARD, safetensors_bytes({name: arrays[name] for name in names}))


def _with_infinity(directory: Path) -> None:
    arrays = adapter_arrays()
    next(iter(arrays.values()))[0, 0] = float("-inf")
    write(directory / ADAPTER, safetensors_bytes(arrays))


def _untrained(directory: Path) -> None:
    arrays = {n: a * 0 if "lora_B" in n else a for n, a in adapter_arrays().items()}
    write(directory / ADAPTER, safetensors_bytes(arrays))


def _half_lost(directory: Path) -> None:
    arrays = adapter_arrays()
    lost = next(name for name in arrays if "lora_B" in name)
    write(directory / ADAPTER, safetensors_bytes({n: a for n, a in arrays.items() if n != lost}))


def _stale_index(directory: Path) -> None:
    index = json.loads((directory / INDEX).read_text())
    first = min(index["weight_map"])
    index["weight_map"][first] = OTHER_SHARD if index["weight_map"][first] == SHARD else SHARD
    write(directory / INDEX, index)


def _unknown_tensor(directory: Path) -> None:
    index = json.loads((directory / INDEX).read_text())
    index["weight_map"]["model.norm.weight"] = SHARD
    write(directory / INDEX, index)


def _tensor_twice(directory: Path) -> None:
    arrays = model_arrays()
    names = sorted(arrays)
    write(
        directory / OTHER_SHARD, safetensors_bytes({name: arrays[name] for name in {*names[1::2], names[0]}})
    )


def _wrong_total(directory: Path) -> None:
    index = json.loads((directory / INDEX).read_text())
    index["metadata"]["total_size"] += 8
    write(directory / INDEX, index)


def _escaping_index(directory: Path) -> None:
    index = json.loads((directory / INDEX).read_text())
    index["weight_map"] = dict.fromkeys(index["weight_map"], "../../../../etc/passwd")
    write(directory / INDEX, index)


def _fifo(directory: Path) -> None:
    (directory / ADAPTER).unlink()
    os.mkfifo(directory / ADAPTER)


def _link_outside(directory: Path) -> None:
    (directory / ADAPTER).unlink()
    (directory / ADAPTER).symlink_to("/etc/hostname")


def _dangling(directory: Path) -> None:
    (directory / ADAPTER).unlink()
    (directory / ADAPTER).symlink_to("gone.safetensors")


def _private(directory: Path) -> None:
    (directory / SHARD).chmod(0o600)


def _leftover(directory: Path) -> None:
    write(directory / ".tmpAb3dEf", (directory / SHARD).read_bytes())


SHELL = b"\x80\x02cposix\nsystem\nX\x02\x00\x00\x00ls\x85R."
LFS = "version https://git-lfs.github.com/spec/v1\noid sha256:" + "0" * 64 + "\nsize 4976698672\n"
PAGE = "<!DOCTYPE html>\n<html><title>401 Unauthorized</title></html>\n" * 4
CORRUPT, INCOMPLETE, OK, UNVERIFIED = Verdict.CORRUPT, Verdict.INCOMPLETE, Verdict.OK, Verdict.UNVERIFIED
VALUES = Tier.VALUES

BREAKAGES = (
    Breakage("cut to 0 bytes", replace_by(ADAPTER, b""), Code.FILE_EMPTY, CORRUPT, ADAPTER, False),
    Breakage("cut to 7 bytes", change(ADAPTER, lambda d: d[:7]), Code.FILE_TRUNCATED, CORRUPT, ADAPTER, False),
    Breakage("cut in the header", change(ADAPTER, lambda d: d[:40]), Code.FILE_TRUNCATED, CORRUPT, ADAPTER, False),
    Breakage("cut by one byte", change(SHARD, lambda d: d[:-1]), Code.FILE_TRUNCATED, CORRUPT, SHARD, False),
    Breakage("cut in half", change(SHARD, lambda d: d[: len(d) // 2]), Code.FILE_TRUNCATED, CORRUPT, SHARD, False),
    Breakage("one byte more", change(SHARD, lambda d: d + b"\0"), Code.FILE_TRAILING_BYTES, CORRUPT, SHARD, False),
    Breakage("all zeros", change(SHARD, lambda d: bytes(len(d))), Code.FILE_ZERO_TAIL, CORRUPT, SHARD, False),
    Breakage("an LFS pointer", replace_by(SHARD, LFS), Code.FILE_NOT_ITS_FORMAT, CORRUPT, SHARD, False),
    Breakage("an HTML error page", replace_by(SHARD, PAGE), Code.FILE_NOT_ITS_FORMAT, CORRUPT, SHARD, False),
    Breakage("a renamed zip", replace_by(ADAPTER, zip_bytes({"a": b"b"})), Code.FILE_NOT_ITS_FORMAT, CORRUPT, ADAPTER, False),
    Breakage("2^62 promised", change(SHARD, lambda d: struct.pack("<Q", 2**62) + d[8:]), Code.HEADER_INVALID, CORRUPT, SHARD, False),
    Breakage("header beyond the file", change(ADAPTER, lambda d: struct.pack("<Q", len(d)) + d[8:]), Code.FILE_TRUNCATED, CORRUPT, ADAPTER, False),
    Breakage("a hole", change(SHARD, with_header(_hole)), Code.HEADER_INVALID, CORRUPT, SHARD, False),
    Breakage("an overlap", change(SHARD, with_header(_overlap)), Code.HEADER_INVALID, CORRUPT, SHARD, False),
    Breakage("shape against size", change(SHARD, with_header(_wrong_shape)), Code.HEADER_INVALID, CORRUPT, SHARD, False),
    Breakage("an unknown dtype", change(SHARD, with_header(_wrong_dtype)), Code.HEADER_INVALID, CORRUPT, SHARD, False),
    Breakage("metadata of a number", change(SHARD, with_header(_wrong_metadata)), Code.HEADER_INVALID, CORRUPT, SHARD, False),
    Breakage("a header of 20 000 brackets", replace_by(ADAPTER, raw_safetensors("[" * 20000, b"")), Code.HEADER_INVALID, CORRUPT, ADAPTER, False),
    Breakage("a tensor named twice", change(SHARD, _doubled_key), Code.TENSOR_REPEATED, OK, SHARD, True),
    Breakage("a space before the header", change(SHARD, _space_first), Code.HEADER_NOT_STANDARD, OK, SHARD, True),
    Breakage("no tensors: 40 bytes", replace_by(ADAPTER, raw_safetensors('{"__metadata__":{"format":"pt"}} ', b"")[:41]), Code.NO_TENSORS, CORRUPT, ADAPTER, True),
    Breakage("only tensors without elements", replace_by(ADAPTER, safetensors_bytes({"lora_A": numbers(0, 4)})), Code.TENSORS_WITHOUT_ELEMENTS, CORRUPT, ADAPTER, True),
    Breakage("payload all zeros", change(SHARD, _zero_payload), Code.FILE_ZERO_TAIL, CORRUPT, SHARD, True),
    Breakage("second half zeros", change(SHARD, _zero_half), Code.FILE_ZERO_TAIL, CORRUPT, SHARD, True),
    Breakage("second half never written", _sparse_tail, Code.FILE_ZERO_TAIL, CORRUPT, SHARD, True),
    Breakage("one NaN", _with_nan, Code.VALUES_NOT_FINITE, CORRUPT, SHARD, True, VALUES),
    Breakage("one infinity", _with_infinity, Code.VALUES_NOT_FINITE, CORRUPT, ADAPTER, True, VALUES),
    Breakage("LoRA B all zero", _untrained, Code.ADAPTER_UNTRAINED, CORRUPT, ADAPTER, True, VALUES),
    Breakage("half of a LoRA pair lost", _half_lost, Code.ADAPTER_HALF_MISSING, CORRUPT, ADAPTER, True),
    Breakage("rank 8 adapter, config says 4", replace_by(ADAPTER, safetensors_bytes(adapter_arrays(rank=8))), Code.ADAPTER_RANK_DIFFERS, CORRUPT, ADAPTER, True),
    Breakage("another adapter in the .pt", replace_by(TORCH, torch_bytes(torchtune_names(adapter_arrays(rank=8)))), Code.ADAPTER_COPIES_DIFFER, CORRUPT, TORCH),
    Breakage("config names a module that has no adapter", replace_by("adapter_config.json", ADAPTER_CONFIG | {"target_modules": ["q_proj", "k_proj"]}), Code.ADAPTER_TARGET_UNMATCHED, OK, ADAPTER),
    Breakage("a shard deleted", remove(OTHER_SHARD), Code.SHARD_MISSING, INCOMPLETE, OTHER_SHARD),
    Breakage("the index deleted", remove(INDEX), Code.INDEX_MISSING, INCOMPLETE, INDEX),
    Breakage("the index cut", change(INDEX, lambda d: d[:-20]), Code.INDEX_INVALID, CORRUPT, INDEX),
    Breakage("the index names the other shard", _stale_index, Code.TENSOR_MISPLACED, CORRUPT, INDEX),
    Breakage("the index names a tensor that is nowhere", _unknown_tensor, Code.TENSOR_MISSING, INCOMPLETE, INDEX),
    Breakage("the index leads out of the directory", _escaping_index, Code.INDEX_INVALID, CORRUPT, INDEX),
    Breakage("total_size wrong by 8", _wrong_total, Code.INDEX_SIZE_DIFFERS, OK, INDEX),
    Breakage("a tensor in both shards", _tensor_twice, Code.TENSOR_IN_TWO_SHARDS, CORRUPT, OTHER_SHARD),
    Breakage("a stale unsharded model beside", replace_by("model.safetensors", safetensors_bytes(model_arrays(7))), Code.SHARD_EXTRA, OK, "model.safetensors"),
    Breakage("the .pt cut before its directory", change(TORCH, _unended), Code.FILE_TRUNCATED, CORRUPT, TORCH),
    Breakage("the .pt cut in half", change(TORCH, lambda d: d[: len(d) // 2]), Code.FILE_TRUNCATED, CORRUPT, TORCH),
    Breakage("a bit flipped in the .pt", change(TORCH, _flip_in_record), Code.RECORD_CHECKSUM_WRONG, CORRUPT, TORCH, None, VALUES),
    Breakage("no checksums in the .pt", change(TORCH, without_checksums), Code.CHECKSUM_NOT_COMPUTED, OK, TORCH, None, VALUES),
    Breakage("storages shorter than their tensors", _short_storage, Code.STORAGE_SIZE_MISMATCH, CORRUPT, TORCH),
    Breakage("a record lost from the .pt", change(TORCH, _lost_record), Code.STORAGE_MISSING, CORRUPT, TORCH),
    Breakage("a pickle that runs a shell", replace_by(TORCH, zip_bytes({"a/data.pkl": SHELL})), Code.PICKLE_RUNS_CODE, CORRUPT, TORCH),
    Breakage("the adapter's config deleted", remove("adapter_config.json"), Code.ADAPTER_CONFIG_MISSING, INCOMPLETE, "adapter_config.json"),
    Breakage("the adapter's config cut", change("adapter_config.json", lambda d: d[:20]), Code.CONFIG_INVALID, CORRUPT, "adapter_config.json"),
    Breakage("config.json nested 10 000 deep", replace_by("config.json", "[" * 10000), Code.CONFIG_INVALID, CORRUPT, "config.json"),
    Breakage("the .pt deleted", remove(TORCH), Code.CHECKPOINT_FILE_MISSING, INCOMPLETE, TORCH),
    Breakage("the safetensors adapter deleted", remove(ADAPTER), Code.CHECKPOINT_FILE_MISSING, INCOMPLETE, ADAPTER),
    Breakage("weights readable by their owner alone", _private, Code.MODE_PRIVATE, OK, SHARD),
    Breakage("a temporary file left", _leftover, Code.TEMPORARY_FILE, OK, ".tmpAb3dEf"),
    Breakage("a FIFO for weights", _fifo, Code.FILE_UNREADABLE, UNVERIFIED, ADAPTER),
    Breakage("weights linked out of the set", _link_outside, Code.FILE_LINKED_OUTSIDE, UNVERIFIED, ADAPTER),
    Breakage("weights linked to nothing", _dangling, Code.FILE_UNREADABLE, UNVERIFIED, ADAPTER),
    Breakage("a NaN in bfloat16", replace_by(SHARD, of_dtype("BF16", b"\xc0\x7f", 32)), Code.VALUES_NOT_FINITE, CORRUPT, SHARD, True, VALUES),
)  # fmt: skip
"""Every way, with what it must be called; lines stay tables."""
