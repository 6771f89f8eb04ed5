"""Who is best by each measure."""

import math

from afterall.analyse import analyse
from afterall.model import Direction, Experiment, Ranking
from afterall.settings import SetSettings
from analyse.analyse_made import checkpoint, evaluation, experiment, failed, material, trained, unsubmitted


def rankings(*experiments: Experiment) -> dict[str, Ranking]:
    """Return the rankings by metric."""
    return {ranking.metric: ranking for ranking in analyse(material(*experiments)).rankings}


def test_the_lowest_loss_is_best_and_the_missing_last() -> None:
    """Finite losses ascend; NaN and infinity stand behind them, experiments without a number last."""
    found = rankings(
        trained("nan", math.nan),
        trained("c", 3.0),
        trained("inf", -math.inf),
        unsubmitted("never"),
        trained("a", 1.0),
    )["final_val_loss"]
    assert found.order == ("a", "c", "inf", "nan", "never")
    assert found.direction is Direction.DOWN
    assert (math.isnan(found.values["nan"]), found.values["inf"]) == (True, -math.inf)
    assert "never" not in found.values


def test_unfinished_runs_stand_behind_finished_ones() -> None:
    """A killed run's lower loss of an earlier step wins nothing, and is named unfinished."""
    killed = failed("killed", metrics={"final_val_loss": 0.1})
    found = rankings(trained("a", 2.0), trained("b", 1.0), killed)["final_val_loss"]
    assert (found.order, found.unfinished) == (("b", "a", "killed"), ("killed",))


def test_where_nothing_finished_values_rank_all_the_same() -> None:
    """A set of killed runs is still ranked by what they reached."""
    runs = [failed(n, metrics={"final_val_loss": v}) for n, v in (("a", 2.0), ("b", 1.0))]
    assert rankings(*runs)["final_val_loss"].order == ("b", "a")


def test_validation_loss_ranks_first() -> None:
    """What validates decides before what trains, and cost comes last."""
    assert list(rankings(trained("a", 1.0), trained("b", 2.0))) == [
        "final_val_loss",
        "final_loss",
        "elapsed_s",
    ]


def test_a_metric_of_the_settings_decides() -> None:
    """It stands first, in the direction that the person gives, whether or not the report would rank by it."""
    runs = [
        experiment("a", metrics={"final_val_loss": 1.0, "final_entropy": 0.1, "steps_per_second": 2.0}),
        experiment("b", metrics={"final_val_loss": 2.0, "final_entropy": 0.3, "steps_per_second": 1.0}),
    ]
    settings = SetSettings(
        metrics={"steps_per_second": "min", "final_entropy": "max", "final_val_loss": "max"}
    )
    found = analyse(material(*runs, settings=settings)).rankings
    first, second, *_ = found
    assert [(r.metric, r.direction, r.order[0]) for r in (first, second)] == [
        ("final_entropy", Direction.UP, "b"),
        ("final_val_loss", Direction.UP, "b"),
    ]
    speed = next(ranking for ranking in found if ranking.metric == "steps_per_second")
    assert (speed.direction, speed.order[0]) == (Direction.DOWN, "b")
    assert len({ranking.metric for ranking in found}) == len(found)


def test_a_score_whose_name_does_not_tell_ranks_once_somebody_does() -> None:
    """Nobody but its author knows which way a scorer's own number is better."""
    runs = [
        experiment(name, evaluations=(evaluation(f"{name}/1.eval", None, metrics={"judge/vibe": score}),))
        for name, score in (("a", 0.5), ("b", 0.9))
    ]
    name = "capitalization/judge/vibe"
    assert name not in {ranking.metric for ranking in analyse(material(*runs)).rankings}
    found = analyse(material(*runs, settings=SetSettings(metrics={name: "max"}))).rankings[0]
    assert (found.metric, found.order) == (name, ("b", "a"))


def test_a_score_that_is_named_stands_for_those_that_agree_with_it() -> None:
    """Of two scorers with the same numbers the report keeps the one that the settings name."""
    scores = {"exact/accuracy": 0.0, "match/accuracy": 0.0}
    runs = [
        experiment(n, evaluations=(evaluation(f"{n}/1.eval", None, metrics=dict.fromkeys(scores, v)),))
        for n, v in (("a", 0.5), ("b", 0.9))
    ]
    settings = SetSettings(metrics={"capitalization/match/accuracy": "max"})
    found = [ranking.metric for ranking in analyse(material(*runs, settings=settings)).rankings]
    assert found[0] == "capitalization/match/accuracy"
    assert "capitalization/exact/accuracy" not in found


def test_high_accuracy_is_best() -> None:
    """A score that is better high ranks the highest first, on the checkpoint that was compared."""
    runs = [
        experiment(
            name,
            checkpoints=(checkpoint(f"{name}/epoch_2", is_final=True),),
            evaluations=(evaluation(f"{name}/1.eval", metrics={"match/accuracy": score}),),
        )
        for name, score in (("a", 0.5), ("b", 0.9))
    ]
    found = rankings(*runs)["capitalization/match/accuracy"]
    assert (found.order, found.direction, found.checkpoint) == (("b", "a"), Direction.UP, "final")


def test_one_number_ranks_nobody() -> None:
    """A ranking takes at least two experiments with a number, and one that is finite."""
    assert "final_val_loss" not in rankings(trained("a", 1.0), unsubmitted("b"))
    assert "final_val_loss" not in rankings(trained("a", math.nan), trained("b", math.inf))
    assert rankings(trained("a", math.nan), trained("b", 1.0))["final_val_loss"].order == ("b", "a")


def test_ties_need_replicates() -> None:
    """Without repetitions nothing is a tie, however close; with them, what they cannot tell apart is."""
    assert rankings(trained("a", 1.0), trained("b", 1.0 + 1e-9))["final_val_loss"].tied_with_best == ()
    runs = [
        trained(f"r{r}s{s}", v + s / 10, lora_rank=r, seed=s)
        for r, v in ((4, 1.0), (8, 1.05), (64, 99.0))
        for s in (0, 1)
    ]
    found = rankings(*runs)["final_val_loss"]
    assert found.tied_with_best == ("r8s0", "r4s1", "r8s1")
    assert found.noise_sd is not None


def test_runs_of_a_setting_that_is_told_apart_do_not_tie() -> None:
    """A run near the best one ties with nobody where five seeds each show that its setting is worse."""
    means = {4: (2.099, 2.095, 2.104, 2.108, 2.073), 16: (2.023, 2.052, 2.037, 2.049, 2.019)}
    runs = [trained(f"r{r}s{s}", loss, lora_rank=r, seed=s) for r in means for s, loss in enumerate(means[r])]
    tied = rankings(*runs)["final_val_loss"].tied_with_best
    assert set(tied) == {"r16s0", "r16s1", "r16s2", "r16s3"}


def test_equal_numbers_keep_natural_order() -> None:
    """Runs that reached the same stand as their names do."""
    assert rankings(*(trained(f"r{n}", 1.0) for n in (10, 9, 2)))["final_val_loss"].order == (
        "r2",
        "r9",
        "r10",
    )
