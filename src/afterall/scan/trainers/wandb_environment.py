"""Read with what a run ran, as Weights & Biases records it: in the `.wandb` file and in the files beside it.

Format: in `.wandb` an EnvironmentRecord {2 python, 9 git {2 commit}, 18 GPU, 19 its number, 24 NVIDIA GPUs
{1 name}, 25 CUDA} since 0.18, a TelemetryRecord {4 python, 5 wandb, 6 transformers} before too, and every
ten or fifteen seconds a StatsRecord {3 item {1 key, 16 JSON}}, with `gpu.0.gpu` (percent), `gpu.0.powerWatts`
and `gpu.0.memoryAllocatedBytes` of the device. Source: wandb/proto/wandb_internal.proto, 0.13 to 0.31.
"""

import re
from collections.abc import Iterator, Mapping

from afterall.model import Fact, Source
from afterall.scan.provenance import commit_of, version_of
from afterall.scan.trainers.gpu_samples import GpuSamples
from afterall.scan.trainers.protobuf import fields
from afterall.scan.trainers.rows import number_in

_GIT, _GPU, _GPUS, _NVIDIA = 9, 18, 19, 24
_VERSIONS = {2: "python", 25: "cuda"}
_TELEMETRY = {4: "python", 5: "wandb", 6: "transformers"}
_SENSOR = re.compile(r"gpu\.(\d{1,4})\.(gpu|powerWatts|memoryAllocatedBytes)")
_MOST_NAME = 200


def of_environment(message: bytes, source: Source) -> dict[str, Fact]:
    """Return what an EnvironmentRecord tells; its parts may come in records of their own."""
    found: dict[str, Fact] = {}
    for number, value in fields(message):
        if number == _GPUS and isinstance(value, int):
            found |= count_of(value, source)
        elif not isinstance(value, bytes):
            continue
        elif number in _VERSIONS:
            found |= version_of(_VERSIONS[number], bare_version(_text(value)), source)
        elif number == _GIT:
            commits = (_text(part) for n, part in fields(value) if n == 2 and isinstance(part, bytes))
            found |= commit_of(next(commits, None), source)
        elif number == _GPU:
            found |= gpu_of(_text(value), source)
        elif number == _NVIDIA and "gpu" not in found:
            names = (_text(part) for n, part in fields(value) if n == 1 and isinstance(part, bytes))
            found |= gpu_of(next(names, None), source)
    return found


def of_telemetry(message: bytes, source: Source) -> dict[str, Fact]:
    """Return the versions in a TelemetryRecord."""
    found: dict[str, Fact] = {}
    for number, value in fields(message):
        if number in _TELEMETRY and isinstance(value, bytes):
            found |= version_of(_TELEMETRY[number], _text(value), source)
    return found


def add_samples(items: Iterator[tuple[str, str]], samples: GpuSamples) -> None:
    """Take the samples in the names and JSON texts of one StatsRecord."""
    by_gpu: dict[int, dict[str, float | None]] = {}
    for name, text in items:
        found = _SENSOR.fullmatch(name)
        if found is not None:
            by_gpu.setdefault(int(found[1]), {})[found[2]] = number_in(text)
    for gpu, told in by_gpu.items():
        used = told.get("memoryAllocatedBytes")
        in_gib = None if used is None else used / 2**30
        samples.add(gpu, told.get("gpu"), told.get("powerWatts"), in_gib)


def bare_version(text: str) -> str:
    """Return "3.11.7" of "CPython 3.11.7"."""
    return text.rpartition(" ")[2]


def count_of(count: object, source: Source) -> dict[str, Fact]:
    """Return how many GPUs the machine has, empty where that is no such number."""
    is_count = isinstance(count, int) and not isinstance(count, bool) and 0 < count <= 1024
    return {"gpu_count": Fact(int(str(count)), source)} if is_count else {}


def gpu_of(name: object, source: Source) -> dict[str, Fact]:
    """Return the GPU's model, empty where that is no name."""
    is_name = isinstance(name, str) and 0 < len(name.strip()) <= _MOST_NAME and name.isprintable()
    return {"gpu": Fact(str(name).strip(), source)} if is_name else {}


def of_metadata(metadata: Mapping[str, object], file: str) -> dict[str, Fact]:
    """Return what a wandb-metadata.json tells."""

    def source(key: str) -> Source:
        return Source(file, f"key {key}")

    git, gpus = metadata.get("git"), metadata.get("gpu_nvidia")
    first = gpus[0] if isinstance(gpus, list) and gpus else None
    return {
        **version_of("python", bare_version(str(metadata.get("python"))), source("python")),
        **version_of("cuda", str(metadata.get("cudaVersion")), source("cudaVersion")),
        **commit_of(git.get("commit") if isinstance(git, dict) else None, source("git.commit")),
        **gpu_of(first.get("name") if isinstance(first, dict) else None, source("gpu_nvidia")),
        **gpu_of(metadata.get("gpu"), source("gpu")),
        **count_of(metadata.get("gpu_count"), source("gpu_count")),
    }


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")
