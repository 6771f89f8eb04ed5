"""Read the run in MLflow's SQLite database: metrics, parameters, the commit of its code, and how it ended.

Format: tables runs, metrics, params and tags by `run_uuid`; NaN is `is_nan`, an infinity the largest float,
step 0 throughout where the program gave none. Source: mlflow/store/tracking/dbmodels/models.py, mlflow 2.9
to 3.17.

Invariant: of several runs the last started is taken only where each before it failed or was killed, so that
it is the same run once more; else nothing. The database is read from memory, never opened as a file; tables
that are none, and queries without end, are refused.
"""

import itertools
import math
import sqlite3
import sys
from collections.abc import Sequence
from contextlib import closing
from typing import IO

from afterall.errors import BadInput
from afterall.model import Entry, Fact, Source
from afterall.scan.parameters.values import typed
from afterall.scan.provenance import commit_of
from afterall.scan.traces import Origin, Trace
from afterall.scan.trainers.line_files import read_bounded
from afterall.scan.trainers.mlflow_status import NAME, end_of
from afterall.scan.trainers.rows import Rows
from afterall.scan.trainers.trainer import TraceFiles, newest

COMMIT = "mlflow.source.git.commit"
HF_TOTALS = frozenset({"train_runtime", "total_flos"})
"""Beside these `train_loss` is HF Trainer's mean over the run."""
MOST_BYTES = 32 << 20
MOST_PARAMETERS = 2000
LONGEST_VALUE = 1 << 20
_MAGIC = b"SQLite format 3\0"
_NAMES = frozenset({"mlflow.db", "mlruns.db"})
_TABLES = frozenset({"runs", "metrics", "params", "tags"})
_OVER = ("FAILED", "KILLED")
_STEPS = 1000
_MOST_STEPS = 200_000
"""Thousands of instructions of SQLite's machine that all queries may take."""


def read_database(file: IO[bytes], name: str) -> Trace | None:
    """Return what the database says of its run; None where it has none, or more that have ended."""
    data = _whole(file, name)
    try:
        with closing(sqlite3.connect(":memory:")) as base:
            _open(base, data)
            run = _run_in(base)
            return None if run is None else _trace(base, run, name)
    except (sqlite3.Error, OverflowError, ValueError, AttributeError) as error:
        raise BadInput(name, f"is no database that SQLite reads: {error}"[:200]) from error


def _whole(file: IO[bytes], name: str) -> bytes:
    """Return a database's bytes; raise BadInput where it is none, cut, or too large."""
    data = read_bounded(file, name, MOST_BYTES)
    if not data.startswith(_MAGIC) or len(data) < 100:
        raise BadInput(name, "is empty" if not data else "is no SQLite database")
    page = int.from_bytes(data[16:18], "big")
    pages = int.from_bytes(data[28:32], "big")
    if len(data) < (65536 if page == 1 else page) * pages:
        raise BadInput(name, "is cut short")
    # Bytes 18 and 19 ask for a write-ahead log, which a database in memory cannot have.
    return data[:18] + b"\1\1" + data[20:]


def _open(base: sqlite3.Connection, data: bytes) -> None:
    ticks = itertools.count()
    base.set_progress_handler(lambda: next(ticks) > _MOST_STEPS, _STEPS)
    base.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LONGEST_VALUE)
    base.text_factory = lambda text: text.decode("utf-8", "replace")
    base.deserialize(data)
    for setting in ("trusted_schema = OFF", "cell_size_check = ON", "query_only = ON"):
        base.execute(f"PRAGMA {setting}")
    known = base.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table' LIMIT 500").fetchall()
    plain = {name for name, sql in known if str(sql).upper().startswith("CREATE TABLE")}
    if not plain >= _TABLES:
        raise sqlite3.DatabaseError("it has not MLflow's tables")


def _run_in(base: sqlite3.Connection) -> str | None:
    runs = base.execute(
        "SELECT run_uuid, status FROM runs WHERE lifecycle_stage = 'active' "
        "ORDER BY start_time DESC LIMIT 100"
    ).fetchall()
    if not runs or any(status not in _OVER for _, status in runs[1:]):
        return None
    return str(runs[0][0])


def _trace(base: sqlite3.Connection, run: str, name: str) -> Trace | None:
    trace = Trace(
        trainer=NAME, origin=Origin.METRICS_FILE, file=name, curves=_curves(base, run).curves, trains=False
    )
    params = base.execute("SELECT key, value FROM params WHERE run_uuid = ? LIMIT ?", (run, MOST_PARAMETERS))
    trace.parameters = {
        str(key): Fact(typed(str(value)), Source(name, f"table params, key {key}")) for key, value in params
    }
    tags = base.execute("SELECT value FROM tags WHERE run_uuid = ? AND key = ? LIMIT 1", (run, COMMIT))
    for (commit,) in tags:
        trace.provenance = commit_of(commit, Source(name, f"table tags, key {COMMIT}"))
    ends = base.execute("SELECT status, end_time FROM runs WHERE run_uuid = ? LIMIT 1", (run,))
    for status, end_ms in ends:
        trace.evidence = end_of(status, end_ms, Source(name, "table runs, columns status, end_time"))
    return trace if trace.curves or trace.parameters or trace.provenance or trace.evidence else None


def _curves(base: sqlite3.Connection, run: str) -> Rows:
    keys = {key for (key,) in base.execute("SELECT DISTINCT key FROM metrics WHERE run_uuid = ?", (run,))}
    (last,) = base.execute("SELECT max(step) FROM metrics WHERE run_uuid = ?", (run,)).fetchone()
    has_steps = isinstance(last, int) and last > 0
    logged = base.execute(
        "SELECT rowid, step, key, value, is_nan FROM metrics WHERE run_uuid = ? "
        "ORDER BY step, timestamp, rowid",
        (run,),
    )
    rows = Rows("table metrics, row {}")
    for row, step, key, value, is_nan in logged:
        if isinstance(step, int) and step >= 0:
            told: dict[str, object] = {_renamed(str(key), keys): _number(value, is_nan)}
            told |= {"global_step": step} if has_steps else {}
            rows.add({**told, "train_samples_per_second": None}, int(row))
    rows.curves.pop("epoch", None)
    return rows


def _renamed(key: str, keys: set[object]) -> str:
    return "train/train_loss" if key == "train_loss" and not HF_TOTALS.isdisjoint(map(str, keys)) else key


def _number(value: object, is_nan: object) -> object:
    if is_nan:
        return math.nan
    if isinstance(value, float) and abs(value) == sys.float_info.max:
        return math.copysign(math.inf, value)
    return value


def _choose(entries: Sequence[Entry]) -> Sequence[Entry]:
    return newest([entry for entry in entries if entry.name in _NAMES])


DATABASES = TraceFiles(choose=_choose, read=read_database)
