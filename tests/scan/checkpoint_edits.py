"""Break a good checkpoint in one way at a time: every edit that the table of breakages names."""

import json
import os
import struct
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from scan.checkpoint_making import (
    adapter_arrays,
    model_arrays,
    numbers,
    raw_safetensors,
    safetensors_bytes,
    torch_bytes,
    torchtune_names,
    write,
    zip_bytes,
)

ADAPTER = "adapter_model.safetensors"
TORCH = "adapter_model.pt"
SHARD = "model-00001-of-00002.safetensors"
OTHER_SHARD = "model-00002-of-00002.safetensors"
INDEX = "model.safetensors.index.json"
Break = Callable[[Path], None]
_BLOCK_BYTES = 4096


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


def hole(table: dict[str, Any]) -> None:
    """Let the first tensor end four bytes early."""
    first_two(table)[0]["data_offsets"][1] -= 4


def overlap(table: dict[str, Any]) -> None:
    """Let the second tensor begin four bytes early."""
    first_two(table)[1]["data_offsets"][0] -= 4


def wrong_shape(table: dict[str, Any]) -> None:
    """Give the first tensor one row more than it has bytes for."""
    first_two(table)[0]["shape"][0] += 1


def wrong_dtype(table: dict[str, Any]) -> None:
    """Give the first tensor a dtype that does not exist."""
    first_two(table)[0]["dtype"] = "F7"


def wrong_metadata(table: dict[str, Any]) -> None:
    """Put a number where only texts may stand."""
    table["__metadata__"] = {"step": 3}


def unended(data: bytes) -> bytes:
    """Cut an archive before its end record, which is written last."""
    return data[: data.rfind(b"PK\x05\x06")]


def zero_payload(data: bytes) -> bytes:
    """Replace all of the data by zeros."""
    length = struct.unpack("<Q", data[:8])[0]
    return data[: 8 + length] + bytes(len(data) - 8 - length)


def zero_half(data: bytes) -> bytes:
    """Replace the second half of a file by zeros."""
    return data[: len(data) // 2] + bytes(len(data) - len(data) // 2)


def doubled_key(data: bytes) -> bytes:
    """Name the first tensor twice."""
    length = struct.unpack("<Q", data[:8])[0]
    text = data[8 : 8 + length].rstrip().decode()
    name, _, _ = text.partition('":{"dtype"')
    first = text[len(name.rpartition('"')[0]) :].partition("},")[0] + "},"
    return raw_safetensors("{" + first + text[1:], data[8 + length :])


def space_first(data: bytes) -> bytes:
    """Put a space before the header."""
    length = struct.unpack("<Q", data[:8])[0]
    return raw_safetensors(b" " + data[8 : 8 + length], data[8 + length :])


def sparse_tail(directory: Path) -> None:
    """Leave the second half of a shard unwritten, its size as it was."""
    path = directory / SHARD
    size = path.stat().st_size
    written = size // 2
    with path.open("r+b") as file:
        file.truncate(written)
        file.truncate(size)


def flip_in_record(data: bytes) -> bytes:
    """Flip one bit of a tensor's bytes in a torch archive."""
    at = data.find(numbers(4, 64, seed=0).tobytes()[:16])
    assert at > 0
    return data[: at + 5] + bytes([data[at + 5] ^ 1]) + data[at + 6 :]


def short_storage(directory: Path) -> None:
    """Take the last row from every record of a torch archive, and leave its pickle as it was."""
    arrays = torchtune_names(adapter_arrays())
    good = torch_bytes(arrays, "adapter_model")
    short = torch_bytes({name: array[:-1] for name, array in arrays.items()}, "adapter_model")
    records = records_of(good) | {k: v for k, v in records_of(short).items() if "/data/" in k}
    write(directory / TORCH, zip_bytes(records))


def records_of(data: bytes) -> dict[str, bytes]:
    """Return a zip's records."""
    with zipfile.ZipFile(BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def lost_record(data: bytes) -> bytes:
    """Leave the fourth record out of a torch archive."""
    return zip_bytes({name: held for name, held in records_of(data).items() if not name.endswith("data/3")})


def with_nan(directory: Path) -> None:
    """Put one not-a-number into a shard."""
    arrays = model_arrays()
    names = sorted(arrays)[0::2]
    arrays[names[1]][3, 5] = float("nan")
    write(directory / SHARD, safetensors_bytes({name: arrays[name] for name in names}))


def with_infinity(directory: Path) -> None:
    """Put one infinity into an adapter."""
    arrays = adapter_arrays()
    next(iter(arrays.values()))[0, 0] = float("-inf")
    write(directory / ADAPTER, safetensors_bytes(arrays))


def untrained(directory: Path) -> None:
    """Leave every LoRA B as it is initialised."""
    arrays = {n: a * 0 if "lora_B" in n else a for n, a in adapter_arrays().items()}
    write(directory / ADAPTER, safetensors_bytes(arrays))


def half_lost(directory: Path) -> None:
    """Leave one LoRA B out of an adapter."""
    arrays = adapter_arrays()
    lost = next(name for name in arrays if "lora_B" in name)
    write(directory / ADAPTER, safetensors_bytes({n: a for n, a in arrays.items() if n != lost}))


def stale_index(directory: Path) -> None:
    """Let the index place one tensor in the other shard."""
    index = json.loads((directory / INDEX).read_text())
    first = min(index["weight_map"])
    index["weight_map"][first] = OTHER_SHARD if index["weight_map"][first] == SHARD else SHARD
    write(directory / INDEX, index)


def unknown_tensor(directory: Path) -> None:
    """Let the index name a tensor that no shard has."""
    index = json.loads((directory / INDEX).read_text())
    index["weight_map"]["model.norm.weight"] = SHARD
    write(directory / INDEX, index)


def tensor_twice(directory: Path) -> None:
    """Save a tensor of the first shard in the second one too."""
    arrays = model_arrays()
    names = sorted(arrays)
    write(
        directory / OTHER_SHARD, safetensors_bytes({name: arrays[name] for name in {*names[1::2], names[0]}})
    )


def wrong_total(directory: Path) -> None:
    """Let the index claim eight bytes more than there are."""
    index = json.loads((directory / INDEX).read_text())
    index["metadata"]["total_size"] += 8
    write(directory / INDEX, index)


def escaping_index(directory: Path) -> None:
    """Let the index name files outside of the directory."""
    index = json.loads((directory / INDEX).read_text())
    index["weight_map"] = dict.fromkeys(index["weight_map"], "../../../../etc/passwd")
    write(directory / INDEX, index)


def fifo(directory: Path) -> None:
    """Put a FIFO in the adapter's place."""
    (directory / ADAPTER).unlink()
    os.mkfifo(directory / ADAPTER)


def link_outside(directory: Path) -> None:
    """Put a link out of the set in the adapter's place."""
    (directory / ADAPTER).unlink()
    (directory / ADAPTER).symlink_to("/etc/hostname")


def dangling(directory: Path) -> None:
    """Put a link to nothing in the adapter's place."""
    (directory / ADAPTER).unlink()
    (directory / ADAPTER).symlink_to("gone.safetensors")


def private(directory: Path) -> None:
    """Make a shard readable by its owner alone."""
    (directory / SHARD).chmod(0o600)


def leftover(directory: Path) -> None:
    """Leave a temporary file of full size behind, as a killed save does."""
    write(directory / ".tmpAb3dEf", (directory / SHARD).read_bytes())


def punched(begin: float, end: float) -> Break:
    """Return a breakage that leaves this part of a shard unwritten, in whole blocks of the file system."""

    def apply(directory: Path) -> None:
        path = directory / SHARD
        data = path.read_bytes()
        first, last = (int(len(data) * part) // _BLOCK_BYTES * _BLOCK_BYTES for part in (begin, end))
        with path.open("wb") as file:
            file.write(data[:first])
            file.seek(last)
            file.write(data[last:])

    return apply


def oversized(directory: Path) -> None:
    """Save whole embeddings with the adapter, in both of its files."""
    embeddings = {"base_model.model.model.embed_tokens.weight": numbers(4000, 64)}
    arrays = adapter_arrays() | embeddings
    write(directory / ADAPTER, safetensors_bytes(arrays))
    write(directory / TORCH, torch_bytes(torchtune_names(arrays), "adapter_model"))


def in_shard(change_arrays: Callable[[dict[str, NDArray[Any]]], None]) -> Break:
    """Return a breakage that saves the first shard again with its arrays changed."""

    def apply(directory: Path) -> None:
        arrays = model_arrays()
        held = {name: arrays[name] for name in sorted(arrays)[0::2]}
        change_arrays(held)
        write(directory / SHARD, safetensors_bytes(held))

    return apply


def one_zero_matrix(arrays: dict[str, NDArray[Any]]) -> None:
    """Set all of one matrix to zero: neither the last one in the file, nor all of them."""
    arrays[min(arrays)][:] = 0


def one_constant_matrix(arrays: dict[str, NDArray[Any]]) -> None:
    """Set all of one matrix to the same number."""
    arrays[min(arrays)][:] = 0.02


def flip(file: str, place: float) -> Break:
    """Return a breakage that flips the lowest bit of one byte, `place` of the way into the data."""

    def edit(data: bytes) -> bytes:
        begin = 8 + struct.unpack("<Q", data[:8])[0]
        # The first byte of a float32 is the low end of its mantissa: the number stays finite.
        at = begin + int((len(data) - begin) * place) // 4 * 4
        return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]

    return change(file, edit)


def as_directory(directory: Path) -> None:
    """Put an empty directory in the adapter's place."""
    (directory / ADAPTER).unlink()
    (directory / ADAPTER).mkdir()


def two_pickles(directory: Path) -> None:
    """Put a second pickle of the same name behind the first: torch runs that one."""
    records = records_of((directory / TORCH).read_bytes())
    name = next(each for each in records if each.endswith("data.pkl"))
    data = zip_bytes({name: records[name], name.replace("pkl", "pkm"): b"N.", **records})
    write(directory / TORCH, data.replace(name.replace("pkl", "pkm").encode(), name.encode()))
