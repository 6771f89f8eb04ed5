"""Read what MLflow keeps as files of a run: metrics, parameters, the commit of its code, and how it ended.

Format: `mlruns/<experiment>/<run>/metrics/<name>`, names with `/` as directories, in each lines of `<unix
ms> <value> <step>`, full precision, `nan` as a word, step 0 throughout where the program gave none;
`params/<name>` and `tags/<name>` hold their value; of `meta.yaml` see `mlflow_status`. Source:
mlflow/store/tracking/file_store.py, mlflow 2.9 to 3.17.
"""

import re
from collections.abc import Sequence
from typing import IO

from afterall.model import Entry, Fact, Source
from afterall.scan.parameters.values import typed
from afterall.scan.provenance import commit_of
from afterall.scan.traces import Origin, Trace
from afterall.scan.trainers.line_files import whole_lines
from afterall.scan.trainers.metric_names import CURVES
from afterall.scan.trainers.mlflow_database import COMMIT, DATABASES, HF_TOTALS
from afterall.scan.trainers.mlflow_status import NAME, read_meta
from afterall.scan.trainers.rows import Rows, count_in
from afterall.scan.trainers.trainer import TraceFiles, Trainer, newest

_FILE = re.compile(r"(?P<run>(?:^|.*/)mlruns/[^/]+/[^/]+)/(?P<kind>metrics|params|tags)/(?P<name>.+)$")
_META = "meta.yaml"
MOST_FILES = 16
MOST_PARAMETERS = 256
_MOST_BYTES = 8192
"""MLflow cuts longer parameters."""


def read_metric(file: IO[bytes], name: str) -> Trace | None:
    """Return the curve in one metric's file, named by its path."""
    path = _FILE.match(name)
    if path is None or path["name"] not in CURVES:
        return None
    by_step, in_order = Rows("line {}"), Rows("line {}")
    has_steps = False
    for number, line in whole_lines(file, name):
        words = line.split(" ")
        step = count_in(words[2]) if len(words) == 3 else None
        if step is not None:
            by_step.add({path["name"]: words[1], "global_step": step}, number)
            in_order.add({path["name"]: words[1]}, number)
            has_steps = has_steps or step > 0
    rows = by_step if has_steps else in_order
    if not len(rows):
        return None
    return Trace(trainer=NAME, origin=Origin.METRICS_FILE, file=name, curves=rows.curves, trains=False)


def read_value(file: IO[bytes], name: str) -> Trace | None:
    """Return the parameter, or the commit of the training code, in a file named by its path."""
    path = _FILE.match(name)
    data = file.read(_MOST_BYTES + 1)
    if path is None or not data or len(data) > _MOST_BYTES:
        return None
    text = data.decode("utf-8", "replace")
    trace = Trace(trainer=NAME, origin=Origin.METRICS_FILE, file=name, trains=False)
    if path["kind"] == "params":
        trace.parameters = {path["name"]: Fact(typed(text), Source(name))}
    elif path["name"] == COMMIT:
        trace.provenance = commit_of(text, Source(name))
    return trace if trace.parameters or trace.provenance else None


def _choose_metrics(entries: Sequence[Entry]) -> Sequence[Entry]:
    """Return the metrics of the run that was written last, without HF Trainer's mean loss over the run."""
    metrics = _of_last_run(entries, "metrics")
    is_hf = not HF_TOTALS.isdisjoint(metrics)
    wanted = [e for name, e in metrics.items() if name in CURVES and not (is_hf and name == "train_loss")]
    return wanted[:MOST_FILES]


def _choose_values(entries: Sequence[Entry]) -> Sequence[Entry]:
    commit = _of_last_run(entries, "tags").get(COMMIT)
    parameters = list(_of_last_run(entries, "params").values())[:MOST_PARAMETERS]
    return parameters if commit is None else [commit, *parameters]


def _choose_meta(entries: Sequence[Entry]) -> Sequence[Entry]:
    run = _last_run(_in_runs(entries))
    return [entry for entry in entries if run is not None and entry.path == f"{run}/{_META}"]


def _of_last_run(entries: Sequence[Entry], kind: str) -> dict[str, Entry]:
    """Return by name the files of one kind of the run whose metrics were written last."""
    found = _in_runs(entries)
    run = _last_run(found)
    return {path["name"]: entry for path, entry in found if path["run"] == run and path["kind"] == kind}


def _in_runs(entries: Sequence[Entry]) -> list[tuple[re.Match[str], Entry]]:
    """Return the files of all runs, each with what its path tells."""
    return [(path, entry) for entry in entries if (path := _FILE.match(entry.path))]


def _last_run(found: Sequence[tuple[re.Match[str], Entry]]) -> str | None:
    """Return the directory of the run whose metrics were written last."""
    last = newest([entry for path, entry in found if path["kind"] == "metrics"])
    return next((path["run"] for path, entry in found if last and entry is last[0]), None)


MLFLOW = Trainer(
    name=NAME,
    files=(
        TraceFiles(choose=_choose_metrics, read=read_metric),
        TraceFiles(choose=_choose_values, read=read_value, may_be_empty=True),
        TraceFiles(choose=_choose_meta, read=read_meta),
        DATABASES,
    ),
)
