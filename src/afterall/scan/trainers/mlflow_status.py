"""Read from MLflow's record of a run how it ended.

Format: `mlruns/<experiment>/<run>/meta.yaml` has `status` as a number, 1 RUNNING, 2 SCHEDULED, 3 FINISHED, 4
FAILED, 5 KILLED, in other stores its name, and `end_time` in ms, null until an end was recorded. FAILED is
written where `with start_run()` was left by an exception; FINISHED where it was left otherwise, and at the
interpreter's exit for a run still open, whatever the reason. Source: mlflow/entities/run_status.py,
mlflow/tracking/fluent.py, mlflow 1.0 to 3.17.

Invariant: an end counts only with its time. RUNNING tells nothing: a program that a signal ended leaves it,
but so does one that never ends its runs, as trainers in Ray's actors do.
"""

from collections.abc import Mapping
from typing import IO

from afterall.errors import BadInput
from afterall.model import Evidence, Fact, Source
from afterall.scan.parameters.yaml_text import parse_yaml
from afterall.scan.traces import Origin, Trace
from afterall.scan.trainers.line_files import read_bounded

NAME = "mlflow"
_ENDS = {"FINISHED": ("mlflow_finished", True), "FAILED": ("mlflow_failed", False)}
_ENDS["KILLED"] = _ENDS["FAILED"]
_BY_NUMBER: Mapping[object, str] = {3: "FINISHED", 4: "FAILED", 5: "KILLED"}
_MOST_BYTES = 1 << 20


def read_meta(file: IO[bytes], name: str) -> Trace | None:
    """Return how the run ended whose meta.yaml this is; None where that does not tell.

    Raises BadInput for a file that is empty, too large, or no YAML.
    """
    data = read_bounded(file, name, _MOST_BYTES)
    # A last line without its end may be half of a number.
    config = parse_yaml(data.decode("utf-8", "replace").rpartition("\n")[0], name)
    if config.problem is not None or not data:
        raise BadInput(name, config.problem or "is empty")
    values = config.values
    if _value(values, "lifecycle_stage") == "deleted" or "run_id" not in values.keys() | {"run_uuid"}:
        return None
    source = Source(name, "keys status, end_time")
    evidence = end_of(_value(values, "status"), _value(values, "end_time"), source)
    if not evidence:
        return None
    return Trace(trainer=NAME, origin=Origin.SUMMARY, file=name, evidence=evidence, trains=False)


def end_of(status: object, end_ms: object, source: Source) -> tuple[Evidence, ...]:
    """Return what a run's status, a number or its name, says of its end; empty where it says nothing."""
    word = status if isinstance(status, str) else _BY_NUMBER.get(status)
    has_ended = isinstance(end_ms, int) and not isinstance(end_ms, bool) and end_ms > 0
    if word not in _ENDS or not has_ended:
        return ()
    kind, speaks_for = _ENDS[word]
    return (Evidence(kind, speaks_for, source),)


def _value(values: Mapping[str, Fact], key: str) -> object:
    return values[key].value if key in values else None
