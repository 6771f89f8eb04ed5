"""Find results of evaluations in files that a user named, and those of bigcode-evaluation-harness."""

import io
import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from afterall.errors import BadInput
from afterall.model import Evaluation, Finding, FindingCode
from afterall.scan.evaluations import read_evaluations
from afterall.scan.evaluations.bigcode import read_bigcode_results, read_bigcode_target
from afterall.scan.evaluations.harness import read_harness_results
from afterall.scan.evaluations.harness_named import FILE_NAME, MOST_FILES, read_named_results
from afterall.scan.evaluations.programs import program_of
from scan.run_making import experiment, lay_down

HARNESS = {
    "results": {"arc_easy": {"acc,none": 0.66, "acc_stderr,none": 0.015, "alias": "arc_easy"}},
    "versions": {"arc_easy": 1.0},
    "config": {"model": "hf", "model_args": "pretrained=/runs/set/a/checkpoint-30,dtype=bfloat16"},
}
CONFIG = {
    "prefix": "",
    "do_sample": True,
    "n_samples": 20,
    "model": "/runs/set/a/checkpoint-30",
    "peft_model": None,
}
BIGCODE = {"humaneval": {"pass@1": 0.146, "pass@10": 0.3}, "config": CONFIG}


def found_in(set_dir: Path, files: Mapping[str, bytes]) -> tuple[tuple[Evaluation, ...], tuple[Finding, ...]]:
    """Return the evaluations, and the findings on their files, of the experiment `a` with these files."""
    return read_evaluations(set_dir, experiment("a", lay_down(set_dir, files)).layout)


def as_file(document: object) -> io.BytesIO:
    """Return the JSON of a document as both programs write it."""
    return io.BytesIO(json.dumps(document, indent=2).encode())


@pytest.mark.parametrize(
    "path",
    [
        "a/results/arc.json",
        "a/eval/llama/arc_5shot.json",
        "a/lm_eval_arc.json",
        "a/arc_results_2025-01-02T03-04-05.json",
        "a/mmlu-eval.json",
        "a/Benchmarks/x.json",
        "a/harness.json",
    ],
)
def test_results_under_a_users_name_are_read(tmp_path: Path, path: str) -> None:
    """`--output_path arc.json`: what tells of evaluations by its name or directory is looked at."""
    (found,), findings = found_in(tmp_path, {path: as_file(HARNESS).getvalue()})
    assert (found.task, found.checkpoint, found.metrics) == (
        "arc_easy",
        "checkpoint-30",
        {"none/acc": 0.66, "none/acc_stderr": 0.015},
    )
    assert findings == ()


@pytest.mark.parametrize(
    "path",
    [
        "a/config.json",
        "a/retrieval.json",
        "a/arc.json",
        "a/scoreboard.json",
        "a/all_results.json",
        "a/results.yaml",
    ],
)
def test_other_names_are_not_looked_at(path: str) -> None:
    """A name must say that it is of an evaluation; those of HF Trainer's own results are read elsewhere."""
    assert FILE_NAME.search(path) is None


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[1, 2]",
        b'{"a": 1}',
        b'{"metrics": {"acc": 1}, "results": {}}',
        b"\x00" * 600,
        json.dumps({key: HARNESS[key] for key in ("results", "config")}).encode(),
        json.dumps({**HARNESS, "results": [1]}).encode(),
    ],
)
def test_other_programs_files_say_nothing_even_cut(data: bytes) -> None:
    """What does not begin as the harness's results, or has no versions of tasks, is not even damaged."""
    assert read_named_results(io.BytesIO(data), "a/results/x.json") == ()


def test_a_cut_file_of_the_harness_is_damaged() -> None:
    """What begins as the harness's results and ends early was not written to its end."""
    with pytest.raises(BadInput, match="cut short"):
        read_named_results(io.BytesIO(as_file(HARNESS).getvalue()[:-5]), "a/results/x.json")


def test_few_files_of_such_names_are_looked_at(tmp_path: Path) -> None:
    """A directory of thousands of files costs no more than a few readings."""
    files = {f"a/results/{n:05}.json": b"{}" for n in range(MOST_FILES)}
    last = {"a/results/zz.json": as_file(HARNESS).getvalue()}
    assert found_in(tmp_path, {**files, **last}) == ((), ())


def test_usual_names_keep_their_readers() -> None:
    """A file that a program calls so by itself is read by that program's reader."""
    for path, read in {
        "a/eval/results_2025-01-02T03-04-05.123456.json": read_harness_results,
        "a/eval/evaluation_results.json": read_bigcode_results,
        "a/eval/arc.json": read_named_results,
    }.items():
        program = program_of(path)
        assert program is not None
        assert program.read is read, path


@pytest.mark.parametrize(
    ("arguments", "target"),
    [
        ({"pretrained": "/runs/set/a/checkpoint-30", "peft": None}, "checkpoint-30"),
        ({"pretrained": "/base/checkpoint-1", "peft": "/runs/set/a/checkpoint-30"}, "checkpoint-30"),
        ("pretrained=/base/checkpoint-1,peft=/runs/set/a/checkpoint-30", "checkpoint-30"),
    ],
)
def test_an_argument_of_none_is_no_model(arguments: object, target: str) -> None:
    """Newer releases keep the arguments as an object, where what was not given is null."""
    document = {**HARNESS, "config": {"model": "hf", "model_args": arguments}}
    (found,) = read_harness_results(as_file(document), "results.json")
    assert (found.checkpoint, found.model.endswith(target)) == (target, True)


def test_bigcodes_pass_rates_are_read(tmp_path: Path) -> None:
    """An evaluation a task, of the model or, where one was given, of the adapter."""
    (found,), findings = found_in(tmp_path, {"a/evaluation_results.json": as_file(BIGCODE).getvalue()})
    assert (found.task, found.checkpoint, found.metrics) == (
        "humaneval",
        "checkpoint-30",
        {"pass@1": 0.146, "pass@10": 0.3},
    )
    assert findings == ()
    adapted = {**BIGCODE, "config": {**CONFIG, "peft_model": "/runs/set/b"}}
    assert read_bigcode_target(as_file(adapted), "x") == ("/runs/set/b",)


@pytest.mark.parametrize(
    "document",
    [
        {"accuracy": 0.5},
        {"humaneval": {"pass@1": 0.1}},
        {"humaneval": {"pass@1": 0.1}, "config": {"model": "x"}},
        {"config": CONFIG, "humaneval": 0.5, "mbpp": {"pass@1": "high"}},
        [1],
    ],
)
def test_another_evaluation_results_file_says_nothing(document: object) -> None:
    """Many programs have an evaluation_results.json; only one with all of bigcode's arguments counts."""
    assert read_bigcode_results(as_file(document), "evaluation_results.json") == ()


def test_a_cut_file_of_that_name_costs_only_itself(tmp_path: Path) -> None:
    """A damaged file is a finding, and no evaluation."""
    evaluations, (finding,) = found_in(tmp_path, {"a/evaluation_results.json": b'{"humaneval": {'})
    assert (evaluations, finding.code) == ((), FindingCode.EVALUATION_UNREADABLE)
