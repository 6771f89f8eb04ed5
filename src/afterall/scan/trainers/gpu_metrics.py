"""Read what nvidia-smi sampled into a CSV file while a run went on: utilisation, power and memory.

Format: `nvidia-smi --query-gpu=timestamp,utilization.gpu,…,power.draw,… --format=csv -l 30`: a header of
names with units in brackets, values with theirs unless `nounits` was asked for, `[N/A]`, `[Not Supported]`
or an error where there is no value; a row for each GPU, one after the other, which `index` tells where it
was asked for. Without a header only the columns that cruijff_kit asks for are known. Source: nvidia-smi
--help-query-gpu.

Invariant: a column that no header or unit names is never taken for another; energy is only told where rows
have times, and a pause in sampling adds none.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from typing import IO

from msgspec import Struct

from afterall.model import Entry
from afterall.scan.traces import Origin, Trace
from afterall.scan.trainers.gpu_energy import GpuEnergy, parse_time
from afterall.scan.trainers.gpu_samples import GpuSamples
from afterall.scan.trainers.line_files import whole_lines
from afterall.scan.trainers.rows import number_in
from afterall.scan.trainers.sampling_rounds import gpus_in_rounds
from afterall.scan.trainers.trainer import TraceFiles, Trainer

NAME = "gpu_metrics"
_FILE = re.compile(r"(?i)^(?:gpu|nvidia[_-]?smi)[\w-]{0,60}\.csv$")
_COLUMNS = {
    "timestamp": "timestamp",
    "index": "index",
    "utilization.gpu": "utilization",
    "memory.used": "memory",
    "power.draw": "power",
    "power.draw.average": "power",
    "power.draw.instant": "power",
}
_UNNAMED = ("timestamp", "utilization", "", "memory", "", "power", "")
"""cruijff_kit's columns."""
_UNNAMED_VALUES = re.compile(
    r"[\d/]{10} [\d:.]{8,15}, \d{1,3} %, (?:\d{1,3} %|\[N/A\]), \d{1,9} MiB, \d{1,9} MiB, "
    r"(?:[\d.]{1,9} W|\[[^\]]{1,30}\]), \d{1,4}"
)
_VALUE = re.compile(r"([\d.]{1,20})(?: (%|MiB|W))?$")
_MIB_A_GIB = 1024
ROUND_ROWS = 256
"""Rows by which it is told how many GPUs take turns."""
MOST_CELLS = 100


class _Sample(Struct, frozen=True):
    """One row: seconds since an epoch of its own (None without a time), the GPU where it is told, values."""

    time_s: float | None
    gpu: int | None
    utilization: float | None
    power_w: float | None
    memory_gib: float | None


def read_gpu_metrics(file: IO[bytes], name: str) -> Trace | None:
    """Return what was sampled; None where the file is no output of nvidia-smi."""
    samples, energy = GpuSamples(), GpuEnergy()
    for gpu, sample in _with_gpus(_rows(file, name)):
        samples.add(gpu, sample.utilization, sample.power_w, sample.memory_gib)
        energy.add(gpu, sample.time_s, sample.power_w)
    facts = {**samples.facts(name), **energy.facts(name)}
    if not facts:
        return None
    return Trace(trainer=NAME, origin=Origin.METRICS_FILE, file=name, facts=facts, trains=False)


def _with_gpus(rows: Iterator[_Sample]) -> Iterator[tuple[int, _Sample]]:
    """Yield each row with its GPU, by turns where no column tells it."""
    first = list(islice(rows, ROUND_ROWS))
    gpus = gpus_in_rounds([row.time_s for row in first])
    for turn, row in enumerate(chain(first, rows)):
        yield (turn % gpus if row.gpu is None else row.gpu), row


def _rows(file: IO[bytes], name: str) -> Iterator[_Sample]:
    columns: Sequence[str] = ()
    for _, line in whole_lines(file, name):
        cells = _cells(line)
        header = _header(cells)
        if header:
            columns = header
        elif not columns and _UNNAMED_VALUES.fullmatch(line.strip()):
            columns = _UNNAMED
        elif not columns:
            return
        if not header and len(cells) == len(columns):
            yield _sample(dict(zip(columns, cells, strict=True)))


def _header(cells: Sequence[str]) -> Sequence[str]:
    """Return the columns that a header names, "" for those of no use; empty for any other line."""
    names = [cell.partition("[")[0].strip() for cell in cells]
    known = [_COLUMNS.get(name, "") for name in names]
    if not {"utilization", "power", "memory"} & set(known):
        return ()
    return [column if known.index(column) == at else "" for at, column in enumerate(known)]


def _sample(cells: dict[str, str]) -> _Sample:
    memory = _number(cells.get("memory", ""), "MiB")
    index = cells.get("index", "")
    return _Sample(
        parse_time(cells.get("timestamp", "")),
        int(index) if index.isdecimal() and len(index) < 5 else None,
        _number(cells.get("utilization", ""), "%"),
        _number(cells.get("power", ""), "W"),
        None if memory is None else memory / _MIB_A_GIB,
    )


def _number(cell: str, unit: str) -> float | None:
    found = _VALUE.match(cell)
    return number_in(found[1]) if found is not None and found[2] in (None, unit) else None


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.split(",", MOST_CELLS)]


def _choose(entries: Sequence[Entry]) -> Sequence[Entry]:
    """Return the run's own file: copies lie deeper, in its checkpoints."""
    found = [entry for entry in entries if _FILE.match(entry.name)]
    return sorted(found, key=lambda entry: (entry.path.count("/"), -entry.mtime_ns, entry.path))[:1]


GPU_METRICS_FILE = Trainer(name=NAME, files=(TraceFiles(choose=_choose, read=read_gpu_metrics),))
