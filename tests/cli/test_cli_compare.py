"""`afterall compare` ranks the runs of several sets by what their RESULTS.json say, and by nothing else."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterall.compare import compare, read_runs
from afterall.errors import BadInput
from afterall.model import Direction
from cli.cli_ground import speak


def run(name: str, value: object, trained: bool | None = True, **parameters: object) -> dict[str, Any]:
    """Return an experiment as RESULTS.json has it."""
    metrics = {} if value is None else {"final_val_loss": {"value": value}, "global_step": {"value": 100}}
    return {
        "name": name,
        "state": "completed",
        "training_completed": trained,
        "parameters": parameters,
        "metrics": metrics,
        "evaluations": [],
    }


def results(path: Path, *experiments: dict[str, Any]) -> Path:
    """Write a set's RESULTS.json, and return the set."""
    path.mkdir()
    document = {"schema": 1, "set": {"name": path.name}, "experiments": experiments}
    (path / "RESULTS.json").write_text(json.dumps(document))
    return path


def test_the_best_run_of_all_sets_stands_first(tmp_path: Path) -> None:
    """Finished ones by value, then unfinished, NaN, and those without a number."""
    one = results(tmp_path / "one", run("a", 1.5), run("b", "NaN"), run("c", 0.5, trained=False))
    two = results(tmp_path / "two", run("a", 1.0), run("d", None))
    table = compare([*read_runs(one), *read_runs(two)])
    order = [(r.set_name, r.name) for r in table.runs]
    assert order == [("two", "a"), ("one", "a"), ("one", "c"), ("one", "b"), ("two", "d")]
    assert table.same_steps


def test_columns_are_the_parameters_that_differ(tmp_path: Path) -> None:
    """What is the same in all sets is left out, 4 and 4.0 are one value."""
    one = results(tmp_path / "one", run("a", 1.5, lora_rank=4, seed=0, lr=1e-3))
    two = results(tmp_path / "two", run("a", 1.0, lora_rank=64, seed=0, lr=0.001))
    assert compare([*read_runs(one), *read_runs(two)]).parameters == ("lora_rank",)


def test_a_score_ranks_upwards(tmp_path: Path) -> None:
    """An accuracy is better the higher it is; only successful evaluations count."""
    runs = [run("a", 1.0), run("b", 2.0)]
    for one, score in zip(runs, (0.5, 0.75), strict=True):
        one["evaluations"] = [
            {"task": "cap", "status": "success", "metrics": {"match/accuracy": score}, "created": None},
            {"task": "cap", "status": "error", "metrics": {"match/accuracy": 1.0}, "created": None},
        ]
    table = compare(read_runs(results(tmp_path / "one", *runs)), "cap/match/accuracy")
    assert (table.direction, [r.name for r in table.runs]) == (Direction.UP, ["b", "a"])


def test_the_score_of_the_last_checkpoint_counts(tmp_path: Path) -> None:
    """An earlier checkpoint that was evaluated later does not; of two scores of one the later does."""
    one = run("a", 1.0)
    one["checkpoints"] = [
        {"name": "checkpoint-100", "path": "a/checkpoint-100", "step": 100, "is_final": False},
        {"name": "checkpoint-50", "path": "a/checkpoint-50", "step": 50, "is_final": False},
        {"name": "final", "path": "a", "step": None, "is_final": True},
    ]

    def scored(*told: tuple[str | None, float]) -> float:
        one["evaluations"] = [
            {
                "task": "cap",
                "status": "success",
                "checkpoint": name,
                "metrics": {"match/accuracy": score},
                "created": f"2026-11-2{n}T07:00:00Z",
            }
            for n, (name, score) in enumerate(told)
        ]
        (found,) = read_runs(results(tmp_path / str(len(list(tmp_path.iterdir()))), one))
        return found.metrics["cap/match/accuracy"]

    assert scored(("checkpoint-100", 0.5), ("checkpoint-50", 0.9)) == 0.5
    assert scored(("final", 0.6), ("checkpoint-100", 0.5), (None, 0.9)) == 0.6
    assert scored(("a/checkpoint-100", 0.5), ("a/checkpoint-100", 0.7)) == 0.7


def test_a_reward_decides_where_one_is_trained_for(tmp_path: Path) -> None:
    """As within a set: the loss of such a training tells nothing of the model."""
    runs = [run("a", 1.0), run("b", 2.0)]
    for one, reward in zip(runs, (0.5, 0.75), strict=True):
        one["metrics"]["final_reward"] = {"value": reward}
    table = compare(read_runs(results(tmp_path / "one", *runs)))
    assert (table.metrics[0], table.direction) == ("final_reward", Direction.UP)
    assert [r.name for r in table.runs] == ["b", "a"]


def test_a_number_beyond_any_float_is_infinite(tmp_path: Path) -> None:
    """JSON's integers have no end; such a run ranks with NaN."""
    table = compare(read_runs(results(tmp_path / "x", run("a", 10**400), run("b", 2.0))))
    assert [r.name for r in table.runs] == ["b", "a"]


def test_a_metric_of_unknown_direction_ranks_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The runs keep their natural order, and a word on stderr says why."""
    told = speak(
        capsys,
        "compare",
        str(results(tmp_path / "x", run("b", 1.0), run("a", 2.0))),
        "--metric",
        "global_step",
    )
    assert [line.split()[1] for line in told.out.splitlines()[1:]] == ["a", "b"]
    assert "not ranked" in told.err


@pytest.mark.parametrize("text", ["", "{", "[]", '{"schema": 2}', "null", "\x00"])
def test_a_file_that_is_none_is_told(tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A wrong file is named, with exit code 2."""
    (tmp_path / "RESULTS.json").write_text(text)
    told = speak(capsys, "compare", str(tmp_path))
    assert (told.code, "RESULTS.json" in told.err) == (2, True)


def test_a_set_without_report_says_what_to_do(tmp_path: Path) -> None:
    """Whoever forgot the report is told the command."""
    with pytest.raises(BadInput, match="afterall report SET"):
        read_runs(tmp_path)


def test_an_unknown_metric_lists_the_known_ones(tmp_path: Path) -> None:
    """A mistyped name gets the names that there are."""
    with pytest.raises(BadInput, match="final_val_loss"):
        compare(read_runs(results(tmp_path / "x", run("a", 1.0))), "val_los")


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=8) | st.integers(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=12,
)


@given(JSON, JSON, JSON)
def test_any_document_is_read(
    tmp_path_factory: pytest.TempPathFactory, a: object, b: object, c: object
) -> None:
    """Whatever stands in a RESULTS.json, it gives runs or a clear error."""
    path = tmp_path_factory.mktemp("any") / "RESULTS.json"
    one = {"name": a, "metrics": {"final_loss": {"value": b}}, "parameters": c, "evaluations": [a, b]}
    path.write_text(json.dumps({"schema": 1, "set": a, "experiments": [one, b]}))
    compare(read_runs(path))
