"""Read evaluation logs: inspect-ai's zips of both compressions, damaged ones, and the harness's results."""

import io
import json
import struct
import zipfile
import zlib
from datetime import UTC, datetime
from pathlib import Path

import pytest
from backports.zstd import ZstdCompressor
from hypothesis import given
from hypothesis import strategies as st

from afterall.errors import BadInput
from afterall.model import (
    Checkpoint,
    CheckpointKind,
    Evaluation,
    EvaluationStatus,
    FindingCode,
    Source,
    Verdict,
)
from afterall.scan.checkpoints import Examination
from afterall.scan.evaluations import read_evaluations
from afterall.scan.evaluations.archive import Archive
from afterall.scan.evaluations.harness import read_harness_results
from afterall.scan.evaluations.held_out import read_held_out
from afterall.scan.evaluations.inspect_ai import read_inspect_log
from afterall.scan.evaluations.places import at_their_checkpoints
from afterall.scan.evaluations.targets import checkpoint_of
from afterall.scan.experiment import scan_experiment
from scan.checkpoint_making import adapter_arrays, safetensors_bytes
from scan.run_making import experiment, fixture, lay_down

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=8,
)
HEADER = {"status": "success", "eval": {"task": "t", "model": "m"}}


def read(data: bytes, name: str = "eval/x.eval") -> Evaluation:
    """Return what an inspect log in memory says."""
    (found,) = read_inspect_log(io.BytesIO(data), name)
    return found


def zipped(*members: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return a zip archive of these members, in their order, repeated names included."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive, pytest.MonkeyPatch.context() as patch:
        patch.setattr("warnings.warn", lambda *_, **__: None)  # zipfile warns of names that repeat
        for name, data in members:
            archive.writestr(name, data)
    return buffer.getvalue()


def saved(name: str, path: str) -> Checkpoint:
    """Return a checkpoint of this name at this path."""
    kind, verdict = CheckpointKind.FULL, Verdict.OK
    return Checkpoint(
        name=name, path=path, layout="huggingface", kind=kind, verdict=verdict, tier=None, size_bytes=1
    )


def of_model(path: str, log: str) -> Evaluation:
    """Return an evaluation of the model at this path, with its log at another."""
    return Evaluation(task="t", status=EvaluationStatus.SUCCESS, source=Source(log), model=path)


def as_json(value: object) -> bytes:
    """Return the JSON of a value, encoded."""
    return json.dumps(value).encode()


def test_a_zstd_log_is_read() -> None:
    """The default since 0.3.206: status, all scorers, samples, time and the checkpoint."""
    found = read(fixture("inspect/zstd.eval"), "1B_rank4/eval/capitalization_ep2/logs/x.eval")
    assert (found.task, found.status, found.checkpoint) == (
        "capitalization",
        EvaluationStatus.SUCCESS,
        "epoch_2",
    )
    assert found.metrics == {
        "match/accuracy": 0.65,
        "match/stderr": 0.10942433098048311,
        "includes/accuracy": 0.65,
        "includes/stderr": 0.10942433098048311,
    }
    assert (found.samples, found.total_samples) == (20, 20)
    assert found.created == datetime(2026, 11, 23, 7, 17, 55, tzinfo=UTC)
    assert found.source.where == "header.json"


def test_a_deflated_log_is_read() -> None:
    """Older logs tell the same; here the epoch stands in the metadata."""
    found = read(fixture("inspect/deflate.eval"))
    assert (found.status, found.checkpoint, found.samples) == (EvaluationStatus.SUCCESS, "epoch_0", 10)
    assert found.metrics["match/accuracy"] == 0.5


def test_a_failed_evaluation_tells_its_error() -> None:
    """Without results there are no scores, and the error's first line is kept."""
    found = read(fixture("inspect/error.eval"))
    assert (found.status, found.metrics, found.samples, found.total_samples) == (
        EvaluationStatus.ERROR,
        {},
        None,
        20,
    )
    assert found.error.startswith("ConnectionError(MaxRetryError(")
    assert "\n" not in found.error


def test_a_failed_evaluation_tells_no_secret() -> None:
    """An error may quote the request that was refused, and a model's label its key."""
    error = {"message": "401 for https://x/?access_token=abc123def\nAuthorization: Bearer 0a1b2c3d4e"}
    told = {"status": "error", "eval": {"task": "t", "model": "api/m?api_key=abc123def"}, "error": error}
    found = read(zipped(("header.json", as_json(told))))
    assert found.error == "401 for https://x/?access_token=***"
    assert found.model == "api/m?api_key=***"


def test_a_crashed_evaluation_has_only_begun() -> None:
    """Without header.json the journal tells what was started."""
    start = as_json(
        {
            "eval": {
                "task": "t",
                "model": "m",
                "dataset": {"samples": 7},
                "created": "2026-11-23T07:00:00+00:00",
            }
        }
    )
    found = read(zipped(("_journal/start.json", start), ("samples/1_epoch_1.json", b"{}")))
    assert (found.status, found.samples, found.total_samples, found.source.where) == (
        EvaluationStatus.STARTED,
        1,
        7,
        "_journal/start.json",
    )


@pytest.mark.parametrize(
    ("told", "planned"),
    [
        ({"dataset": {"samples": 7}, "config": {"epochs": 3}}, 21),
        ({"dataset": {"samples": 7}, "config": {"limit": 5}}, 5),
        ({"dataset": {"samples": 7, "sample_ids": [1, 2]}, "config": {"limit": [0, 2], "epochs": 2}}, 4),
        ({"dataset": {"samples": "7"}}, None),
        ({"dataset": None, "config": 3}, None),
    ],
)
def test_a_crashed_evaluation_tells_how_many_samples_were_planned(
    told: dict[str, object], planned: int | None
) -> None:
    """Those of the data set as far as a limit allows, once in each epoch."""
    found = read(zipped(("_journal/start.json", as_json({"eval": {"task": "t", **told}}))))
    assert (found.samples, found.total_samples) == (0, planned)


def test_of_headers_the_last_counts() -> None:
    """inspect-ai edits a header by appending another of its name."""
    data = zipped(("header.json", as_json({**HEADER, "status": "error"})), ("header.json", as_json(HEADER)))
    assert read(data).status is EvaluationStatus.SUCCESS


def test_scorers_that_reduce_twice_keep_both_values() -> None:
    """The second value of one scorer and metric gets its reducer's name."""
    scores = [
        {"name": "match", "reducer": "mean", "metrics": {"accuracy": {"value": 0.5}}},
        {"name": "match", "reducer": "max", "metrics": {"accuracy": {"value": 0.9}, "bad": {"value": "x"}}},
    ]
    found = read(zipped(("header.json", as_json({**HEADER, "results": {"scores": scores}}))))
    assert found.metrics == {"match/accuracy": 0.5, "match/max/accuracy": 0.9}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"PK",
        b"x" * 5000,
        zipped(("other.json", b"{}")),
        zipped(("header.json", b"[]")),
        zipped(("header.json", b"{")),
    ],
)
def test_what_is_no_evaluation_is_refused(data: bytes) -> None:
    """Other files, other zips and broken headers are BadInput, naming the file."""
    with pytest.raises(BadInput, match=r"^eval/x\.eval: "):
        read(data)


@pytest.mark.parametrize("kept", [0.1, 0.5, 0.9, 0.999])
@pytest.mark.parametrize("name", ["inspect/zstd.eval", "inspect/deflate.eval"])
def test_a_cut_log_is_refused(name: str, kept: float) -> None:
    """A zip without its end is damaged: its directory was never written."""
    data = fixture(name)
    with pytest.raises(BadInput):
        read(data[: int(len(data) * kept)])


def test_a_bomb_is_refused_before_it_grows(monkeypatch: pytest.MonkeyPatch) -> None:
    """A member that unpacks beyond the limit is refused, deflated or zstd."""
    monkeypatch.setattr("afterall.scan.evaluations.inspect_ai.HEADER_BYTES", 1 << 20)
    with pytest.raises(BadInput, match="larger than 1 MiB"):
        read(zipped(("header.json", b" " * (50 << 20))))
    with pytest.raises(BadInput, match="larger than 1 MiB"):
        read(_zstd_zip("header.json", b" " * (50 << 20)))


def test_frames_of_zstd_are_joined() -> None:
    """A member may be several frames one after the other."""
    halves = as_json(HEADER)[:10], as_json(HEADER)[10:]
    assert read(_zstd_zip("header.json", *halves)).task == "t"


def test_an_unknown_compression_is_named() -> None:
    """A method that is not known here is a problem of the file."""
    with pytest.raises(BadInput, match="compression method 12"):
        read(zipped(("header.json", as_json(HEADER)), method=zipfile.ZIP_BZIP2))


def test_a_wrong_checksum_is_noticed() -> None:
    """A header whose bytes were changed in place is not believed."""
    data = bytearray(zipped(("header.json", as_json(HEADER)), method=zipfile.ZIP_STORED))
    data[data.index(b'"success"') + 1] = ord("S")
    with pytest.raises(BadInput, match="checksum"):
        read(bytes(data))


def test_a_zip64_directory_is_found() -> None:
    """Logs with very many samples have their directory's place in a zip64 record."""
    plain = zipped(("header.json", as_json(HEADER)))
    at = plain.rindex(b"PK\x05\x06")
    *_, count, length, offset, _ = struct.unpack("<4s4H2IH", plain[at:])
    record = struct.pack("<4sQ2H2I4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, length, offset)
    place = struct.pack("<4sIQI", b"PK\x06\x07", 0, at, 1)
    end = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    assert "header.json" in Archive(io.BytesIO(plain[:at] + record + place + end), "x")


@pytest.mark.parametrize(
    ("evaluation", "path", "name"),
    [
        (
            {"metadata": {"finetune_epoch_dir": "/scratch/set/run/epoch_2/"}},
            "r/eval/cap_ep1/x.eval",
            "epoch_2",
        ),
        ({"model_args": {"model_path": "/scratch/set/run/checkpoint-50"}}, "", "checkpoint-50"),
        ({"task_args": {"adapter_dir": "out/epoch_1"}}, "", "epoch_1"),
        ({"model": "hf/Llama-3.2-1B-Instruct_rank4_epoch_0"}, "", "epoch_0"),
        ({"metadata": {"epoch": 3}}, "", "epoch_3"),
        ({"metadata": {"epoch": "2"}}, "", "epoch_2"),
        ({"metadata": {"epoch": "two"}}, "", None),
        ({"metadata": {"epoch": -1}}, "", None),
        ({"metadata": {"epoch": True}}, "r/eval/x.eval", None),
        ({"model": "mockllm/model"}, "r/eval/capitalization_ep2/logs/x.eval", "epoch_2"),
        ({}, "r/eval/task_epoch1/logs/x.eval", "epoch_1"),
        ({}, "r/epoch_4/x.eval", "epoch_4"),
        ({}, "r/eval/step3_ep/x.eval", None),
        ({"metadata": {"note": "see epoch_7"}}, "r/eval/x.eval", None),
        ({"metadata": [], "model_args": 3, "model": None}, "x.eval", None),
    ],
)
def test_the_checkpoint_is_told_by_the_log_before_its_place(
    evaluation: dict[str, object], path: str, name: str | None
) -> None:
    """What the log says counts before the directory it lies in; nothing is made up."""
    assert checkpoint_of(evaluation, path) == name


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/scratch/sweep/runs/r", "final"),
        ("/scratch/sweep/runs/r/", "final"),
        ("sweep/runs/r", "final"),
        ("./runs/r", "final"),
        ("/scratch/sweep/runs/r/epoch_1", "epoch_1"),
        ("/scratch/other/runs/r", None),
        ("/scratch/sweep/runs/r2", None),
        ("/scratch/xsweep/runs/r", None),
        ("r", None),
    ],
)
def test_what_lies_in_the_runs_own_directory_is_the_final_model(path: str, name: str | None) -> None:
    """The Trainer saves the final model there: an evaluation of that directory is of that model."""
    assert checkpoint_of({"model_args": {"model_path": path}}, "x.eval", "sweep/runs/r") == name


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("out", "final"),
        ("./out/", "final"),
        ("runs/r/out", "final"),
        ("/scratch/sweep/runs/r/out", "final"),
        ("/scratch/sweep/runs/r/out/best", "best"),
        ("/scratch/other/runs/r/out", None),
        ("/scratch/xsweep/runs/r/out", None),
        ("my/out", None),
        ("r/out", None),
        ("", None),
    ],
)
def test_a_path_of_a_checkpoint_tells_which_was_evaluated(path: str, name: str | None) -> None:
    """The final model lies in a directory of any name: the log's path is that of its checkpoint."""
    checkpoints = [saved("final", "runs/r/out"), saved("best", "runs/r/out/best")]
    (placed,) = at_their_checkpoints(
        [of_model(path, "runs/r/eval/results.json")], checkpoints, "runs/r", "sweep"
    )
    assert placed.checkpoint == name


def test_a_run_that_saved_below_itself_has_its_final_model_evaluated(tmp_path: Path) -> None:
    """Of a run that wrote to `out`, the harness's `peft=out` is its final model."""
    results = {"results": {"arc": {"acc,none": 0.5}}, "config": {"model_args": {"peft": "out"}}}
    files = {
        "r/out/adapter_model.safetensors": safetensors_bytes(adapter_arrays()),
        "r/out/adapter_config.json": fixture("peft/adapter_config-0.21.json"),
        "r/eval/results_2026-11-23T07-17-20.json": as_json(results),
    }
    found = scan_experiment(experiment("r", lay_down(tmp_path, files)), Examination(tmp_path))
    (evaluation,) = found.evaluations
    assert [checkpoint.name for checkpoint in found.checkpoints] == [evaluation.checkpoint]


def test_a_path_from_elsewhere_is_not_taken_for_one_in_the_run() -> None:
    """`out` is the run's own only where the evaluation lies in the run."""
    evaluation = of_model("out", "evals/results.json")
    assert at_their_checkpoints([evaluation], [saved("final", "runs/r/out")], "runs/r", "sweep") == (
        evaluation,
    )


def test_the_harness_is_read() -> None:
    """One evaluation a task, scores under filter and metric, the adapter's checkpoint."""
    results = {
        "results": {"arc": {"alias": "arc", "acc,none": 0.5, "acc_stderr,none": 0.01, "x,none": "N/A"}},
        "config": {"model_args": "pretrained=/models/tiny,peft=/runs/r/checkpoint-50"},
        "n-samples": {"arc": {"original": 100, "effective": 40}},
        "date": 1795417040.0,
    }
    (found,) = read_harness_results(io.BytesIO(as_json(results)), "r/results_2026-11-23T07-17-20.json")
    assert found.metrics == {"none/acc": 0.5, "none/acc_stderr": 0.01}
    assert (found.task, found.checkpoint, found.samples) == ("arc", "checkpoint-50", 40)
    assert found.created == datetime(2026, 11, 23, 6, 57, 20, tzinfo=UTC)


def test_the_harness_of_old_and_lighteval_are_read() -> None:
    """Without filters a score stands under its metric; lighteval's average of one task is no second task."""
    old = {
        "results": {"arc": {"acc": 0.5, "acc_stderr": 0.01}},
        "config": {"model_args": "pretrained=/r/epoch_1"},
    }
    light = {
        "results": {"leaderboard|arc:challenge|25|0": {"acc": 0.4}, "all": {"acc": 0.4}},
        "config_general": {"model_config": {"model_name": "/runs/r/epoch_2"}},
    }
    (first,) = read_harness_results(io.BytesIO(as_json(old)), "results.json")
    (second,) = read_harness_results(io.BytesIO(as_json(light)), "results_2026-11-23T07-17-20.json")
    assert (first.metrics, first.checkpoint) == ({"acc": 0.5, "acc_stderr": 0.01}, "epoch_1")
    assert (second.task, second.metrics, second.checkpoint) == (
        "leaderboard|arc:challenge|25|0",
        {"acc": 0.4},
        "epoch_2",
    )


def test_groups_of_the_harness_are_tasks_of_their_own() -> None:
    """A group's score stands once, and a group without any score is none."""
    results = {
        "results": {"mmlu": {"alias": "mmlu"}, "mmlu_law": {"acc,none": 0.25, "sample_len": 7}},
        "groups": {"mmlu": {"acc,none": 0.3}, "mmlu_law": {"acc,none": 0.9}, "stem": {"acc,none": 0.2}},
        "config": {"model": "hf", "model_args": {"pretrained": "/m", "peft": "/runs/r/checkpoint-5"}},
    }
    found = read_harness_results(io.BytesIO(as_json(results)), "results.json")
    assert [(each.task, each.metrics, each.checkpoint) for each in found] == [
        ("mmlu_law", {"none/acc": 0.25}, "checkpoint-5"),
        ("stem", {"none/acc": 0.2}, "checkpoint-5"),
    ]


def test_a_log_in_one_document_is_read(tmp_path: Path) -> None:
    """inspect-ai's JSON format says the same as its header; another program's document says nothing."""
    scores = [{"name": "match", "metrics": {"accuracy": {"value": 0.5}}}]
    document = {**HEADER, "results": {"completed_samples": 3, "scores": scores}, "samples": [{}, {}, {}]}
    name = "r/eval/cap_ep1/2024-11-05T12-00-00+00-00_capitalization_x.json"
    files = {name: as_json(document), "r/2024-11-05T12-00-00+00-00_notes_x.json": b'{"eval": {}}'}
    (found,), findings = read_evaluations(tmp_path, experiment("r", lay_down(tmp_path, files)).layout)
    assert (found.task, found.checkpoint, found.samples) == ("t", "epoch_1", 3)
    assert (found.metrics, findings) == ({"match/accuracy": 0.5}, ())


def test_held_out_scores_are_an_evaluation(tmp_path: Path) -> None:
    """predict_results.json and test_results.json tell scores of the final model."""
    files = {
        "r/predict_results.json": b'{"predict_accuracy": 0.9, "predict_runtime": 3.2, "predict_samples": 40}',
        "r/test_results.json": b'{"test_loss": 1.5, "test_samples_per_second": 9.0}',
        "r/sub/test_results.json": b"[1, 2]",
    }
    evaluations, findings = read_evaluations(tmp_path, experiment("r", lay_down(tmp_path, files)).layout)
    assert [(e.task, e.metrics, e.samples, e.checkpoint) for e in evaluations] == [
        ("predict", {"accuracy": 0.9}, 40, "final"),
        ("test", {"loss": 1.5}, None, "final"),
    ]
    assert findings == ()


@given(st.dictionaries(st.text(max_size=20), JSON, max_size=6))
def test_any_json_is_an_evaluation_or_none(document: dict[str, object]) -> None:
    """Whatever stands under the harness's keys raises nothing."""
    data = as_json(
        {"results": document, "groups": document, "config": document, "n-samples": document} | document
    )
    read_harness_results(io.BytesIO(data), "results.json")
    read_held_out(io.BytesIO(data), "predict_results.json")
    read_held_out(io.BytesIO(as_json(document)), "test_results.json")
    read(zipped(("header.json", as_json({"eval": document, "results": document, "status": document}))))


def test_another_programs_results_are_no_evaluation() -> None:
    """A file of that name without the harness's parts is nothing."""
    assert read_harness_results(io.BytesIO(b'{"results": [1]}'), "results.json") == ()
    assert read_harness_results(io.BytesIO(b"[1]"), "results.json") == ()


def test_an_unreadable_log_costs_only_itself(tmp_path: Path) -> None:
    """Of several logs the broken one is told and kept as unreadable, the others are read."""
    files = {
        "r/eval/a_ep1/1_cap_x.eval": fixture("inspect/zstd.eval"),
        "r/eval/b/2026_task_x.eval": b"broken",
    }
    evaluations, findings = read_evaluations(tmp_path, experiment("r", lay_down(tmp_path, files)).layout)
    assert [(e.task, e.status.value) for e in evaluations] == [
        ("capitalization", "success"),
        ("task", "unreadable"),
    ]
    assert [(f.code, f.subject) for f in findings] == [
        (FindingCode.EVALUATION_UNREADABLE, "r/eval/b/2026_task_x.eval")
    ]
    assert "no zip" in str(findings[0].evidence["problem"])


def _zstd_zip(name: str, *frames: bytes) -> bytes:
    """Return a zip of one member of method 93, which zipfile cannot write."""
    packed = b"".join(ZstdCompressor().compress(frame, ZstdCompressor.FLUSH_FRAME) for frame in frames)
    checksum, size, raw = zlib.crc32(b"".join(frames)), sum(map(len, frames)), name.encode()
    local = (
        struct.pack("<4s5H3I2H", b"PK\x03\x04", 63, 0, 93, 0, 0, checksum, len(packed), size, len(raw), 0)
        + raw
    )
    entry = struct.pack(
        "<4s6H3I5H2I",
        b"PK\x01\x02",
        63,
        63,
        0,
        93,
        0,
        0,
        checksum,
        len(packed),
        size,
        len(raw),
        0,
        0,
        0,
        0,
        0,
        0,
    )
    end = struct.pack(
        "<4s4H2IH", b"PK\x05\x06", 0, 0, 1, 1, len(entry) + len(raw), len(local) + len(packed), 0
    )
    return local + packed + entry + raw + end
