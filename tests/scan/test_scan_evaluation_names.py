"""Bound the names of the harness's tasks and measures, which a table shows."""

import io
import json

from hypothesis import given
from hypothesis import strategies as st

from afterall.model import Evaluation
from afterall.scan.evaluations.harness import read_harness_results

LONGEST = 200


def read(results: dict[str, dict[str, float]]) -> tuple[Evaluation, ...]:
    """Return what a file of these results says."""
    document = {"results": results, "config": {"model_args": "pretrained=/m"}}
    return read_harness_results(io.BytesIO(json.dumps(document).encode()), "results.json")


def test_names_without_end_are_shortened_and_stay_apart() -> None:
    """Two that begin alike are two tasks still; the place does not repeat the whole name either."""
    one, other = read({"t" * 100_000: {"acc": 0.5}, "t" * 100_001: {"m" * 100_000: 0.25}})
    assert one.task != other.task
    assert one.task.startswith("t" * 150)
    lengths = [len(text) for e in (one, other) for text in (e.task, e.source.where, *e.metrics)]
    assert max(lengths) <= LONGEST + len("key results.")


@given(st.dictionaries(st.text(max_size=300), st.just({"acc,none": 0.5}), max_size=4))
def test_usual_names_are_kept_and_no_task_is_lost(results: dict[str, dict[str, float]]) -> None:
    """Whatever its name, a task is told, and one of usual length under its own."""
    results.pop("all", None)
    found = [evaluation.task for evaluation in read(results)]
    assert len(set(found)) == len(results)
    assert {task for task in results if len(task) <= LONGEST} <= set(found)
    assert all(len(task) <= LONGEST for task in found)
