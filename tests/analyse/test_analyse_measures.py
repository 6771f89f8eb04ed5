"""Numbers that runs are compared by, and where in training they belong."""

import math
from datetime import timedelta

import pytest

from afterall.analyse import analyse
from afterall.analyse.evaluation_measures import direction_of, evaluation_measures
from afterall.analyse.measures import Measure, training_measures
from afterall.model import (
    Direction,
    EvaluationStatus,
    Experiment,
    Finding,
    FindingCode,
    Scalar,
    SlurmState,
)
from analyse.analyse_made import (
    MORNING,
    attempt,
    checkpoint,
    curve,
    evaluation,
    experiment,
    failed,
    material,
)


def measures(*experiments: Experiment) -> dict[str, Measure]:
    """Return all measures by name."""
    return {m.name: m for m in (*training_measures(experiments), *evaluation_measures(experiments))}


def test_a_reading_has_value_step_epoch_and_source() -> None:
    """A loss belongs to its curve's last point and to the file it was read from."""
    run = experiment(
        metrics={"final_loss": 0.5, "global_step": 40},
        series={"loss": curve("loss", [3, 2], first=30, every=10)},
    )
    reading = measures(run)["final_loss"].read(run)
    assert reading is not None
    assert (reading.value, reading.step, reading.source.where) == (0.5, 40, "key final_loss")


def test_a_loss_logged_in_place_of_nan_is_nan() -> None:
    """HF Trainer logs 0.0 for a loss that is not finite; gradients that were NaN to the end tell it."""
    hidden = Finding(
        code=FindingCode.LOSS_NOT_FINITE,
        subject="grad_norm",
        evidence={"metric": "grad_norm", "at_end": True},
    )
    metrics: dict[str, Scalar] = {"final_loss": 0.0, "final_val_loss": 2.0}
    run = experiment(metrics=metrics, findings=(hidden,))
    other = experiment("b", metrics={"final_loss": 1.0, "final_val_loss": 2.0})
    found = measures(run, other)
    reading = found["final_loss"].read(run)
    assert reading is not None
    assert math.isnan(reading.value)
    validation = found["final_val_loss"].read(run)
    assert validation is not None
    assert validation.value == 2.0
    ranking = next(r for r in analyse(material(run, other)).rankings if r.metric == "final_loss")
    assert ranking.order == ("b", "run")


def test_a_validation_loss_belongs_to_its_last_validation() -> None:
    """A validation at step 30 of 40 is not taken for one at the end, and has no known epoch."""
    run = experiment(
        metrics={"final_val_loss": 0.5, "global_step": 40, "epochs": 2.0},
        series={"val_loss": curve("val_loss", [1], 30)},
    )
    reading = measures(run)["final_val_loss"].read(run)
    assert reading is not None
    assert (reading.step, reading.epoch) == (30, None)


def test_without_a_curve_a_metric_belongs_to_the_end() -> None:
    """A value from a summary file is of the run's last step and epoch."""
    run = experiment(metrics={"final_val_loss": 0.5, "global_step": 40, "epochs": 2.0})
    reading = measures(run)["final_val_loss"].read(run)
    assert reading is not None
    assert (reading.step, reading.epoch) == (40, 2.0)


def test_the_last_validation_loss_goes_before_the_best() -> None:
    """The best one is only taken when more runs have it, and then has its own step."""
    both = experiment(metrics={"final_val_loss": 0.5, "best_val_loss": 0.4, "best_val_step": 7})
    best = experiment("b", metrics={"best_val_loss": 0.4, "best_val_step": 7})
    assert "final_val_loss" in measures(both)
    found = measures(both, best)
    assert "final_val_loss" not in found
    reading = found["best_val_loss"].read(best)
    assert reading is not None
    assert reading.step == 7


def test_nan_is_a_reading_and_missing_is_none() -> None:
    """A diverged loss is read as it was logged; text and truth values are no numbers."""
    run = experiment(metrics={"final_loss": math.nan})
    reading = measures(run)["final_loss"].read(run)
    assert reading is not None
    assert not reading.is_finite
    assert not measures(
        experiment(attempts=(), metrics={"final_loss": "n/a", "final_val_loss": True, "mean_last_loss": None})
    )


def test_durations_are_read_of_trained_runs_only() -> None:
    """A killed run's time says nothing of how long training takes."""
    short = failed("a", attempts=(attempt(state=SlurmState.FAILED),))
    assert not measures(short)
    whole = experiment("b")
    reading = measures(whole)["elapsed_s"].read(whole)
    assert reading is not None
    assert (reading.value, reading.source.file, reading.source.where) == (20.0, "sacct", "job 7")


def test_the_last_of_several_attempts_does_not_tell_how_long_training_takes() -> None:
    """It may have gone on from a checkpoint; one that never started took nothing."""
    again = experiment("a", attempts=(attempt("6", SlurmState.TIMEOUT), attempt("7")))
    assert "elapsed_s" not in measures(again)
    unstarted = attempt("6", SlurmState.CANCELLED, start=None, elapsed_s=None)
    assert "elapsed_s" in measures(experiment("b", attempts=(unstarted, attempt("7"))))


def test_the_trainers_own_time_goes_before_the_jobs() -> None:
    """What most runs have is taken, the trainer's own time where as many have it."""
    timed = experiment(metrics={"train_seconds": 12.5})
    assert "train_seconds" in measures(timed)
    assert "elapsed_s" in measures(timed, experiment("b"))


@pytest.mark.parametrize(
    ("metric", "direction"),
    [
        ("match/accuracy", Direction.UP),
        ("acc,none", Direction.UP),
        ("f1/mean", Direction.UP),
        ("Exact-Match", Direction.UP),
        ("nll/mean", Direction.DOWN),
        ("scorer/perplexity", Direction.DOWN),
        ("openai/gsm8k/acc/mean@1", Direction.UP),
        ("math/reward/best@8/mean", Direction.UP),
        ("math/pass@8", Direction.UP),
        ("math/acc/best@8/std", Direction.UNKNOWN),
        ("match/stderr", Direction.UNKNOWN),
        ("accuracy/stderr", Direction.UNKNOWN),
        ("judge/mean", Direction.UNKNOWN),
        ("", Direction.UNKNOWN),
    ],
)
def test_directions_are_known_by_name(metric: str, direction: Direction) -> None:
    """Accuracy-like scores are better high, losses and error rates low; of others nobody knows."""
    assert direction_of(metric) is direction


def scored(name: str, *scores: tuple[str, float]) -> Experiment:
    """Return a run with epochs 0 to 2 saved and these checkpoints scored."""
    saved = tuple(checkpoint(f"{name}/epoch_{n}", epoch=n, is_final=n == 2) for n in range(3))
    logs = tuple(
        evaluation(f"{name}/{n}.eval", at, metrics={"match/accuracy": score})
        for n, (at, score) in enumerate(scores)
    )
    return experiment(name, checkpoints=saved, evaluations=logs, metrics={"global_step": 50})


def test_scores_are_compared_on_the_final_checkpoint() -> None:
    """As soon as two runs evaluated their last epoch, that is what is compared."""
    runs = [
        scored("a", ("epoch_2", 0.9), ("epoch_1", 0.7)),
        scored("b", ("epoch_2", 0.8)),
        scored("c", ("epoch_1", 0.99)),
    ]
    found = measures(*runs)["capitalization/match/accuracy"]
    assert found.checkpoint == "final"
    values = [found.read(run) for run in runs]
    assert [v and v.value for v in values] == [0.9, 0.8, None]
    assert values[0] is not None
    assert values[0].step == 50


def test_scores_are_else_compared_where_most_runs_have_them() -> None:
    """Where the final checkpoint was hardly evaluated, the checkpoint of most runs is compared."""
    runs = [scored("a", ("epoch_2", 0.9), ("epoch_1", 0.7)), scored("b", ("epoch_1", 0.8))]
    found = measures(*runs)["capitalization/match/accuracy"]
    assert found.checkpoint == "epoch_1"
    alone = measures(scored("a", ("epoch_2", 0.9)), scored("b", ("epoch_1", 0.8)))
    assert alone["capitalization/match/accuracy"].checkpoint == "final"
    reading = found.read(runs[1])
    assert reading is not None
    assert (reading.value, reading.epoch) == (0.8, 2.0)


def test_the_latest_score_of_a_checkpoint_counts_and_failures_never() -> None:
    """A second evaluation replaces the first; one that errored gives no score."""
    run = scored("a", ("epoch_2", 0.1), ("epoch_2", 0.6))
    error = evaluation("a/9.eval", "epoch_2", status=EvaluationStatus.ERROR, metrics={"match/accuracy": 1.0})
    run = experiment("a", checkpoints=run.checkpoints, evaluations=(*run.evaluations, error))
    reading = measures(run)["capitalization/match/accuracy"].read(run)
    assert reading is not None
    assert (reading.value, reading.source.file) == (0.6, "a/1.eval")


def test_scores_of_unknown_direction_are_no_measure() -> None:
    """A judge's mean ranks nobody: which way it is better, its name does not say."""
    run = experiment(
        evaluations=(evaluation("a/1.eval", metrics={"judge/mean": 3.0, "match/stderr": 0.1}),), attempts=()
    )
    assert not measures(run)


def test_scorers_that_agree_everywhere_are_one_measure() -> None:
    """Two scorers with the same score of every run say one thing, under the name that stands first."""
    runs = [
        experiment(
            name,
            attempts=(),
            evaluations=(
                evaluation(
                    f"{name}/1.eval", metrics={"match/accuracy": v, "includes/accuracy": v, "f1/f1": w}
                ),
            ),
        )
        for name, v, w in (("a", 0.5, 0.5), ("b", 0.9, 0.8))
    ]
    assert list(measures(*runs)) == ["capitalization/match/accuracy", "capitalization/f1/f1"]


def test_a_score_keeps_its_own_standard_error() -> None:
    """The scorer's stderr over its samples stands beside the score; one that is not a number does not."""
    scores = {
        "match/accuracy": 0.5,
        "match/stderr": 0.1,
        "f1/f1": 0.5,
        "f1/stderr": math.nan,
        "nll": 1.0,
        "stderr": 0.2,
    }
    run = experiment(attempts=(), evaluations=(evaluation("a/1.eval", metrics=scores),))
    found = {name: measure.read(run) for name, measure in measures(run).items()}
    errors = {name.partition("/")[2]: reading.stderr for name, reading in found.items() if reading}
    assert errors == {"match/accuracy": 0.1, "nll": 0.2}


def test_the_newest_evaluation_counts_whatever_its_name() -> None:
    """The time an evaluation was made decides before the name of its log."""
    logs = (
        evaluation("a/9.eval", created=MORNING, metrics={"match/accuracy": 0.1}),
        evaluation("a/1.eval", created=MORNING + timedelta(hours=1), metrics={"match/accuracy": 0.9}),
        evaluation("a/99.eval", metrics={"match/accuracy": 0.5}),
    )
    run = experiment(attempts=(), evaluations=logs)
    reading = measures(run)["capitalization/match/accuracy"].read(run)
    assert reading is not None
    assert reading.value == 0.9


def test_runs_trained_for_a_reward_are_ranked_by_it() -> None:
    """The higher reward is better, and stands before any loss; GRPO's loss begins at zero and rises."""
    worse = experiment(name="a", metrics={"final_loss": 0.01, "final_reward": 0.2})
    better = experiment(name="b", metrics={"final_loss": 0.05, "final_reward": 0.9})
    first = training_measures([worse, better])[0]
    assert (first.name, first.direction) == ("final_reward", Direction.UP)
    report = analyse(material(worse, better))
    assert report.rankings[0].metric == "final_reward"
    assert report.rankings[0].order[0] == "b"
