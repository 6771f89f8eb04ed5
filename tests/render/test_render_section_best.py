"""Best Run says what decides and why, which checkpoints scores prefer, and where good weights lie."""

import pytest
from msgspec.structs import replace

from afterall.analyse import analyse
from afterall.model import Checkpoint, Evaluation, Experiment, Scalar, Verdict
from afterall.render.documents import render
from afterall.settings import SetSettings
from analyse.analyse_made import checkpoint, curve, evaluation, experiment, material, trained
from render.render_sections import section


def analysed(*experiments: Experiment, **settings: object) -> str:
    """Return RESULTS.md of experiments, without figures."""
    chosen = SetSettings(**{"figures": False, **settings})  # type: ignore[arg-type]
    report = analyse(material(*experiments, settings=chosen))
    return render(report, chosen, "", {})["RESULTS.md"].decode()


def best_run(*experiments: Experiment, **settings: object) -> str:
    """Return what stands under Best Run."""
    return section(analysed(*experiments, **settings), "1. Best Run")


def scored(name: str, at: str, score: float, error: float = 0.01) -> Evaluation:
    """Return an evaluation of one of a run's checkpoints."""
    metrics = {"match/accuracy": score, "match/stderr": error}
    return evaluation(f"{name}/{at}.eval", at, metrics=metrics)


def logged(name: str, mean: float, last: float) -> Experiment:
    """Return a run that logged enough losses for their last ones to have a mean."""
    metrics: dict[str, Scalar] = {"final_loss": last, "mean_last_loss": mean, "global_step": 50}
    return experiment(name, metrics=metrics, series={"loss": curve("loss", [1.0] * 50)})


def test_the_loss_that_decides_is_the_one_that_is_told() -> None:
    """The head's number stands under Best Run too, and the other loss's order by its name."""
    runs = (logged("a", 0.5, 0.4), logged("b", 0.6, 0.7))
    line = "Mean training loss of the last logged steps: **a** (0.5), then b (0.6)"
    assert f"**Result:** {line};" in analysed(*runs)
    told = best_run(*runs)
    assert f"- {line}; the same order by final training loss." in told
    assert "- Final training loss" not in told
    table = " ".join(section(analysed(*runs), "Training Results Summary").split())
    assert "| Final Loss | Loss, Last Steps |" in table
    assert "| 0.4 | 0.5 |" in table


def test_comparisons_are_by_the_loss_that_decides() -> None:
    """By the mean where it ranks the runs, by the last loss beside a validation loss."""
    runs = [
        replace(run, parameters=trained(run.name, 1.0, lora_rank=rank).parameters)
        for run, rank in ((logged("a", 0.5, 0.4), 4), (logged("b", 0.6, 0.7), 8))
    ]
    told = section(analysed(*runs), "2. LoRA Rank Impact")
    assert (
        "**Mean training loss of the last logged steps:** rank 4 was 1.2× lower than rank 8 (0.5 vs 0.6"
        in told
    )
    assert "Final training loss" not in told
    valid = [
        replace(run, metrics={**trained(run.name, loss).metrics, **run.metrics})
        for run, loss in zip(runs, (0.9, 1.8), strict=True)
    ]
    told = section(analysed(*valid), "2. LoRA Rank Impact")
    assert "**Final training loss:** rank 4 was 1.7× lower than rank 8 (0.4 vs 0.7" in told
    assert "Mean training loss" not in told


def test_another_order_by_the_last_losses_is_told_beside_it() -> None:
    """Each under its own name."""
    told = best_run(logged("a", 0.5, 0.7), logged("b", 0.6, 0.4))
    assert "- Mean training loss of the last logged steps: **a** (0.5), then b (0.6)." in told
    assert "- Final training loss: **b** (0.4), then a (0.7)." in told


def test_the_mean_is_told_where_somebody_asks_for_it() -> None:
    """Also beside a validation loss that ranks alike."""
    runs = [
        replace(run, metrics={**run.metrics, **trained(run.name, loss).metrics})
        for run, loss in ((logged("a", 0.5, 0.4), 0.9), (logged("b", 0.6, 0.7), 1.8))
    ]
    assert "Mean training loss" not in best_run(*runs)
    asked = best_run(*runs, metrics={"mean_last_loss": "min"})
    assert asked.lstrip().startswith("- Mean training loss of the last logged steps: **a** (0.5)")


def ended(name: str, loss: float, score: float, **fields: object) -> Experiment:
    """Return a run with a score of its last checkpoint."""
    metrics: dict[str, Scalar] = {"final_loss": loss, "global_step": 50}
    kept = (checkpoint(f"{name}/epoch_2", is_final=True),)
    told = (scored(name, "epoch_2", score),)
    return experiment(name, **{"metrics": metrics, "checkpoints": kept, "evaluations": told, **fields})


def test_why_a_score_decides_is_said() -> None:
    """Where training losses are there and nobody named the score; not of a validation loss."""
    runs = (ended("a", 0.1, 0.5), ended("b", 0.9, 0.8))
    reason = "The score of an evaluation decides, not the training loss: no validation loss ranks the runs"
    told = best_run(*runs)
    assert told.lstrip().startswith("- `capitalization/match/accuracy` on the final checkpoint: **b** (0.8)")
    assert reason in told
    assert "Of several scores" not in told
    assert reason not in best_run(*runs, metrics={"capitalization/match/accuracy": "max"})
    valid = [
        replace(r, metrics={**r.metrics, **trained(r.name, 1.0 + n).metrics}) for n, r in enumerate(runs)
    ]
    assert reason not in best_run(*valid)


def test_of_several_scores_the_way_to_choose_is_said() -> None:
    """Two tasks that all runs have a score of."""
    runs = [
        replace(run, evaluations=(*run.evaluations, replace(run.evaluations[0], task="other")))
        for run in (ended("a", 0.1, 0.5), ended("b", 0.9, 0.8))
    ]
    told = best_run(*runs)
    assert "Of several scores the first decides, unless `[metrics]` in `afterall.toml` names another." in told


def epochs(name: str, *evaluations: Evaluation) -> Experiment:
    """Return a run of three epochs with these evaluations."""
    kept = tuple(checkpoint(f"{name}/epoch_{n}", epoch=n, is_final=n == 2) for n in range(3))
    return experiment(name, checkpoints=kept, evaluations=evaluations)


def test_a_checkpoint_that_scores_better_than_the_last_is_named() -> None:
    """With both scores and what is known of chance, also where the set has one run alone."""
    run = epochs("a", scored("a", "epoch_1", 0.9), scored("a", "epoch_2", 0.7))
    line = (
        "- a: checkpoint `epoch_1` scored 0.9 by `capitalization/match/accuracy`, the last (`epoch_2`) 0.7; "
        "beyond chance of the samples (by both standard errors p < 0.0001).\n"
    )
    assert line in best_run(run)
    step = "Use `a/epoch_1` of a rather than its last one: by `capitalization/match/accuracy` the two scored"
    assert f"{step} 0.9 and 0.7, which samples alone do not explain." in analysed(run)
    near = epochs("a", scored("a", "epoch_1", 0.71), scored("a", "epoch_2", 0.7))
    assert "checkpoint `epoch_1` scored" not in analysed(near)


def test_of_many_such_runs_the_others_are_counted() -> None:
    """Four are named, with how many comparisons the p-value is corrected for."""
    runs = [epochs(n, scored(n, "epoch_1", 0.9), scored(n, "epoch_2", 0.7)) for n in "abcdef"]
    told = best_run(*runs)
    assert told.count("checkpoint `epoch_1` scored") == 4
    assert "p < 0.0001 corrected for 6 comparisons" in told
    assert "… and 2 more runs have such a checkpoint, named under Next Steps and in RESULTS.json." in told


def stepped(name: str, score: float, verdict: Verdict = Verdict.OK) -> Experiment:
    """Return a run of 300 steps with a score of the last step's checkpoint, and a `final` beside it."""
    kept: tuple[Checkpoint, ...] = (
        checkpoint(f"{name}/checkpoint-300", step=300),
        checkpoint(name, name="final", is_final=True, verdict=verdict),
    )
    told = (scored(name, "checkpoint-300", score),)
    return experiment(name, checkpoints=kept, evaluations=told, metrics={"global_step": 300})


@pytest.mark.parametrize(
    ("verdict", "word"),
    [(Verdict.CORRUPT, "corrupt"), (Verdict.INCOMPLETE, "incomplete"), (Verdict.MISSING, "missing")],
)
def test_a_broken_last_state_is_ranked_by_the_checkpoint_of_its_step(verdict: Verdict, word: str) -> None:
    """Beside others' `final`: with its score, on what grounds, and where the good weights are."""
    others = [ended("x", 0.5, 0.6), ended("y", 0.5, 0.5)]
    told = analysed(stepped("best", 0.9, verdict), *others)
    ranked = (
        "`capitalization/match/accuracy` on the final checkpoint: **best** (0.9), then x (0.6) and y (0.5)."
    )
    assert ranked in told
    assert (
        f"The last checkpoint of best is {word}; the one that its score is of lies in `best/checkpoint-300`."
        in told
    )
    own = (
        "and has no score of its own: that of `checkpoint-300`, saved at the same step (300), stands for it."
    )
    assert f"`final` of best is {word} {own}" in told
    good = analysed(stepped("best", 0.9), *others)
    assert "by its step (300) it is taken for the state" in good
    assert ranked in good
