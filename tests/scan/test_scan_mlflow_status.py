"""Read from MLflow's meta.yaml how a run ended."""

import contextlib
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterall.errors import BadInput
from afterall.scan.trainers.mlflow_status import read_meta
from scan.trace_reading import chosen, file_trace, kinds

RUN = "mlruns/0/abc"


def meta(status: str, end_time: str = "1795417045000", stage: str = "active") -> bytes:
    """Return a meta.yaml as MLflow's file store writes it, its keys sorted."""
    return (
        f"artifact_uri: file:///scratch/u/{RUN}/artifacts\nend_time: {end_time}\nentry_point_name: ''\n"
        f"experiment_id: '0'\nlifecycle_stage: {stage}\nrun_id: abc\nrun_name: r8\nrun_uuid: abc\n"
        f"source_name: ''\nsource_type: 4\nsource_version: ''\nstart_time: 1795417042000\n"
        f"status: {status}\ntags: []\nuser_id: u\n"
    ).encode()


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (meta("3"), [("mlflow_finished", True)]),
        (meta("FINISHED"), [("mlflow_finished", True)]),
        (meta("4"), [("mlflow_failed", False)]),
        (meta("FAILED"), [("mlflow_failed", False)]),
        (meta("5"), [("mlflow_failed", False)]),
        (meta("KILLED"), [("mlflow_failed", False)]),
    ],
)
def test_a_status_is_evidence(data: bytes, expected: list[tuple[str, bool]]) -> None:
    """As a number or as a word; the place names both keys it rests on."""
    trace = file_trace(read_meta, data, f"{RUN}/meta.yaml")
    assert [(e.kind, e.speaks_for) for e in trace.evidence] == expected
    assert trace.evidence[0].source.where == "keys status, end_time"


@pytest.mark.parametrize(
    "data",
    [
        meta("1", "null"),
        meta("RUNNING", "null"),
        meta("2", "null"),
        meta("1"),
        meta("3", "null"),
        meta("3", "soon"),
        meta("true"),
        meta("[3]"),
        meta("99"),
        meta("3", stage="deleted"),
        meta("3").replace(b"end_time", b"ended"),
        b"status: 3\nend_time: 1795417045000\n",
    ],
)
def test_a_record_of_no_end_tells_nothing(data: bytes) -> None:
    """Runs that go on or never began, an end without its time, runs in the bin, files of others."""
    assert read_meta(io.BytesIO(data), "meta.yaml") is None


def test_a_cut_record_tells_what_the_whole_one_tells_or_nothing() -> None:
    """At whatever byte MLflow was killed while it wrote."""
    for whole in (meta("3"), meta("FAILED")):
        known = set(kinds(file_trace(read_meta, whole, "meta.yaml")))
        for end in range(1, len(whole)):
            trace = read_meta(io.BytesIO(whole[:end]), "meta.yaml")
            assert trace is None or set(kinds(trace)) <= known, end


@given(st.binary(max_size=300))
def test_any_bytes_are_refused_or_read(data: bytes) -> None:
    """Whatever stands in the file, it costs no more than itself."""
    with contextlib.suppress(BadInput):
        assert read_meta(io.BytesIO(data), "meta.yaml") is None


@pytest.mark.parametrize("data", [b"", b"a: [\n", b"\0" * (2 << 20)])
def test_what_is_no_record_is_named(data: bytes) -> None:
    """An empty file, no YAML, and one that is far too large."""
    with pytest.raises(BadInput):
        read_meta(io.BytesIO(data), "meta.yaml")


def test_the_record_of_the_run_that_logged_last_is_chosen() -> None:
    """An earlier run's end, and the experiment's own record, are none of its."""
    paths = [
        "mlruns/0/a/metrics/loss",
        "mlruns/0/a/meta.yaml",
        "mlruns/0/b/metrics/loss",
        "mlruns/0/b/meta.yaml",
        "mlruns/0/meta.yaml",
    ]
    assert chosen("mlflow", paths) == ["mlruns/0/b/metrics/loss", "mlruns/0/b/meta.yaml"]
