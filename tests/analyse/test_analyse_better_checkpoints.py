"""A checkpoint that scores clearly better than its run's last one is found, and no other."""

import struct
from collections.abc import Mapping

import pytest
from msgspec.structs import replace

from afterall.analyse import analyse
from afterall.model import (
    BetterCheckpoint,
    Direction,
    Evaluation,
    Experiment,
    NextStepKind,
    SampleScores,
    State,
    Verdict,
)
from afterall.settings import SetSettings
from analyse.analyse_asking import steps
from analyse.analyse_made import checkpoint, evaluation, experiment, material

ACCURACY = "match/accuracy"


def saved(name: str, *evaluations: Evaluation, **fields: object) -> Experiment:
    """Return a finished run of three epochs with these evaluations."""
    kept = tuple(checkpoint(f"{name}/epoch_{n}", epoch=n, is_final=n == 2) for n in range(3))
    return experiment(name, **{"checkpoints": kept, "evaluations": evaluations, **fields})


def scored(
    checkpoint_name: str, score: float, error: float | None = 0.01, metric: str = ACCURACY
) -> Evaluation:
    """Return an evaluation's score, with its standard error where it has one."""
    errors = {} if error is None else {f"{metric}_stderr": error}
    return evaluation(f"{checkpoint_name}.eval", checkpoint_name, metrics={metric: score, **errors})


def answered(checkpoint_name: str, right: int, of: int = 100) -> Evaluation:
    """Return an evaluation of which the samples are known, the first ones right."""
    values = [1.0] * right + [0.0] * (of - right)
    samples = SampleScores(struct.pack(f"<{of}Q", *range(of)), struct.pack(f"<{of}d", *values))
    # Of independent samples the two scores below would be within their errors.
    told = scored(checkpoint_name, right / of, 0.05)
    return replace(told, sample_scores={ACCURACY: samples})


def better(*runs: Experiment, **settings: object) -> list[BetterCheckpoint]:
    """Return what is found of a set."""
    return list(analyse(material(*runs, **settings)).better_checkpoints)


def test_an_earlier_checkpoint_that_scores_clearly_better_is_found() -> None:
    """Beyond both standard errors; one within them is not, nor one that is worse."""
    (found,) = better(saved("a", scored("epoch_1", 0.9), scored("epoch_2", 0.7)))
    assert (found.experiment, found.checkpoint, found.path) == ("a", "epoch_1", "a/epoch_1")
    assert (found.metric, found.value, found.last_value) == (f"capitalization/{ACCURACY}", 0.9, 0.7)
    assert (found.last, found.pairs, found.family) == ("epoch_2", None, 1)
    assert found.p_value < 1e-9
    assert not better(saved("a", scored("epoch_1", 0.72), scored("epoch_2", 0.7)))
    assert not better(saved("a", scored("epoch_1", 0.5), scored("epoch_2", 0.7)))


def test_without_errors_or_samples_nothing_is_better() -> None:
    """Nobody knows how far chance goes, be the difference as large as it is."""
    assert not better(saved("a", scored("epoch_1", 0.9, None), scored("epoch_2", 0.1)))


def test_samples_are_compared_one_by_one() -> None:
    """Seven samples that one of them alone gets are more than chance, which both errors would allow."""
    (found,) = better(saved("a", answered("epoch_1", 57), answered("epoch_2", 50)))
    assert found.pairs is not None
    assert (found.pairs.samples, found.pairs.higher_b, found.pairs.higher_a) == (100, 7, 0)
    assert found.p_value == pytest.approx(2 * 0.5**7)
    assert not better(saved("a", answered("epoch_1", 55), answered("epoch_2", 50)))


def test_all_checkpoints_that_were_tried_count() -> None:
    """What one comparison would show is chance among those of several runs."""
    alone = saved("a", answered("epoch_1", 56), answered("epoch_2", 50))
    (found,) = better(alone)
    assert found.family == 1
    others = [saved(name, answered("epoch_1", 50), answered("epoch_2", 50)) for name in "bc"]
    assert not better(alone, *others)


def test_the_best_of_several_is_told() -> None:
    """One checkpoint a run and task, the one that scores best."""
    run = saved("a", scored("epoch_0", 0.95), scored("epoch_1", 0.9), scored("epoch_2", 0.7))
    assert [each.checkpoint for each in better(run)] == ["epoch_0"]


def test_lower_is_better_where_the_score_is_a_loss() -> None:
    """A score's name or the settings say which way it is better; where nobody does, nothing is told."""
    low = [scored("epoch_1", 1.0, metric="word_perplexity"), scored("epoch_2", 2.0, metric="word_perplexity")]
    assert [each.value for each in better(saved("a", *low))] == [1.0]
    vibes = [scored("epoch_1", 1.0, metric="vibe"), scored("epoch_2", 2.0, metric="vibe")]
    assert not better(saved("a", *vibes))
    wanted = SetSettings(metrics={"capitalization/vibe": "min"})
    assert [each.value for each in better(saved("a", *vibes), settings=wanted)] == [1.0]


@pytest.mark.parametrize(
    "change",
    [
        {"state": State.RUNNING},
        {"broken": Verdict.CORRUPT},
        {"same": True},
        {"unscored": True},
    ],
)
def test_what_cannot_be_used_or_compared_is_not_better(change: Mapping[str, object]) -> None:
    """A living run's, a broken one, the same state under another name, or one beside no score of the end."""
    run = saved("a", scored("epoch_1", 0.9), scored("epoch_2", 0.7))
    kept = list(run.checkpoints)
    if "broken" in change:
        kept[1] = replace(kept[1], verdict=Verdict.CORRUPT)
    if "same" in change:
        kept = [
            replace(c, files=tuple(replace(f, digest=f.path.rpartition("/")[2]) for f in c.files))
            for c in kept
        ]
    run = replace(run, checkpoints=tuple(kept), state=change.get("state", run.state))
    if "unscored" in change:
        run = replace(run, evaluations=(scored("epoch_1", 0.9), scored("epoch_0", 0.1)))
    assert not better(run)


def test_the_newest_state_is_the_last_where_none_was_promised() -> None:
    """And what stands for the promised one, where that has no score of its own."""
    kept = (checkpoint("a/checkpoint-10", step=10), checkpoint("a/checkpoint-20", step=20))
    told = (scored("checkpoint-10", 0.9), scored("checkpoint-20", 0.7))
    (found,) = better(saved("a", *told, checkpoints=kept))
    assert (found.checkpoint, found.last) == ("checkpoint-10", "checkpoint-20")
    ended = (*kept, checkpoint("a", name="final", is_final=True))
    (found,) = better(saved("a", *told, checkpoints=ended, metrics={"global_step": 20}))
    assert (found.checkpoint, found.last) == ("checkpoint-10", "checkpoint-20")
    assert not better(saved("a", *told, checkpoints=ended, metrics={"global_step": 30}))


def test_it_is_a_next_step_and_stays_on_disk() -> None:
    """The step names the checkpoint's path and both scores."""
    run = saved("a", scored("epoch_1", 0.9), scored("epoch_2", 0.7))
    (found,) = steps(NextStepKind.EARLIER_CHECKPOINT, run)
    assert found.details == {
        "checkpoint": "a/epoch_1",
        "metric": f"capitalization/{ACCURACY}",
        "measured": "0.9, 0.7",
    }
    assert (found.experiments, found.because, found.command) == (("a",), None, "")


def test_directions_are_those_of_the_ranking() -> None:
    """A score that the settings turn round prefers the lower one, as the ranking does."""
    runs = [
        saved(name, scored("epoch_1", 0.5), scored("epoch_2", score))
        for name, score in (("a", 0.7), ("b", 0.8))
    ]
    settings = SetSettings(metrics={f"capitalization/{ACCURACY}": "min"})
    report = analyse(material(*runs, settings=settings))
    assert report.rankings[0].direction is Direction.DOWN
    assert [each.experiment for each in report.better_checkpoints] == ["a", "b"]
