"""The Trainer's own validation gives scores beside the loss: which, of which step, and from which file."""

import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterall.model import Evaluation, EvaluationStatus, Source
from afterall.scan.checkpoints import Examination
from afterall.scan.evaluations import own_validation
from afterall.scan.experiment import scan_experiment
from afterall.scan.traces import Origin, Trace
from afterall.scan.trainers.huggingface_scores import final_scores, last_scores
from scan.run_making import experiment, fixture, lay_down


def row(step: object, **values: object) -> dict[str, object]:
    """Return a row of a trainer's history."""
    return {"step": step, **values}


def test_a_real_states_last_scores_are_read() -> None:
    """TRL logs accuracy and entropy with each validation; counts, rates and the loss are no scores."""
    history = json.loads(fixture("huggingface/trl_trainer_state.json"))["log_history"]
    assert last_scores(history, "a/trainer_state.json") == Evaluation(
        task="validation",
        status=EvaluationStatus.SUCCESS,
        source=Source("a/trainer_state.json", "key log_history[11]"),
        checkpoint="checkpoint-46",
        metrics={"entropy": 6.509610493977864, "mean_token_accuracy": 0.010416666821887096},
        is_validation=True,
    )


def test_the_last_row_with_scores_counts() -> None:
    """Training rows after it, and validations that gave the loss alone, do not hide it."""
    history = [row(10, eval_f1=0.5), row(20, eval_f1=0.75), row(30, eval_loss=1.0), row(40, loss=1.0)]
    found = last_scores(history, "s")
    assert found is not None
    assert (found.metrics, found.checkpoint) == ({"f1": 0.75}, "checkpoint-20")


def test_scores_of_several_data_sets_are_one_validation() -> None:
    """Each data set has a row of its own at the same step, its name before its measures; costs are none."""
    history = [
        row(10, eval_wiki_loss=3.0, eval_wiki_f1=0.1),
        row(20, loss=1.5),
        row(
            20, eval_wiki_loss=2.0, eval_wiki_f1=0.5, eval_wiki_runtime=3.0, eval_wiki_samples_per_second=9.0
        ),
        row(20, eval_code_loss=1.0, eval_code_runtime=3.0, eval_code_steps_per_second=1.0),
        row(20, train_loss=1.8, train_runtime=60.0),
    ]
    found = last_scores(history, "s")
    assert found is not None
    assert (found.metrics, found.checkpoint) == (
        {"wiki_loss": 2.0, "wiki_f1": 0.5, "code_loss": 1.0},
        "checkpoint-20",
    )
    assert found.source == Source("s", "key log_history[3]")


def test_of_two_validations_at_a_step_the_later_counts() -> None:
    """What is validated again at the end, with the best weights perhaps, replaces the value before it."""
    found = last_scores([row(20, eval_f1=0.5, eval_acc=0.4), row(20, eval_f1=0.75)], "s")
    assert found is not None
    assert found.metrics == {"f1": 0.75, "acc": 0.4}


def test_result_files_speak_of_the_final_model() -> None:
    """eval_results.json names no step; it tells how many samples there were."""
    results = {"epoch": 2.0, "eval_accuracy": 0.9, "eval_loss": 1.0, "eval_samples": 200}
    found = final_scores(results, "eval_results.json")
    assert found is not None
    assert (found.metrics, found.checkpoint, found.samples) == ({"accuracy": 0.9}, "final", 200)


def test_nan_is_kept_and_words_are_no_scores() -> None:
    """A score may be NaN; text, truth values and a row without a step are none."""
    found = last_scores([row(10, eval_rouge1=math.nan, eval_note="x", eval_flag=True)], "s")
    assert found is not None
    assert list(found.metrics) == ["rouge1"]
    assert math.isnan(found.metrics["rouge1"])
    assert last_scores([{"eval_accuracy": 0.5}, "no row", row("x", eval_accuracy=0.5)], "s") is None


@pytest.mark.parametrize(
    "values",
    [
        {"eval_loss": 1.0, "eval_runtime": 2.0},
        {"eval_samples_per_second": 2.0, "eval_steps_per_second": 1.0},
        {"eval_mem_gpu_alloc_delta": 5, "eval_num_tokens": 7.0},
        {"loss": 1.0},
    ],
)
def test_a_history_without_scores_says_nothing(values: dict[str, object]) -> None:
    """The loss and what validation cost are the curves' to tell."""
    assert last_scores([row(10, **values)], "s") is None
    assert final_scores(values, "s") is None


def told(origin: Origin, file: str, checkpoint: str, accuracy: float) -> Trace:
    """Return a trace with scores."""
    scores = final_scores({"eval_accuracy": accuracy}, file)
    assert scores is not None
    named = Evaluation(
        task=scores.task,
        status=scores.status,
        source=scores.source,
        checkpoint=checkpoint,
        metrics=scores.metrics,
    )
    return Trace(trainer="huggingface", origin=origin, file=file, validation=named)


def test_one_validation_speaks_for_a_run() -> None:
    """A result file before any state, a later state before an earlier one, whatever their order."""
    early = told(Origin.TRAINER_STATE, "out/checkpoint-25/trainer_state.json", "checkpoint-25", 0.1)
    late = told(Origin.TRAINER_STATE, "out/trainer_state.json", "checkpoint-100", 0.2)
    final = told(Origin.RESULTS, "out/eval_results.json", "final", 0.3)
    assert own_validation([early, late]) == own_validation([late, early]) == (late.validation,)
    assert own_validation([early, final, late]) == (final.validation,)
    assert own_validation([Trace(trainer="x", origin=Origin.LOG, file="x")]) == ()
    printed = told(Origin.ROUNDED_LOG, "slurm-1.out", "global_step_30", 0.4)
    exact = told(Origin.METRICS_FILE, "z/metrics.jsonl", "global_step_30", 0.41)
    later = told(Origin.ROUNDED_LOG, "slurm-1.out", "step_100", 0.5)
    assert own_validation([printed, exact]) == (exact.validation,)
    assert own_validation([exact, later]) == (later.validation,)


def test_a_run_has_its_scores_among_its_evaluations(tmp_path: Path) -> None:
    """They stand with their file and place, and are told from a program's evaluation."""
    state = {"global_step": 50, "log_history": [row(50, loss=1.0), row(50, eval_loss=1.1, eval_accuracy=0.5)]}
    entries = lay_down(tmp_path, {"a/out/trainer_state.json": json.dumps(state).encode()})
    (found,) = scan_experiment(experiment("a", entries), Examination(tmp_path)).evaluations
    assert (found.metrics, found.is_validation) == ({"accuracy": 0.5}, True)
    assert found.source == Source("a/out/trainer_state.json", "key log_history[1]")


values = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5))
rows = st.dictionaries(
    st.sampled_from(["step", "loss", "eval_loss", "eval_acc", "eval_", "eval_samples"]), values
)


@given(st.lists(st.one_of(rows, values), max_size=6))
def test_any_history_gives_scores_or_nothing(history: list[object]) -> None:
    """No exception comes of whatever stands in a state."""
    found = last_scores(history, "s")
    assert found is None or found.metrics
