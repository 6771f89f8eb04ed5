"""Scores that all runs have outweigh their training losses, and no validation loss."""

import math

import pytest
from msgspec.structs import replace

from afterall.analyse import analyse
from afterall.model import Checkpoint, Experiment, Scalar
from afterall.settings import SetSettings
from analyse.analyse_made import checkpoint, evaluation, experiment, facts, failed, material

SCORE = "capitalization/match/accuracy"


def run(name: str, loss: float, score: float | None, at: str = "epoch_2") -> Experiment:
    """Return a finished run of three epochs with a training loss and, where given, a score."""
    kept: tuple[Checkpoint, ...] = (
        checkpoint(f"{name}/epoch_1", epoch=1),
        checkpoint(f"{name}/epoch_2", epoch=2, is_final=True),
    )
    told = () if score is None else (evaluation(f"{name}/1.eval", at, metrics={"match/accuracy": score}),)
    numbers: dict[str, Scalar] = {"final_loss": loss, "global_step": 50, "epochs": 3.0}
    return experiment(name, metrics=numbers, checkpoints=kept, evaluations=told)


def deciding(*runs: Experiment, **fields: object) -> tuple[str, tuple[str, ...]]:
    """Return the measure that decides, and its order."""
    first = analyse(material(*runs, **fields)).rankings[0]
    return first.metric, first.order


def test_a_score_of_every_run_outweighs_the_training_loss() -> None:
    """Who learnt the data by heart is not best."""
    runs = [run("heart", 0.1, 0.5), run("head", 0.9, 0.8)]
    assert deciding(*runs) == (SCORE, ("head", "heart"))
    named = SetSettings(metrics={"final_loss": "min"})
    assert deciding(*runs, settings=named) == ("final_loss", ("heart", "head"))


def test_a_validation_loss_and_a_reward_stay_before_it() -> None:
    """They are of unseen data, or what was trained for."""
    for metric, best in (("final_val_loss", "heart"), ("final_reward", "head")):
        runs = [
            replace(one, metrics={**one.metrics, **facts({metric: value}, "log")})
            for one, value in ((run("heart", 0.1, 0.5), 1.0), (run("head", 0.9, 0.4), 2.0))
        ]
        assert deciding(*runs)[0] == metric
        assert deciding(*runs)[1][0] == best


@pytest.mark.parametrize(
    "third", [run("c", 0.5, None), run("c", 0.5, 0.7, at="epoch_1"), run("c", 0.5, math.nan)]
)
def test_a_score_that_one_run_lacks_of_its_end_decides_nothing(third: Experiment) -> None:
    """Be it without any, with one of an earlier checkpoint, or with none that is a number."""
    runs = [run("a", 0.1, 0.5), run("b", 0.9, 0.8), third]
    assert deciding(*runs) == ("final_loss", ("a", "c", "b"))


def test_scores_of_an_earlier_checkpoint_speak_for_no_end() -> None:
    """Though all runs have them; without any place in training neither does a checkpoint's score."""
    assert deciding(run("a", 0.1, 0.5, at="epoch_1"), run("b", 0.9, 0.8, at="epoch_1"))[0] == "final_loss"
    stepped = [
        replace(one, checkpoints=(checkpoint(f"{one.name}/checkpoint-50", step=50),))
        for one in (run("a", 0.1, 0.5, at="checkpoint-50"), run("b", 0.9, 0.8, at="checkpoint-50"))
    ]
    assert deciding(*stepped) == (SCORE, ("b", "a"))
    unplaced = [replace(one, metrics={"final_loss": one.metrics["final_loss"]}) for one in stepped]
    assert deciding(*unplaced)[0] == "final_loss"


def test_a_score_that_tells_nobody_apart_decides_nothing() -> None:
    """Where all have the same, the training loss is all that is left."""
    assert deciding(run("a", 0.1, 1.0), run("b", 0.9, 1.0))[0] == "final_loss"


def test_runs_that_no_loss_ranks_need_no_score() -> None:
    """One that broke off or diverged is behind the others anyway."""
    lost, cut = run("lost", math.nan, None), failed("cut", metrics={"final_loss": 0.5})
    assert deciding(run("a", 0.1, 0.5), run("b", 0.9, 0.8), lost, cut)[0] == SCORE
