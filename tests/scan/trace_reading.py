"""Read traces from bytes in tests, and list every number that they tell."""

import io
import math
from collections.abc import Callable, Iterable, Iterator
from typing import IO

from afterall.scan.logs.reading import LogPart, read_log
from afterall.scan.readings import Readings
from afterall.scan.traces import Trace
from afterall.scan.trainers import TRAINERS, make_readers
from scan.run_making import entry

NAME = "run/job.out"


def parts_of(data: bytes) -> tuple[LogPart, ...]:
    """Return the parts of a log, read by all readers of the registry."""
    return read_log(io.BytesIO(data), NAME, make_readers)


def last_part(data: bytes) -> LogPart:
    """Return the part that counts."""
    return parts_of(data)[-1]


def trace_by(trainer: str, data: bytes) -> Trace:
    """Return the trace of one trainer in a log's last part; it has to be there, once."""
    found = [trace for trace in last_part(data).traces if trace.trainer == trainer]
    assert len(found) == 1, [trace.trainer for trace in last_part(data).traces]
    return found[0]


def file_trace(read: Callable[[IO[bytes], str], Trace | None], data: bytes, name: str) -> Trace:
    """Return the trace that a file's reader finds; there has to be one."""
    trace = read(io.BytesIO(data), name)
    assert trace is not None
    return trace


def rows(trace: Trace, key: str) -> Readings:
    """Return one curve of a trace in order of its steps."""
    return trace.curves[key].readings(trace.steps_per_epoch)


def values(trace: Trace, key: str) -> dict[int, float]:
    """Return one curve of a trace by step."""
    return {row.step: row.value for row in rows(trace, key)}


def lasts(trace: Trace) -> dict[str, float]:
    """Return the last value of each of a trace's curves."""
    return {key: rows(trace, key)[-1].value for key in trace.curves}


def facts(trace: Trace) -> dict[str, object]:
    """Return the values of a trace's facts."""
    return {name: fact.value for name, fact in trace.facts.items()}


def kinds(trace: Trace) -> list[str]:
    """Return the kinds of a trace's evidence."""
    return [evidence.kind for evidence in trace.evidence]


def chosen(trainer: str, paths: list[str], *, transcripts: bool = False) -> list[str]:
    """Return what a trainer's files, or its transcripts, choose of paths, the later written later."""
    entries = sorted((entry(path, mtime_s=1000 + at) for at, path in enumerate(paths)), key=lambda e: e.path)
    row = next(row for row in TRAINERS if row.name == trainer)
    choices = row.transcripts if transcripts else [files.choose for files in row.files]
    return [e.path for choose in choices for e in choose(entries)]


def numbers(traces: Iterable[Trace]) -> Iterator[tuple[str, str, str]]:
    """Yield trainer, curve and value of every logged number, NaN as text so that it equals itself."""
    for trace in traces:
        for key, curve in trace.curves.items():
            for row in curve.readings(trace.steps_per_epoch):
                yield trace.trainer, key, "nan" if math.isnan(row.value) else repr(row.value)
