"""Read the metrics that MLflow keeps as files.

Format: `mlruns/<experiment>/<run>/metrics/<name>`, names with `/` as directories, in each lines of
`<unix ms> <value> <step>`, full precision, `nan` as a word. Source: mlflow/store/tracking/file_store.py.
"""

import re
from collections.abc import Sequence
from typing import IO

from afterall.model import Entry
from afterall.scan.traces import Origin, Trace
from afterall.scan.trainers.line_files import whole_lines
from afterall.scan.trainers.metric_names import CURVES
from afterall.scan.trainers.rows import Rows, number_in
from afterall.scan.trainers.trainer import TraceFiles, Trainer, newest

NAME = "mlflow"
_FILE = re.compile(r"(?P<run>(?:^|.*/)mlruns/[^/]+/[^/]+)/metrics/(?P<name>.+)$")
MOST_FILES = 16


def read_metric(file: IO[bytes], name: str) -> Trace | None:
    """Return the curve in one metric's file, named by its path."""
    path = _FILE.match(name)
    if path is None or path["name"] not in CURVES:
        return None
    rows = Rows("line {}")
    for number, line in whole_lines(file):
        words = line.split(" ")
        step = number_in(words[2]) if len(words) == 3 else None
        if step is not None and 0 <= step < 1e15:
            rows.add({path["name"]: words[1], "global_step": int(step)}, number)
    if not len(rows):
        return None
    return Trace(trainer=NAME, origin=Origin.METRICS_FILE, file=name, curves=rows.curves, trains=False)


def _choose(entries: Sequence[Entry]) -> Sequence[Entry]:
    """Return the metrics of the run that was written last."""
    found = [(path["run"], entry) for entry in entries if (path := _FILE.match(entry.path))]
    last = newest([entry for _, entry in found])
    run = next((run for run, entry in found if last and entry is last[0]), None)
    wanted = [e for r, e in found if r == run and e.path[len(r) + len("/metrics/") :] in CURVES]
    return wanted[:MOST_FILES]


MLFLOW = Trainer(name=NAME, files=(TraceFiles(choose=_choose, read=read_metric),))
