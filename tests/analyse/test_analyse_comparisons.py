"""Pairs of settings, what differs in them, and how sure the difference is."""

import math

from msgspec.structs import replace

from afterall.analyse import analyse
from afterall.model import CheckpointKind, ComparedAt, Comparison, Direction, Experiment, SlurmState, State
from afterall.settings import SetSettings
from analyse.analyse_made import checkpoint, curve, experiment, failed, material, trained


def compared(
    *experiments: Experiment, metric: str = "final_val_loss", **settings: tuple[str, ...]
) -> list[Comparison]:
    """Return the comparisons by one metric."""
    report = analyse(material(*experiments, settings=SetSettings(**settings)))  # type: ignore[arg-type]
    return [c for c in report.comparisons if c.metric == metric]


def pairs(comparisons: list[Comparison]) -> list[tuple[str, str, str]]:
    """Return parameter and both experiments of each comparison."""
    return [(c.parameter, c.a.experiment, c.b.experiment) for c in comparisons]


def factorial() -> list[Experiment]:
    """Return two models by two ranks, as report-spec's example is."""
    return [
        trained(f"{m}_rank{r}", v, model=m, lora_rank=r, lora_alpha=2 * r)
        for (m, r), v in {("1B", 4): 4.0, ("1B", 64): 3.0, ("3B", 4): 2.0, ("3B", 64): 1.0}.items()
    ]


def test_a_factorial_design_is_compared_along_each_parameter() -> None:
    """Each pair differs in one parameter alone, the others being told as equal."""
    found = compared(*factorial())
    assert pairs(found) == [
        ("model", "1B_rank4", "3B_rank4"),
        ("model", "1B_rank64", "3B_rank64"),
        ("lora_rank", "1B_rank4", "1B_rank64"),
        ("lora_rank", "3B_rank4", "3B_rank64"),
    ]
    rank = found[2]
    assert (rank.a.setting, rank.a.value, rank.b.setting, rank.b.value) == (4, 4.0, 64, 3.0)
    assert (rank.equal, rank.confounders, rank.moves_with) == ({"model": "1B"}, (), ("lora_alpha",))
    assert (rank.direction, rank.compared_at, rank.same_step) == (Direction.DOWN, ComparedAt.STEP, True)
    assert (rank.noise_sd, rank.p_value, rank.within_noise) == (None, None, None)


def test_the_lower_value_is_a_whatever_the_order_of_the_runs() -> None:
    """Side a has the lower setting, also when its run is called last."""
    found = compared(trained("a", 1.0, lora_rank=64), trained("z", 2.0, lora_rank=4))
    assert pairs(found) == [("lora_rank", "z", "a")]


def test_neighbours_and_the_extremes_are_compared() -> None:
    """Of four values three neighbouring pairs and the lowest with the highest."""
    found = compared(*(trained(f"r{r}", float(r), lora_rank=r) for r in (4, 8, 16, 64)))
    assert [(c.a.setting, c.b.setting) for c in found] == [(4, 8), (8, 16), (16, 64), (4, 64)]


def test_confounded_pairs_name_what_else_differs() -> None:
    """Rank 64, which ran with another rate only, is compared and marked; the pair is listed once."""
    runs = [
        trained("r4", 3.0, lora_rank=4, learning_rate=0.1),
        trained("r16", 2.0, lora_rank=16, learning_rate=0.1),
        trained("r64", 1.0, lora_rank=64, learning_rate=0.01),
    ]
    found = compared(*runs)
    assert [(c.parameter, c.a.setting, c.b.setting, c.confounders) for c in found] == [
        ("lora_rank", 4, 16, ()),
        ("lora_rank", 16, 64, (("learning_rate", 0.1, 0.01),)),
        ("lora_rank", 4, 64, (("learning_rate", 0.1, 0.01),)),
    ]


def test_a_clean_pair_leaves_no_room_for_a_confounded_one() -> None:
    """Two values that a clean pair joins are not compared confounded as well."""
    runs = [
        trained("a", 1.0, lora_rank=4, epochs=1),
        trained("b", 2.0, lora_rank=64, epochs=1),
        trained("c", 3.0, lora_rank=64, epochs=2),
    ]
    assert all(not c.confounders for c in compared(*runs))


def test_the_nearest_pair_is_the_confounded_one() -> None:
    """Of several confounded pairs the one that differs least is told."""
    runs = [
        trained("a", 1.0, lora_rank=4, epochs=1, batch_size=1),
        trained("b", 2.0, lora_rank=64, epochs=2, batch_size=2),
        trained("c", 3.0, lora_rank=64, epochs=2, batch_size=1),
    ]
    found = [c for c in compared(*runs) if c.parameter == "lora_rank"]
    assert pairs(found) == [("lora_rank", "a", "c")]


def test_an_unsaid_setting_is_a_confounder() -> None:
    """What one run does not say may differ, and stands as None."""
    found = compared(
        trained("a", 1.0, lora_rank=4, epochs=1),
        trained("b", 2.0, lora_rank=8),
        trained("c", 2.0, lora_rank=4, epochs=2),
    )
    unsaid = next(c for c in found if c.b.experiment == "b")
    assert unsaid.confounders in [(("epochs", 1, None),), (("epochs", 2, None),)]


def test_different_steps_forbid_a_ratio() -> None:
    """A run killed at step 20 is not compared with step 50 as if it were the same."""
    dead = failed("b", parameters={"lora_rank": 64}, metrics={"final_val_loss": 1.0, "global_step": 20})
    (found,) = compared(trained("a", 2.0, lora_rank=4), dead)
    assert (found.same_step, found.compared_at, found.a.step, found.b.step) == (
        False,
        ComparedAt.NEITHER,
        50,
        20,
    )


def test_equal_epochs_make_up_for_unequal_steps() -> None:
    """Twice the batch is half the steps: the same epoch is the same point of training."""
    metrics = {"final_val_loss": 1.0, "epochs": 3.0}
    runs = [
        experiment("b8", parameters={"batch_size": 8}, metrics={**metrics, "global_step": 1500}),
        experiment(
            "b4", parameters={"batch_size": 4}, metrics={**metrics, "epochs": 2.9995, "global_step": 3000}
        ),
    ]
    (found,) = compared(*runs)
    assert (found.same_step, found.compared_at) == (True, ComparedAt.EPOCH)


def test_unknown_places_are_not_the_same_place() -> None:
    """Two values without any step or epoch allow no ratio."""
    runs = [
        experiment(n, parameters={"lora_rank": r}, metrics={"final_val_loss": 1.0})
        for n, r in (("a", 4), ("b", 8))
    ]
    assert [c.compared_at for c in compared(*runs)] == [ComparedAt.NEITHER]


def test_throughput_is_compared_wherever_the_runs_stand() -> None:
    """A rate needs no common step, and more of it is better."""
    made = {"tokens_per_second_per_gpu": 100.0}
    runs = [
        experiment("a", parameters={"lora_rank": 4}, metrics={**made, "global_step": 9}),
        experiment("b", parameters={"lora_rank": 8}, metrics=made),
    ]
    (found,) = compared(*runs, metric="tokens_per_second_per_gpu")
    assert (found.compared_at, found.direction, found.same_step) == (ComparedAt.RATE, Direction.UP, True)


def replicated() -> list[Experiment]:
    """Return ranks 4 and 64 with three seeds each; 64 is better by far more than seeds differ, 8 is not."""
    values = {4: (1.0, 1.1, 1.2), 8: (1.0, 1.1, 1.21), 64: (0.1, 0.2, 0.3)}
    return [
        trained(f"r{r}s{s}", v, lora_rank=r, seed=s) for r, vs in values.items() for s, v in enumerate(vs)
    ]


def test_replicates_are_compared_as_means_with_their_noise() -> None:
    """Each side is mean, deviation and number; what lies within the noise is a tie."""
    small, large, extremes = compared(*replicated())
    assert (small.a.n, small.a.experiments) == (3, ("r4s0", "r4s1", "r4s2"))
    assert math.isclose(small.a.value, 1.1)
    assert math.isclose(small.a.sd or 0, 0.1)
    assert (small.within_noise, large.within_noise, extremes.within_noise) == (True, False, False)
    assert small.same_seeds
    assert small.noise_sd is not None
    assert 0.1 < small.noise_sd < 0.11


def test_a_single_run_is_judged_by_the_noise_of_the_others() -> None:
    """One run of rank 16 ties with rank 8 by what other settings' seeds differ."""
    found = compared(*replicated(), trained("r16", 1.12, lora_rank=16, seed=0))
    single = next(c for c in found if c.b.experiment == "r16")
    assert (single.b.n, single.b.sd, single.within_noise, single.same_seeds) == (1, None, True, False)


def test_diverged_replicates_are_named_and_not_averaged() -> None:
    """NaN never enters a mean, and never goes unmentioned."""
    runs = [
        r if r.name != "r64s1" else trained("r64s1", math.nan, lora_rank=64, seed=1) for r in replicated()
    ]
    large = next(c for c in compared(*runs) if c.b.setting == 64)
    assert (large.b.n, large.b.experiments, large.b.not_finite) == (2, ("r64s0", "r64s2"), ("r64s1",))


def test_a_setting_that_only_diverged_compares_with_nothing() -> None:
    """There is no number to set beside another."""
    assert not compared(trained("a", 1.0, lora_rank=4), trained("b", math.inf, lora_rank=8))


def test_an_unfinished_replicate_stays_out_of_the_mean() -> None:
    """A killed repetition has a loss of another step, and is left out where others trained."""
    killed = experiment(
        "r4s9",
        state=State.TIMEOUT,
        completion=failed("x").completion,
        attempts=failed("x", State.TIMEOUT, SlurmState.TIMEOUT).attempts,
        parameters={"lora_rank": 4, "seed": 9},
        metrics={"final_val_loss": 99.0, "global_step": 3},
    )
    first = compared(*replicated(), killed)[0]
    assert first.a.experiments == ("r4s0", "r4s1", "r4s2")


def test_chosen_parameters_limit_what_is_compared_not_what_confounds() -> None:
    """A set compared by rank alone still says that the rate changed too."""
    runs = [
        trained("a", 1.0, lora_rank=4, learning_rate=0.1),
        trained("b", 2.0, lora_rank=64, learning_rate=0.2),
    ]
    (found,) = compared(*runs, parameters=("lora_rank",))
    assert (found.parameter, found.confounders) == ("lora_rank", (("learning_rate", 0.1, 0.2),))


def test_the_number_of_comparisons_is_bounded() -> None:
    """Two hundred runs of a grid give no more than a report can use."""
    grid = [
        trained(f"r{n}", float(n), lora_rank=n % 10, learning_rate=n // 10 % 10, epochs=n // 100, zeta=n % 7)
        for n in range(200)
    ]
    assert 0 < len(compared(*grid)) <= 4 * 30


def test_the_curve_gives_a_loss_its_step() -> None:
    """The last logged point says which step a final loss belongs to."""
    runs = [
        experiment(
            n,
            parameters={"lora_rank": r},
            metrics={"final_loss": 1.0},
            series={"loss": curve("loss", [2, 1], 5, 5)},
        )
        for n, r in (("a", 4), ("b", 8))
    ]
    (found,) = compared(*runs, metric="final_loss")
    assert (found.a.step, found.compared_at) == (10, ComparedAt.STEP)


def test_runs_that_do_not_say_are_not_compared_by_what_they_might_have() -> None:
    """A run of unknown rank is no run without rank: only full fine-tuning is compared as that."""
    runs = [trained("a", 1.0, lora_rank=4), trained("b", 2.0, lora_rank=8)]
    assert len(compared(*runs, trained("silent", 3.0))) == 1
    full = replace(
        trained("full", 3.0), checkpoints=(checkpoint("full/e", kind=CheckpointKind.FULL, files=()),)
    )
    assert [(c.a.setting, c.b.setting) for c in compared(*runs, full)] == [(4, 8), (8, None), (4, None)]


def test_seeds_are_only_the_same_where_both_are_known() -> None:
    """A run that says no seed ran neither the same nor another one."""
    (found,) = compared(trained("a", 1.0, lora_rank=4, seed=1), trained("b", 2.0, lora_rank=8))
    assert found.same_seeds is None
