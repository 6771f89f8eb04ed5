"""Read EvalPlus's results of all its releases, and lighteval's number of samples."""

import io
import json
from pathlib import Path

import pytest

from afterall.errors import BadInput
from afterall.model import Evaluation
from afterall.scan.evaluations import read_evaluations
from afterall.scan.evaluations.evalplus import read_evalplus, read_evalplus_target
from afterall.scan.evaluations.harness import read_harness_results
from scan.run_making import experiment, lay_down

HEAD = {"date": "2026-01-02 03:04", "hash": "0123456789abcdef0123456789abcdef"}
NAME = "a/evalplus_results/humaneval/set--a--checkpoint-30_hf_temp_0.0.eval_results.json"


def solved(base: str, plus: str | None) -> dict[str, object]:
    """Return a solution's result as 0.2 and later write it."""
    return {"task_id": "HumanEval/0", "solution": "pass", "base_status": base, "plus_status": plus}


PROBLEMS = {
    "HumanEval/0": [solved("pass", "pass"), solved("fail", "pass")],
    "HumanEval/1": [solved("pass", "fail"), solved("pass", "timeout")],
}
RATES = {"base": {"pass@1": 0.75, "pass@10": 0.875}, "plus": {"pass@1": 0.25}}
OLDEST = {
    "HumanEval/0": {
        "nfiles": 2,
        "base": [["success", [True]], ["failed", [False]]],
        "plus": [["success", []]] * 2,
    },
    "HumanEval/1": {"nfiles": 2, "base": [["success", []]] * 2, "plus": [["failed", []], ["timeout", []]]},
}


def read(document: object, name: str = NAME) -> tuple[Evaluation, ...]:
    """Return what a file says."""
    return read_evalplus(io.BytesIO(json.dumps(document).encode()), name)


def test_rates_are_read_where_they_are_told() -> None:
    """0.3 writes them beside the problems; the model's path is the file's name."""
    (found,) = read({**HEAD, "eval": PROBLEMS, "pass_at_k": RATES})
    assert found.metrics == {"base/pass@1": 0.75, "base/pass@10": 0.875, "plus/pass@1": 0.25}
    assert (found.task, found.samples, found.source.where) == ("humaneval", 2, "key pass_at_k")
    assert (found.model, found.checkpoint) == ("set/a/checkpoint-30", "checkpoint-30")


@pytest.mark.parametrize("problems", [PROBLEMS, OLDEST])
def test_rates_of_older_releases_are_the_mean_share_of_what_passed(problems: object) -> None:
    """What passed the additional tests alone has not passed."""
    (found,) = read({**HEAD, "eval": problems})
    assert (found.metrics, found.source.where) == ({"base/pass@1": 0.75, "plus/pass@1": 0.25}, "key eval")


def test_base_tests_alone_tell_no_plus_rate() -> None:
    """`--base-only` runs no others."""
    (found,) = read({**HEAD, "eval": {"Mbpp/2": [solved("pass", None)]}})
    assert (found.task, found.metrics) == ("mbpp", {"base/pass@1": 1.0})


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("a/x/set--a_vllm_temp_0.2-sanitized_eval_results.json", "set/a"),
        ("a/humaneval/checkpoint-30_temp_0.8/eval_results.json", "checkpoint-30"),
        ("a/checkpoint-30/samples_eval_results.json", ""),
    ],
)
def test_the_model_stands_in_the_name(name: str, model: str) -> None:
    """Of the file, or of its directory in 0.1; samples of a name of their own have none."""
    (found,) = read({**HEAD, "eval": PROBLEMS}, name)
    assert found.model == model
    file = io.BytesIO(json.dumps({**HEAD, "eval": PROBLEMS}).encode())
    assert read_evalplus_target(file, name) == ((model,) if model else ())


@pytest.mark.parametrize(
    "document",
    [
        {"eval_loss": 0.5},
        [],
        {"date": 1, "hash": "x"},
        {**HEAD, "eval": {}},
        {**HEAD, "eval": {"a": []}},
        {**HEAD, "eval": {"a": 1}},
    ],
)
def test_other_documents_say_nothing(document: object) -> None:
    """HF Trainer's file has the same name."""
    assert read(document, "a/eval_results.json") == ()
    assert read_evalplus_target(io.BytesIO(b'{"eval_loss": 0.5}'), "a/eval_results.json") == ()


def test_a_cut_file_is_damaged() -> None:
    """What begins as EvalPlus's and is not whole is told."""
    with pytest.raises(BadInput, match="cut short"):
        read_evalplus(io.BytesIO(json.dumps({**HEAD, "eval": PROBLEMS}).encode()[:-9]), NAME)


@pytest.mark.parametrize("name", ["my_eval_results", "evaluation_results", "test_results"])
def test_files_of_that_name_by_the_harness_are_still_read(tmp_path: Path, name: str) -> None:
    """A user may call the harness's file as other programs call theirs; EvalPlus's beside it is read too."""
    harness = {
        "results": {"arc_easy": {"acc,none": 0.5}},
        "versions": {"arc_easy": 1.0},
        "config": {"model_args": "pretrained=/set/a"},
    }
    files = {
        f"a/{name}.json": json.dumps(harness).encode(),
        NAME: json.dumps({**HEAD, "eval": PROBLEMS}).encode(),
        "a/eval_results.json": b'{"eval_loss": 0.5, "epoch": 1.0}',
    }
    found, findings = read_evaluations(tmp_path, experiment("a", lay_down(tmp_path, files)).layout)
    assert ({one.task for one in found}, findings) == ({"arc_easy", "humaneval"}, ())


@pytest.mark.parametrize("task", ["lighteval|gsm8k|0", "lighteval|gsm8k"])
def test_lighteval_tells_its_samples_beside_its_tasks(task: str) -> None:
    """The task's name there has its shots, or, in older releases, has none."""
    document = {
        "config_general": {"model_name": "/set/a/checkpoint-30"},
        "results": {"lighteval|gsm8k|0": {"em": 0.5}},
        "config_tasks": {task: {"name": "gsm8k", "effective_num_docs": 1319}},
    }
    (found,) = read_harness_results(
        io.BytesIO(json.dumps(document).encode()), "a/results_2026-01-02T03-04-05.json"
    )
    assert found.samples == 1319


@pytest.mark.parametrize("status", [[], {}, ["pass"], 1, None])
def test_a_status_that_is_no_word_is_no_pass(status: object) -> None:
    """Whatever stands there instead, the other problems are counted."""
    problems = {"HumanEval/0": [{"base_status": status}], "HumanEval/1": [{"base_status": "pass"}]}
    (found,) = read_evalplus(io.BytesIO(json.dumps({**HEAD, "eval": problems}).encode()), NAME)
    assert found.metrics == {"base/pass@1": 0.5}
    old = {"HumanEval/0": {"base": [[status]], "plus": [[status]]}}
    (found,) = read_evalplus(io.BytesIO(json.dumps({**HEAD, "eval": old}).encode()), NAME)
    assert found.metrics == {"base/pass@1": 0.0, "plus/pass@1": 0.0}
