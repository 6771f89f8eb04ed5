"""Make small real checkpoints for tests: safetensors by its own library, torch archives record by record."""

import json
import struct
import zipfile
from collections.abc import Iterable, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save

from afterall.model import Checkpoint, Finding, FindingCode, Tier
from afterall.scan.checkpoints import verify
from afterall.scan.checkpoints.formats.serde import DTYPE_BITS

RANK = 4
HIDDEN = 64
LAYERS = 2
TARGETS = ("q_proj", "v_proj")
Arrays = Mapping[str, NDArray[Any]]


def numbers(*shape: int, seed: int = 0, dtype: str = "float32") -> NDArray[Any]:
    """Return normally distributed numbers, the same for the same seed."""
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


def safetensors_bytes(arrays: Arrays) -> bytes:
    """Return what the safetensors library writes for `arrays`."""
    return save(dict(arrays), metadata={"format": "pt"})


def raw_safetensors(header: str | bytes, payload: bytes) -> bytes:
    """Return a file with any header whatever in front of any bytes whatever."""
    text = header.encode() if isinstance(header, str) else header
    return struct.pack("<Q", len(text)) + text + payload


def of_dtype(dtype: str, item: bytes, count: int) -> bytes:
    """Return a safetensors file with one matrix of `count` times the bytes `item`."""
    size = len(item) * count
    table = {"w": {"dtype": dtype, "shape": [8 * size // DTYPE_BITS[dtype], 1], "data_offsets": [0, size]}}
    return raw_safetensors(json.dumps(table), item * count)


def gguf_bytes(kind: int, shape: tuple[int, ...], payload: bytes, version: int = 3) -> bytes:
    """Return a GGUF file with one tensor `w` of a ggml type by its number, and no other values."""
    info = struct.pack(f"<Q1sI{len(shape)}QIQ", 1, b"w", len(shape), *shape, kind, 0)
    header = b"GGUF" + struct.pack("<IQQ", version, 1, 0) + info
    return header + bytes(-len(header) % 32) + payload


def model_arrays(seed: int = 0, dtype: str = "float32") -> dict[str, NDArray[Any]]:
    """Return a model of two layers under Llama's names."""
    arrays = {"model.embed_tokens.weight": numbers(40, HIDDEN, seed=seed, dtype=dtype)}
    for layer in range(LAYERS):
        for index, name in enumerate((*TARGETS, "o_proj")):
            key = f"model.layers.{layer}.self_attn.{name}.weight"
            arrays[key] = numbers(HIDDEN, HIDDEN, seed=seed + 10 * layer + index + 1, dtype=dtype)
    return arrays


def adapter_arrays(
    seed: int = 0, rank: int = RANK, prefix: str = "base_model.model."
) -> dict[str, NDArray[Any]]:
    """Return a trained LoRA adapter under PEFT's names."""
    arrays = {}
    for layer in range(LAYERS):
        for index, name in enumerate(TARGETS):
            module = f"{prefix}model.layers.{layer}.self_attn.{name}"
            arrays[f"{module}.lora_A.weight"] = numbers(rank, HIDDEN, seed=seed + layer + index)
            arrays[f"{module}.lora_B.weight"] = numbers(HIDDEN, rank, seed=seed + layer + index + 50)
    return arrays


def torchtune_names(arrays: Arrays) -> dict[str, NDArray[Any]]:
    """Return an adapter's tensors under torchtune's own names."""
    return {
        name.removeprefix("base_model.model.model.").replace("self_attn", "attn").replace("lora_A", "lora_a")
        .replace("lora_B", "lora_b"): array
        for name, array in arrays.items()
    }  # fmt: skip


ADAPTER_CONFIG: dict[str, Any] = {
    "peft_type": "LORA",
    "r": RANK,
    "lora_alpha": 8,
    "target_modules": list(TARGETS),
    "init_lora_weights": True,
}


class Object:
    """An object to be pickled without its class: `module` and `name` as a pickle would name them."""

    def __init__(self, module: str, name: str, arguments: tuple[Any, ...] = (), state: Any = None) -> None:
        self.module, self.name, self.arguments, self.state = module, name, arguments, state


class Named:
    """A global, named and not called."""

    def __init__(self, module: str, name: str) -> None:
        self.module, self.name = module, name


class Persistent:
    """A persistent reference, as torch makes one for every storage."""

    def __init__(self, identity: Any) -> None:
        self.identity = identity


def pickled(value: Any) -> bytes:
    """Return a protocol-2 pickle of plain values, `Object`, `Named` and `Persistent`."""
    return b"\x80\x02" + _pickled(value) + b"."


def _pickled(value: Any) -> bytes:
    match value:
        case None:
            return b"N"
        case bool():
            return b"\x88" if value else b"\x89"
        case int():
            return b"\x8a\x09" + value.to_bytes(9, "little", signed=True)
        case float():
            return b"G" + struct.pack(">d", value)
        case str():
            return b"X" + struct.pack("<I", len(value.encode())) + value.encode()
        case tuple():
            return b"(" + b"".join(map(_pickled, value)) + b"t"
        case list():
            return b"](" + b"".join(map(_pickled, value)) + b"e"
        case dict():
            return b"}(" + b"".join(_pickled(k) + _pickled(v) for k, v in value.items()) + b"u"
        case Named():
            return f"c{value.module}\n{value.name}\n".encode()
        case Persistent():
            return _pickled(value.identity) + b"Q"
        case Object():
            made = f"c{value.module}\n{value.name}\n".encode() + _pickled(value.arguments) + b"R"
            return made if value.state is None else made + _pickled(value.state) + b"b"
        case _:
            raise TypeError(type(value))


_STORAGES = {
    "float32": "FloatStorage",
    "float16": "HalfStorage",
    "int64": "LongStorage",
    "uint8": "ByteStorage",
}


def torch_tensor(key: str, array: NDArray[Any]) -> Object:
    """Return how torch.save describes a contiguous tensor whose storage is record `key`."""
    storage = Persistent(("storage", Named("torch", _STORAGES[array.dtype.name]), key, "cpu", array.size))
    strides = tuple(step // array.itemsize for step in array.strides)
    hooks = Object("collections", "OrderedDict")
    return Object("torch._utils", "_rebuild_tensor_v2", (storage, 0, array.shape, strides, False, hooks))


def torch_bytes(arrays: Arrays, root: str = "archive", extra: Any = None) -> bytes:
    """Return a torch archive of a state dict, laid out as torch.save does; `extra` joins the state dict."""
    table = {name: torch_tensor(str(index), array) for index, (name, array) in enumerate(arrays.items())}
    records = {f"{root}/data.pkl": pickled(table | (extra or {})), f"{root}/byteorder": b"little"}
    records |= {f"{root}/data/{index}": array.tobytes() for index, array in enumerate(arrays.values())}
    return zip_bytes(records | {f"{root}/version": b"3\n"})


def zip_bytes(records: Mapping[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    """Return a zip of `records`."""
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, data in records.items():
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), data, compression)
    return buffer.getvalue()


def without_checksums(data: bytes) -> bytes:
    """Return a zip with every CRC in its directory set to 0, as torch's compute_crc32=False leaves it."""
    result = bytearray(data)
    at = data.find(b"PK\x01\x02")
    while at >= 0:
        result[at + 16 : at + 20] = bytes(4)
        at = data.find(b"PK\x01\x02", at + 4)
    return bytes(result)


def write(path: Path, data: bytes | str | Mapping[str, Any]) -> Path:
    """Write bytes, text or a JSON document, and the directories above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(data, bytes):
        path.write_bytes(data)
    else:
        path.write_text(data if isinstance(data, str) else json.dumps(data))
    path.chmod(0o644)
    return path


def write_sharded(directory: Path, arrays: Arrays, shards: int = 2) -> None:
    """Write a model as safetensors shards with their index."""
    names = sorted(arrays)
    weight_map: dict[str, str] = {}
    for number in range(1, shards + 1):
        held = names[number - 1 :: shards]
        file = f"model-{number:05}-of-{shards:05}.safetensors"
        write(directory / file, safetensors_bytes({name: arrays[name] for name in held}))
        weight_map |= dict.fromkeys(held, file)
    total = sum(array.nbytes for array in arrays.values())
    write(
        directory / "model.safetensors.index.json",
        {"metadata": {"total_size": total}, "weight_map": weight_map},
    )


def write_adapter(directory: Path, seed: int = 0, config: Mapping[str, Any] = ADAPTER_CONFIG) -> None:
    """Write an adapter as torchtune does: its own file, PEFT's form, and the configuration."""
    arrays = adapter_arrays(seed)
    write(directory / "adapter_model.safetensors", safetensors_bytes(arrays))
    write(directory / "adapter_model.pt", torch_bytes(torchtune_names(arrays), "adapter_model"))
    write(directory / "adapter_config.json", config)


def write_companions(directory: Path) -> None:
    """Write the configuration and tokenizer files that are copied into every checkpoint."""
    write(directory / "config.json", {"model_type": "llama", "num_hidden_layers": LAYERS})
    write(directory / "generation_config.json", {"eos_token_id": 2})
    write(directory / "tokenizer.json", {"version": "1.0", "model": {"vocab": {"a": 0}}})
    write(directory / "tokenizer_config.json", {"model_max_length": 128})


def write_epoch(directory: Path, seed: int = 0) -> Path:
    """Write a whole torchtune 0.6 checkpoint: two shards, index, adapter twice, configuration, tokenizer."""
    write_sharded(directory, model_arrays(seed))
    write_adapter(directory, seed)
    write_companions(directory)
    return directory


def write_hf_checkpoint(directory: Path, step: int = 50, seed: int = 0) -> Path:
    """Write a checkpoint of the HF Trainer with PEFT."""
    write(directory / "adapter_model.safetensors", safetensors_bytes(adapter_arrays(seed)))
    write(directory / "adapter_config.json", ADAPTER_CONFIG)
    write(directory / "optimizer.pt", torch_bytes({"state.0.exp_avg": numbers(8, 8, seed=seed)}, "optimizer"))
    write(directory / "trainer_state.json", {"global_step": step, "log_history": []})
    return directory


def only(path: Path, depth: Tier = Tier.QUICK) -> Checkpoint:
    """Return the one checkpoint at `path`."""
    (checkpoint,) = verify([path], depth)
    return checkpoint


def codes(findings: Iterable[Finding]) -> set[FindingCode]:
    """Return what kinds of findings these are."""
    return {finding.code for finding in findings}


def told(checkpoint: Checkpoint, code: FindingCode) -> Finding:
    """Return the one finding of this code."""
    (finding,) = [each for each in checkpoint.findings if each.code is code]
    return finding
