"""Sum up what a monitor sampled of GPUs while a run went on: how busy they were, their power and memory.

Invariant: memory does not grow with the samples; a mean is over all samples of all GPUs, a peak that of the
one GPU that its source names. What is no number, or none that such a sensor gives, does not count.
"""

import math

from msgspec import Struct

from afterall.model import Fact, Source

MOST_GPUS = 1024
"""Samples of further GPUs are left out."""
GPU_METRICS: tuple[str, ...] = (
    "gpu_utilization_mean_percent",
    "gpu_utilization_max_percent",
    "gpu_power_mean_w",
    "gpu_memory_used_peak_gib",
    "gpu_energy_wh",
)
"""Names of all facts that samples give."""


class _Sensor(Struct):
    """One sensor of one GPU: number, sum and greatest of its samples."""

    count: int = 0
    total: float = 0.0
    greatest: float = 0.0

    def add(self, value: float) -> None:
        self.greatest = max(self.greatest, value) if self.count else value
        self.count += 1
        self.total += value


class GpuSamples:
    """The samples of all GPUs of one source."""

    def __init__(self) -> None:
        self._utilization: dict[int, _Sensor] = {}
        self._power: dict[int, _Sensor] = {}
        self._memory: dict[int, _Sensor] = {}

    def add(
        self, gpu: int, utilization: float | None, power_w: float | None, memory_used_gib: float | None
    ) -> None:
        """Take one sample of the GPU of this index: percent, watts, GiB; None for what was not sampled."""
        _add(self._utilization, gpu, utilization, 100.0)
        _add(self._power, gpu, power_w, 1e5)
        _add(self._memory, gpu, memory_used_gib, 1e5)

    def facts(self, file: str) -> dict[str, Fact]:
        """Return the samples' means and peaks under RESULTS.json's names; `file` is where they stand."""
        found = {
            "gpu_utilization_mean_percent": _mean(self._utilization, file, "%"),
            "gpu_utilization_max_percent": _peak(self._utilization, file, "%"),
            "gpu_power_mean_w": _mean(self._power, file, "W"),
            "gpu_memory_used_peak_gib": _peak(self._memory, file, "GiB"),
        }
        return {name: fact for name, fact in found.items() if fact is not None}


def _add(sensors: dict[int, _Sensor], gpu: int, value: float | None, most: float) -> None:
    if value is None or not 0 <= value <= most:
        return
    if gpu in sensors or len(sensors) < MOST_GPUS:
        sensors.setdefault(gpu, _Sensor()).add(value)


def _mean(sensors: dict[int, _Sensor], file: str, unit: str) -> Fact | None:
    count = sum(sensor.count for sensor in sensors.values())
    if not count:
        return None
    where = f"mean of {count} sample{'s' if count > 1 else ''}, {_named(sorted(sensors))}"
    return Fact(math.fsum(sensor.total for sensor in sensors.values()) / count, Source(file, where), unit)


def _peak(sensors: dict[int, _Sensor], file: str, unit: str) -> Fact | None:
    gpu = max(sorted(sensors), key=lambda gpu: sensors[gpu].greatest, default=None)
    if gpu is None:
        return None
    count = sum(sensor.count for sensor in sensors.values())
    where = f"greatest of {count} sample{'s' if count > 1 else ''}, GPU {gpu}"
    return Fact(sensors[gpu].greatest, Source(file, where), unit)


def _named(gpus: list[int]) -> str:
    """Return "GPU 0", "GPUs 0-3", or "GPUs 0, 2, 5"."""
    if len(gpus) == 1:
        return f"GPU {gpus[0]}"
    if gpus == list(range(gpus[0], gpus[-1] + 1)):
        return f"GPUs {gpus[0]}-{gpus[-1]}"
    return f"GPUs {', '.join(map(str, gpus[:16]))}{' …' if len(gpus) > 16 else ''}"
