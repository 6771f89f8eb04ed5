"""Give evaluations that lie outside all experiments to those that they evaluated, and to no other."""

import io
import json
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterall.model import ExperimentLayout, SetLayout
from afterall.scan.evaluations import read_evaluations, shared_evaluations, with_shared
from scan.run_making import experiment, fixture, lay_down

RUNS = ("1B_rank4", "1B_rank64", "runs/nested")


def log(**evaluation: object) -> bytes:
    """Return an inspect log whose header says this of the evaluation."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(
            "header.json", json.dumps({"status": "success", "eval": {"task": "t", **evaluation}})
        )
    return buffer.getvalue()


def results(model: str) -> bytes:
    """Return the harness's results of a model."""
    return json.dumps(
        {"results": {"arc": {"acc,none": 0.5}}, "config": {"model_args": f"pretrained={model}"}}
    ).encode()


def layout_of(tmp_path: Path, files: dict[str, bytes]) -> SetLayout:
    """Return the layout of a set called "sweep" that holds RUNS and these files."""
    made = {f"{run}/train.sbatch": b"" for run in RUNS}
    entries = lay_down(tmp_path / "sweep", {**made, **files})
    runs = tuple(ExperimentLayout(name=run, path=run, roots=(run,)) for run in RUNS)
    return SetLayout(
        path=str(tmp_path / "sweep"), name="sweep", owner_uid=0, experiments=runs, entries=entries
    )


def placed(tmp_path: Path, files: dict[str, bytes]) -> dict[str, tuple[str, ...]]:
    """Return which run each of these files is of."""
    return shared_evaluations(tmp_path / "sweep", layout_of(tmp_path, files))


@pytest.mark.parametrize(
    ("evaluation", "owner"),
    [
        ({"model_args": {"model_path": "/old/place/sweep/1B_rank4/artifacts/epoch_0"}}, "1B_rank4"),
        ({"model_args": {"model_path": "/old/place/sweep/runs/nested/epoch_1"}}, "runs/nested"),
        ({"model": "vllm//scratch/sweep/1B_rank64/epoch_1"}, "1B_rank64"),
        ({"model": "hf/1B_rank64_epoch_0"}, "1B_rank64"),
        ({"model": "hf/nested_epoch_0"}, "runs/nested"),
        ({"metadata": {"finetune_epoch_dir": "1B_rank4/epoch_2"}, "model": "hf/local"}, "1B_rank4"),
        ({"model_args": {"model_path": "/old/other_sweep/1B_rank4/epoch_0"}}, None),
        ({"model_args": {"model_path": "/models/Llama-3.2-1B"}, "model": "hf/base"}, None),
        ({"model": "hf/1B"}, None),
        ({"model": "openai/gpt-4o"}, None),
        ({}, None),
    ],
)
def test_a_shared_log_is_of_the_run_whose_model_it_names(
    tmp_path: Path, evaluation: dict[str, object], owner: str | None
) -> None:
    """By the path below the set's name, or the label; another set's run of that name is not this one's."""
    found = placed(tmp_path, {"logs/2026_t_x.eval": log(**evaluation)})
    assert found == ({} if owner is None else {owner: ("logs/2026_t_x.eval",)})


def test_a_directory_tells_where_the_log_does_not(tmp_path: Path) -> None:
    """A directory called after a run has its evaluations, unless a log says that it is of another model."""
    files = {
        "evals/1B_rank4/a.eval": log(model="mockllm/model"),
        "evals/1B_rank4/b.eval": b"broken",
        "evals/1B_rank4/c.eval": log(model="hf/1B_rank64_epoch_1"),
        "evals/1B_rank4/d.eval": log(model_args={"model_path": "/models/base"}),
        "evals/e.eval": log(model="mockllm/model"),
    }
    assert placed(tmp_path, files) == {
        "1B_rank4": ("evals/1B_rank4/a.eval", "evals/1B_rank4/b.eval"),
        "1B_rank64": ("evals/1B_rank4/c.eval",),
    }


def test_the_harnesss_results_are_given_out_as_well(tmp_path: Path) -> None:
    """Its output path holds a directory for each model, called after the model's path."""
    name = "lm_eval/__scratch__sweep__1B_rank4__epoch_0/results_2026-11-23T07-17-20.123456.json"
    assert placed(tmp_path, {name: results("/scratch/sweep/1B_rank4/epoch_0")}) == {"1B_rank4": (name,)}


def test_what_lies_in_a_run_is_not_shared(tmp_path: Path) -> None:
    """A run's own logs stay its own, whatever they name."""
    assert placed(tmp_path, {"1B_rank4/eval/x.eval": log(model="hf/1B_rank64_epoch_1")}) == {}


def test_shared_logs_are_read_with_the_runs_own(tmp_path: Path) -> None:
    """The scores of both come together, each with its checkpoint and its own file."""
    shared = {"logs/2026_t_x.eval": log(model_args={"model_path": "/s/sweep/1B_rank4/epoch_1"})}
    shared["lm/results_1.json"] = results("/s/sweep/1B_rank4/epoch_2")
    own = {"1B_rank4/eval/t_ep2/x.eval": fixture("inspect/zstd.eval")}
    layout = layout_of(tmp_path, {**shared, **own})
    matched = experiment("1B_rank4", layout.entries)
    whole = with_shared(matched, shared_evaluations(tmp_path / "sweep", layout))
    found, findings = read_evaluations(tmp_path / "sweep", whole.layout)
    assert [(each.source.file, each.checkpoint) for each in found] == [
        ("1B_rank4/eval/t_ep2/x.eval", "epoch_2"),
        ("logs/2026_t_x.eval", "epoch_1"),
        ("lm/results_1.json", "epoch_2"),
    ]
    assert findings == ()
    assert with_shared(matched, {}) is matched


PARTS = st.sampled_from(["", "sweep", "1B_rank4", "1B_rank64", "runs", "nested", "epoch_0", "hf", "..", "x"])


@given(st.lists(PARTS, max_size=8), st.binary(max_size=30))
def test_no_text_is_of_two_runs(
    tmp_path_factory: pytest.TempPathFactory, parts: list[str], data: bytes
) -> None:
    """Any path or label, and any bytes, give a log to one run at most, without an error."""
    files = {"logs/a.eval": log(model="/".join(parts)), "logs/b.eval": data, "logs/results.json": data}
    found = placed(tmp_path_factory.mktemp("any"), files)
    paths = [path for held in found.values() for path in held]
    assert len(paths) == len(set(paths))
    assert set(paths) <= {"logs/a.eval"}
