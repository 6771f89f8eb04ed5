"""Read MLflow's file store and its SQLite database."""

import io
import math
import sqlite3
from pathlib import Path

import pytest

from afterall.errors import BadInput
from afterall.scan.trainers.mlflow import read_metric, read_value
from afterall.scan.trainers.mlflow_database import read_database
from scan.run_making import FIXTURES, fixture
from scan.trace_reading import chosen, file_trace, kinds, lasts, rows, values

RUN = "mlruns/0/abc"
COMMIT = "0123456789abcdef0123456789abcdef01234567"


def test_metrics_are_read() -> None:
    """Each metric is a file of times, values and steps; NaN is a word."""
    data = b"1795417042000 2.5 1\n1795417043000 nan 2\n1795417044000 1.5 3\n"
    trace = file_trace(read_metric, data, f"{RUN}/metrics/train/loss")
    assert rows(trace, "loss")[2].value == 1.5
    assert math.isnan(rows(trace, "loss")[1].value)


def test_values_logged_without_a_step_have_none() -> None:
    """Where a program gave no step, MLflow writes 0 throughout: the values stand in their order."""
    trace = file_trace(read_metric, b"1 2.5 0\n2 2.0 0\n3 1.5 0\n", f"{RUN}/metrics/loss")
    assert [(row.step, row.value) for row in rows(trace, "loss")] == [(-1, 2.5), (-1, 2.0), (-1, 1.5)]


def test_parameters_and_the_commit_are_read() -> None:
    """Parameters are typed; of the tags only the training code's commit is of use."""
    rank = file_trace(read_value, b"8", f"{RUN}/params/lora/rank")
    assert {name: fact.value for name, fact in rank.parameters.items()} == {"lora/rank": 8}
    tag = file_trace(read_value, COMMIT.encode(), f"{RUN}/tags/mlflow.source.git.commit")
    assert tag.provenance["git_commit"].value == COMMIT
    assert read_value(io.BytesIO(b"root"), f"{RUN}/tags/mlflow.user") is None
    assert read_value(io.BytesIO(b""), f"{RUN}/params/x") is None


def test_files_of_the_run_that_logged_last_are_chosen() -> None:
    """Of two runs only the later's metrics, parameters and commit are read."""
    found = chosen(
        "mlflow",
        [
            "mlruns/0/a/params/lr",
            "mlruns/0/a/metrics/loss",
            "mlruns/0/b/params/lr",
            "mlruns/0/b/tags/mlflow.source.git.commit",
            "mlruns/0/b/tags/mlflow.user",
            "mlruns/0/b/metrics/loss",
            "mlruns/0/b/metrics/other",
        ],
    )
    assert found == [
        "mlruns/0/b/metrics/loss",
        "mlruns/0/b/tags/mlflow.source.git.commit",
        "mlruns/0/b/params/lr",
    ]


def test_hf_trainers_mean_loss_is_no_loss_of_a_step() -> None:
    """Beside a runtime `train_loss` is the mean over the run."""
    paths = [f"{RUN}/metrics/{name}" for name in ("loss", "train_loss", "train_runtime")]
    assert f"{RUN}/metrics/train_loss" not in chosen("mlflow", paths)
    assert f"{RUN}/metrics/train_loss" in chosen("mlflow", paths[:2])


def test_the_database_of_one_run_is_read() -> None:
    """Metrics by step, parameters typed, as a file of MLflow 3.17 has them."""
    trace = file_trace(read_database, fixture("mlflow/mlflow-3.17.db"), "r/mlflow.db")
    loss = values(trace, "loss")
    assert list(loss) == list(range(1, 21))
    assert loss[20] == 3 * math.exp(-0.01 * 20 * 100)
    assert list(values(trace, "val_loss")) == [10, 20]
    assert {name: fact.value for name, fact in trace.parameters.items()} == {"lr": 0.01, "lora_rank": 8}
    assert trace.curves["loss"].where(rows(trace, "loss")[0]).startswith("table metrics, row ")


def edited(tmp_path: Path, *statements: str) -> bytes:
    """Return the database after statements."""
    path = tmp_path / "edited.db"
    path.write_bytes((FIXTURES / "mlflow/mlflow-3.17.db").read_bytes())
    base = sqlite3.connect(path, isolation_level=None)
    for statement in statements:
        base.execute(statement)
    base.close()
    return path.read_bytes()


def with_a_log(data: bytes) -> bytes:
    """Return a database whose header asks for a write-ahead log."""
    return data[:18] + b"\2\2" + data[20:]


AGAIN = (
    "INSERT INTO runs SELECT 'b', name, source_type, source_name, entry_point_name, user_id, 'FINISHED', "
    "start_time + 9, end_time + 9, source_version, lifecycle_stage, artifact_uri, experiment_id, NULL "
    "FROM runs"
)
LOGGED = "INSERT INTO metrics VALUES ('train/loss', 0.25, 1, 'b', 1, 0)"


def test_of_several_runs_none_is_taken_for_the_experiments(tmp_path: Path) -> None:
    """A database shared by runs does not tell which one is this experiment's."""
    assert read_database(io.BytesIO(edited(tmp_path, AGAIN, LOGGED)), "mlflow.db") is None


def test_a_run_once_more_after_failures_counts(tmp_path: Path) -> None:
    """Where each earlier run failed, the last started is the same once more."""
    data = edited(tmp_path, "UPDATE runs SET status = 'FAILED'", AGAIN, LOGGED)
    assert values(file_trace(read_database, data, "mlflow.db"), "loss") == {1: 0.25}


def test_nan_and_infinity_are_kept(tmp_path: Path) -> None:
    """NaN has a column of its own; infinity is the largest float."""
    data = edited(
        tmp_path,
        "UPDATE metrics SET value = 0, is_nan = 1 WHERE step = 19",
        "UPDATE metrics SET value = 1.7976931348623157e308 WHERE step = 20 AND key = 'train/loss'",
    )
    trace = file_trace(read_database, data, "mlflow.db")
    assert math.isnan(values(trace, "loss")[19])
    assert lasts(trace)["loss"] == math.inf


def test_write_ahead_logging_is_no_obstacle(tmp_path: Path) -> None:
    """A database that was written with a log beside it is read as far as the file itself goes."""
    data = with_a_log(fixture("mlflow/mlflow-3.17.db"))
    assert lasts(file_trace(read_database, data, "mlflow.db"))["loss"] > 0


@pytest.mark.parametrize(
    "statements",
    [
        (
            "DROP TABLE metrics",
            "CREATE VIEW metrics AS SELECT 'loss' key, 1.0 value, 1 timestamp, '' run_uuid",
        ),
        ("DROP TABLE params",),
        (
            "PRAGMA writable_schema = ON",
            "UPDATE sqlite_master SET sql = 'CREATE TABLE runs(x)' WHERE name='runs'",
        ),
    ],
)
def test_tables_that_are_none_are_refused(tmp_path: Path, statements: tuple[str, ...]) -> None:
    """A view may run for ever; a database with other tables is not MLflow's."""
    with pytest.raises(BadInput):
        read_database(io.BytesIO(edited(tmp_path, *statements)), "mlflow.db")


def test_a_query_without_end_is_stopped(tmp_path: Path) -> None:
    """A column that is computed for ever costs a bounded time."""
    slow = "hex(zeroblob(50000000)) || hex(zeroblob(50000000))"
    data = edited(
        tmp_path,
        "DROP TABLE tags",
        "DROP TABLE params",
        "CREATE TABLE tags (key, value, run_uuid)",
        f"CREATE TABLE params (key, run_uuid, value GENERATED ALWAYS AS ({slow}) VIRTUAL)",
        "INSERT INTO params (key, run_uuid) SELECT 'a', run_uuid FROM runs",
    )
    with pytest.raises(BadInput):
        read_database(io.BytesIO(data), "mlflow.db")


@pytest.mark.parametrize("end", [0, 50, 1024, 20_000])
def test_a_database_that_was_cut_is_refused(end: int) -> None:
    """Its header tells how many pages it has."""
    with pytest.raises(BadInput):
        read_database(io.BytesIO(fixture("mlflow/mlflow-3.17.db")[:end]), "mlflow.db")


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("SELECT 1", ["mlflow_finished"]),
        ("UPDATE runs SET status = 'FAILED'", ["mlflow_failed"]),
        ("UPDATE runs SET status = 'KILLED'", ["mlflow_failed"]),
        ("UPDATE runs SET status = 'RUNNING', end_time = NULL", []),
        ("UPDATE runs SET status = 'RUNNING'", []),
        ("UPDATE runs SET status = 'SCHEDULED', end_time = NULL", []),
        ("UPDATE runs SET end_time = NULL", []),
        ("UPDATE runs SET end_time = 'soon'", []),
    ],
)
def test_the_database_tells_how_its_run_ended(tmp_path: Path, statement: str, expected: list[str]) -> None:
    """A status counts with the time of its end; a run that goes on tells nothing."""
    trace = file_trace(read_database, edited(tmp_path, statement), "mlflow.db")
    assert kinds(trace) == expected
    assert [e.source.where for e in trace.evidence] == ["table runs, columns status, end_time"] * len(
        expected
    )
