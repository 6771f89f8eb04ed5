"""Add up the energy that GPUs took, from samples of their power.

Invariant: between two samples of a GPU the power is the mean of both; a pause of more than ten usual
intervals adds nothing, and neither does time that goes back.
"""

import math
import statistics
from datetime import UTC, datetime

from msgspec import Struct

from afterall.model import Fact, Source

LONGEST_PAUSE = 10
"""Usual intervals that a pause may last."""
FIRST_INTERVALS = 64
"""Intervals by whose median the usual one is told."""
MOST_GPUS = 1024


def parse_time(text: str) -> float | None:
    """Return a time such as 2025/10/16 12:00:00.123 in seconds, of which only differences mean anything."""
    try:
        return datetime.fromisoformat(text.replace("/", "-")).replace(tzinfo=UTC).timestamp()
    except (ValueError, OverflowError):
        return None


class _Gpu(Struct):
    """One GPU's last sample, its first intervals, until then unjudged, and its energy since."""

    time_s: float
    power_w: float
    first: list[tuple[float, float]] = []
    usual_s: float | None = None
    joules: float = 0.0

    def add(self, seconds: float, joules: float) -> None:
        if self.usual_s is None:
            self.first.append((seconds, joules))
            if len(self.first) >= FIRST_INTERVALS:
                self.settle()
        elif seconds <= LONGEST_PAUSE * self.usual_s:
            self.joules += joules

    def settle(self) -> None:
        """Judge the first intervals by their median."""
        if self.usual_s is None and self.first:
            self.usual_s = statistics.median(seconds for seconds, _ in self.first)
            for seconds, joules in self.first:
                self.add(seconds, joules)
            self.first = []


class GpuEnergy:
    """The energy of all GPUs of one source."""

    def __init__(self) -> None:
        self._gpus: dict[int, _Gpu] = {}

    def add(self, gpu: int, time_s: float | None, power_w: float | None) -> None:
        """Take one sample; one without time or power leaves its interval to the next that has both."""
        if time_s is None or power_w is None or not 0 <= power_w <= 1e5:
            return
        known = self._gpus.get(gpu)
        if known is None:
            if len(self._gpus) < MOST_GPUS:
                self._gpus[gpu] = _Gpu(time_s, power_w)
            return
        seconds = time_s - known.time_s
        if seconds > 0:
            known.add(seconds, seconds * (known.power_w + power_w) / 2)
        known.time_s, known.power_w = time_s, power_w

    def facts(self, file: str) -> dict[str, Fact]:
        """Return `gpu_energy_wh`; nothing where no GPU has two samples."""
        for gpu in self._gpus.values():
            gpu.settle()
        known = [gpu for gpu in self._gpus.values() if gpu.usual_s is not None]
        if not known:
            return {}
        where = f"power over time, {len(known)} GPU{'s' if len(known) > 1 else ''}"
        wh = math.fsum(gpu.joules for gpu in known) / 3600
        return {"gpu_energy_wh": Fact(wh, Source(file, where), "Wh")}
