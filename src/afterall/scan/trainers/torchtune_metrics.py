"""Read what torchtune's DiskLogger and StdoutLogger write: `Step 11 | loss:6.46 lr:0.00065 `, or JSON lines.

Source: torchtune/training/metric_logging.py; DiskLogger writes `log_<unix time>.txt`, main also `.jsonl`.
Every pair is followed by a space, so that a line without one at its end was cut. 0.1 counts steps from 0.
The recipe of GRPO calls the mean reward `rewards`, those of PPO and GRPO the mean length `response_lengths`.
"""

import re
from collections.abc import Mapping, Sequence
from typing import IO, TypeVar

from afterall.model import Entry
from afterall.scan.traces import Origin, Trace
from afterall.scan.trainers.line_files import json_row, whole_lines
from afterall.scan.trainers.rows import Rows, step_in
from afterall.scan.trainers.trainer import TraceFiles, newest

NAME = "torchtune"
_STEP = re.compile(r"Step (\d{1,12}) \| ([^|]{3,}) $")
_PAIR = re.compile(r"([^\s:][^:]{0,80}?):(\S{1,40}) ")
_RENAMED = {"rewards": "reward", "response_lengths": "completion_length"}
_Value = TypeVar("_Value")
_NAME = re.compile(r"(?:^|/)log_\d{6,12}\.(?:txt|jsonl)$")


def parse_step(text: str) -> Mapping[str, str] | None:
    """Return the names and values of one printed step, "global_step" among them; None for any other text."""
    found = _STEP.search(text)
    if found is None:
        return None
    return _usual({**dict(_PAIR.findall(found[2] + " ")), "global_step": found[1]})


def _usual(row: Mapping[str, _Value]) -> Mapping[str, _Value]:
    return {_RENAMED.get(name, name): value for name, value in row.items()}


def _choose(entries: Sequence[Entry]) -> Sequence[Entry]:
    return newest([entry for entry in entries if _NAME.search(entry.path)])


def read_metrics(file: IO[bytes], name: str) -> Trace | None:
    """Return the trace in a metrics file of either kind."""
    rows = Rows("line {}")
    first: int | None = None
    for number, line in whole_lines(file, name):
        row = _usual(json_row(line) or {}) if line.startswith("{") else parse_step(line)
        step = None if row is None else step_in(row)
        if row is not None and step is not None:
            first = step if first is None else first
            rows.add(row if first else {**row, "global_step": step + 1}, number)
    if not len(rows):
        return None
    return Trace(trainer=NAME, origin=Origin.METRICS_FILE, file=name, curves=rows.curves)


METRICS_FILES = TraceFiles(choose=_choose, read=read_metrics)
