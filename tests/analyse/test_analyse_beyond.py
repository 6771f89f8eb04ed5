"""Where the best run stands at the edge of what was tried, the next value is proposed; elsewhere none is."""

import math
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from afterall.analyse.steps.values import value_beyond
from afterall.model import CheckpointKind, Experiment, NextStepKind, Scalar
from afterall.settings import SetSettings
from analyse.analyse_asking import step, steps
from analyse.analyse_made import checkpoint, evaluation, experiment, failed, trained, unsubmitted

BEYOND = NextStepKind.BEYOND_RANGE


def sweep(name: str, losses: Mapping[float, float], **common: Scalar) -> list[Experiment]:
    """Return a finished run for each value of a parameter, with its validation loss at step 50."""
    return [trained(f"r{n}", loss, **{name: v, **common}) for n, (v, loss) in enumerate(losses.items())]


@pytest.mark.parametrize(
    ("tried", "upwards", "whole", "expected"),
    [
        ([4, 16, 64], True, True, 256),
        ([4, 16, 64], False, True, 1),
        ([1, 2, 4], False, True, None),
        ([8, 16, 64], True, True, 256),
        ([10, 20, 30], True, True, 40),
        ([10, 20, 30], False, True, 0),
        ([1e-5, 1e-4, 1e-3], True, False, 1e-2),
        ([1e-5, 1e-4, 1e-3], False, False, 1e-6),
        ([1e-5, 3e-5, 1e-4], True, False, 3e-4),
        ([3e-5, 1e-4, 3e-4], True, False, 1e-3),
        ([3e-5, 1e-4, 3e-4], False, False, 1e-5),
        ([1e-4, 2e-4, 4e-4], True, False, 8e-4),
        ([2e-5, 5e-5, 1e-4], True, False, 2e-4),
        ([0.0, 0.05, 0.1], True, False, 0.15),
        ([0.0, 0.01, 0.1], True, False, 1.0),
        ([0.0, 0.01, 0.1], False, False, None),
        ([4, 16], True, True, None),
        ([1e29, 1e30, 1e31], True, False, None),
        ([1e-6, 1e-5, 1e-3], True, False, 1e-2),
        ([1e-6, 1e-4, 1e-3], False, False, 1e-7),
        ([8, 16, 256], True, True, 1024),
    ],
)
def test_the_next_value_goes_on_as_the_tried_ones_do(
    tried: list[float], upwards: bool, whole: bool, expected: float | None
) -> None:
    """By the ratio of the last two, or by the difference where all differ alike; whole ones stay whole."""
    found = value_beyond(tried, upwards=upwards, whole=whole)
    assert found == (None if expected is None else pytest.approx(expected))


@pytest.mark.parametrize(
    ("tried", "whole", "least", "expected"),
    [
        ([1e-4, 2e-4, 3e-4], False, 1e-30, 5e-5),
        ([8, 16, 24], True, 1, 4),
        ([0.1, 0.2, 0.3], False, 0, 0.0),
        ([1, 2, 3], True, 1, None),
        ([0.0, 0.1, 0.2], False, 0, None),
    ],
)
def test_even_steps_that_would_leave_what_can_be_set_go_on_by_the_ratio(
    tried: list[float], whole: bool, least: float, expected: float | None
) -> None:
    """A learning rate of 0 is none, half of the smallest one is; 0 is a decay like any other."""
    found = value_beyond(tried, upwards=False, whole=whole, least=least)
    assert found == (None if expected is None else pytest.approx(expected, abs=1e-12))


@given(st.lists(st.floats(allow_nan=False), max_size=6, unique=True), st.booleans(), st.booleans())
def test_the_next_value_lies_beyond(tried: list[float], upwards: bool, whole: bool) -> None:
    """Whatever was tried, what is proposed is finite and beyond all of it."""
    found = value_beyond(tried, upwards=upwards, whole=whole)
    assert found is None or (math.isfinite(found) and (found > max(tried) if upwards else found < min(tried)))


def test_a_value_beyond_the_best_one_at_the_edge_is_proposed() -> None:
    """With every tried value, its number, the step of them all and where they were read."""
    found = step(BEYOND, *sweep("lora_rank", {4: 1.2, 64: 0.9, 16: 1.1}, seed=1))
    assert found.experiments == ("r0", "r2", "r1")
    assert found.details == {
        "parameter": "lora_rank",
        "value": 256,
        "edge": "largest",
        "trend": "lower",
        "tried": "4, 16, 64",
        "metric": "final_val_loss",
        "measured": "1.2, 1.1, 0.9",
        "sources": "; ".join(f"{r}/slurm-7.out, key final_val_loss" for r in ("r0", "r2", "r1")),
        "is_single": True,
        "step": 50,
    }


def test_a_value_below_the_smallest_is_proposed_where_that_was_best() -> None:
    """Learning rates go on downwards by the factor of the last two; the best stands last."""
    found = step(BEYOND, *sweep("learning_rate", {1e-5: 0.8, 1e-4: 0.9, 1e-3: 1.5}))
    assert (found.details["value"], found.details["edge"]) == (1e-6, "smallest")
    assert (found.details["tried"], found.details["measured"]) == ("0.001, 0.0001, 1e-05", "1.5, 0.9, 0.8")


@pytest.mark.parametrize(
    "losses",
    [
        {4: 1.2, 16: 0.9, 64: 1.1},
        {4: 1.2, 16: 1.3, 64: 0.9},
        {4: 1.2, 16: 0.9, 64: 0.9},
        {4: 1.2, 64: 0.9},
        {4: 1.2, 16: math.nan, 32: 1.0, 64: 0.9},
        {4: 1.2, 16: 1.0, 64: 0.99},
    ],
)
def test_nothing_is_proposed_where_the_numbers_do_not_lead_on(losses: dict[float, float]) -> None:
    """The best within, a step back on the way, equal numbers, two values, NaN between them, a flat end."""
    assert not steps(BEYOND, *sweep("lora_rank", losses))


@pytest.mark.parametrize(
    "name", ["seed", "epochs", "max_steps", "warmup_steps", "world_size", "fold", "data.year", "max_seq_len"]
)
def test_what_has_no_more_or_less_is_not_extended(name: str) -> None:
    """Seeds, lengths of training, ranks of processes and numbers that only name something."""
    assert not steps(BEYOND, *sweep(name, {1: 1.2, 2: 1.1, 3: 0.9}))


def test_words_and_truth_values_have_no_next_one() -> None:
    """Only numbers go on."""
    odd: list[list[Scalar]] = [[True, False, 1], ["a", "b", "c"], [4, "all", 16]]
    for values in odd:
        runs = [trained(f"r{n}", 2.0 - n, lora_rank=v) for n, v in enumerate(values)]
        assert not steps(BEYOND, *runs)


@pytest.mark.parametrize(
    ("name", "losses"),
    [
        ("batch_size", {1: 0.8, 2: 0.9, 4: 1.0}),
        ("lora_dropout", {0.3: 1.1, 0.6: 1.0, 0.9: 0.9}),
        ("weight_decay", {0.0: 0.8, 0.1: 0.9, 0.2: 1.0}),
    ],
)
def test_no_value_is_proposed_that_cannot_be_set(name: str, losses: dict[float, float]) -> None:
    """No batch of a half, no dropout of everything, no negative decay."""
    assert not steps(BEYOND, *sweep(name, losses))


def test_a_value_beyond_that_was_tried_at_all_is_the_edge() -> None:
    """Whether it failed, diverged or was never submitted, somebody thought of it."""
    runs = sweep("lora_rank", {4: 1.2, 16: 1.1, 64: 0.9})
    for other in (
        failed("x", parameters={"lora_rank": 256}),
        unsubmitted("x", lora_rank=256),
        trained("x", math.nan, lora_rank=256),
        trained("x", 2.0, lora_rank=256, learning_rate=1e-2),
    ):
        assert not steps(BEYOND, *runs, other)


def test_a_full_fine_tune_stands_at_no_end_of_the_ranks() -> None:
    """The ranks lead on where the best of them is the best run; where the full fine-tune is, none does."""
    whole = checkpoint("full/epoch_2", epoch=2, kind=CheckpointKind.FULL, is_final=True)
    for loss, proposed in ((1.15, [256]), (0.5, [])):
        full = replace(trained("full", loss), checkpoints=(whole,))
        found = steps(BEYOND, *sweep("lora_rank", {4: 1.2, 16: 1.1, 64: 0.9}), full)
        assert [each.details["value"] for each in found] == proposed


def test_runs_at_other_steps_show_no_trend() -> None:
    """A longer run's lower loss is not its rank's."""
    runs = sweep("lora_rank", {4: 1.2, 16: 1.1})
    longer = replace(
        trained("r2", 0.9, lora_rank=64),
        metrics={
            n: replace(f, value=99 if n == "global_step" else f.value) for n, f in runs[0].metrics.items()
        },
    )
    assert not steps(BEYOND, *runs, longer)


def test_runs_that_broke_off_show_no_trend() -> None:
    """A number of a run that did not come to its end is no part of a sweep."""
    metrics: dict[str, Scalar] = {"final_val_loss": 1.2, "global_step": 50}
    runs = sweep("lora_rank", {16: 1.1, 64: 0.9})
    assert not steps(BEYOND, *runs, failed("x", parameters={"lora_rank": 4}, metrics=metrics))


def grid(losses: Mapping[tuple[int, float], float]) -> list[Experiment]:
    """Return a finished run for each rank and learning rate."""
    return [
        trained(f"r{n}", loss, lora_rank=rank, learning_rate=rate)
        for n, ((rank, rate), loss) in enumerate(losses.items())
    ]


def test_of_a_grid_the_row_of_the_best_run_counts() -> None:
    """Ranks are followed at the best rate, rates at the best rank; the other rows may go any way."""
    ranks, rates = (4, 16, 64), (1e-5, 1e-4, 1e-3)
    losses = {(r, lr): 1.0 + abs(n - 1) + m for n, lr in enumerate(rates) for m, r in enumerate(ranks)}
    losses |= {(r, 1e-4): 0.9 - 0.1 * m for m, r in enumerate(ranks)}
    found = step(BEYOND, *grid(losses))
    assert (found.details["parameter"], found.details["value"]) == ("lora_rank", 256)
    assert found.details["measured"] == "0.9, 0.8, 0.7"


def test_three_values_with_all_else_equal_are_needed() -> None:
    """Three ranks of which one ran at another rate are no sweep."""
    assert not steps(BEYOND, *grid({(4, 1e-4): 1.2, (16, 1e-4): 1.1, (64, 1e-3): 0.9}))


def repeated(losses: Mapping[int, Sequence[float]]) -> list[Experiment]:
    """Return a finished run for each rank and seed."""
    return [
        trained(f"r{rank}s{seed}", loss, lora_rank=rank, seed=seed)
        for rank, own in losses.items()
        for seed, loss in enumerate(own)
    ]


def test_means_of_replicates_lead_on_where_they_are_clear_of_noise() -> None:
    """The numbers are means then, and all runs behind them are named."""
    found = step(BEYOND, *repeated({4: (3.0, 3.01), 16: (2.0, 2.01), 64: (1.0, 1.01)}))
    assert found.details["measured"] == "3.005, 2.005, 1.005"
    assert "is_single" not in found.details
    assert len(found.experiments) == 6


def test_a_tie_at_the_edge_leads_nowhere() -> None:
    """Where seeds alone may explain the last step, more seeds are asked for instead."""
    runs = repeated({4: (3.0, 3.2), 16: (1.2, 1.0), 64: (1.1, 0.95)})
    assert not steps(BEYOND, *runs)
    assert steps(NextStepKind.MORE_SEEDS, *runs)


def test_a_replicate_that_diverged_at_the_edge_is_warning_enough() -> None:
    """Nobody is sent further where a seed ended in NaN."""
    runs = repeated({4: (3.0, 3.01), 16: (2.0, 2.01), 64: (1.0, 1.01, math.nan)})
    assert not steps(BEYOND, *runs)


def scored(scores: Mapping[int, float], error: float) -> list[Experiment]:
    """Return a finished run for each rank with a score of its last checkpoint."""
    return [
        experiment(
            f"r{rank}",
            parameters={"lora_rank": rank},
            metrics={"global_step": 50},
            checkpoints=(checkpoint(f"r{rank}/epoch_2", epoch=2, is_final=True),),
            evaluations=(evaluation("e", metrics={"match/accuracy": score, "match/stderr": error}),),
        )
        for rank, score in scores.items()
    ]


def test_scores_lead_on_unless_their_samples_may_explain_it() -> None:
    """Higher is better; a last step within the scores' own errors is none, nor is one to a perfect score."""
    scores = {4: 0.5, 16: 0.6, 64: 0.7}
    found = step(BEYOND, *scored(scores, 0.01))
    assert found.details["trend"] == "higher"
    assert found.details["metric"] == "capitalization/match/accuracy"
    assert found.details["checkpoint"] == "final"
    assert not steps(BEYOND, *scored(scores, 0.08))
    assert not steps(BEYOND, *scored({**scores, 64: 1.0}, 0.01))


def test_a_loss_leads_nowhere_that_an_evaluation_speaks_against() -> None:
    """Where the score fell by more than its samples explain; where they may, the loss decides."""
    scores, losses = {4: 0.7, 16: 0.75, 64: 0.65}, {4: 1.2, 16: 1.1, 64: 0.9}
    for error, proposed in ((0.01, []), (0.08, [256])):
        both = [
            replace(run, metrics={**run.metrics, **trained(run.name, losses[rank]).metrics})
            for rank, run in zip(scores, scored(scores, error), strict=True)
        ]
        assert [found.details["value"] for found in steps(BEYOND, *both)] == proposed
    risen = [
        replace(run, metrics={**run.metrics, **trained(run.name, losses[rank]).metrics})
        for rank, run in zip(losses, scored({4: 0.5, 16: 0.6, 64: 0.7}, 0.01), strict=True)
    ]
    assert step(BEYOND, *risen).details["metric"] == "final_val_loss"


def test_a_training_loss_leads_nowhere_that_no_evaluation_bears_out() -> None:
    """It falls with every rank: a score that its samples explain says nothing for it, a clear one does."""
    for error, proposed in ((0.01, [256]), (0.08, [])):
        both = [
            replace(
                run,
                metrics={
                    **run.metrics,
                    "final_loss": trained(run.name, 1.0 - rank / 99).metrics["final_loss"],
                },
            )
            for rank, run in zip((4, 16, 64), scored({4: 0.5, 16: 0.6, 64: 0.7}, error), strict=True)
        ]
        asked = SetSettings(metrics={"final_loss": "min"})
        found = steps(BEYOND, *both, settings=asked)
        assert [each.details["value"] for each in found] == proposed
        assert all(each.details["metric"] == "final_loss" for each in found)


def test_parameters_that_the_settings_leave_out_are_not_extended() -> None:
    """Comparisons are made along those that are shown alone."""
    runs = sweep("lora_rank", {4: 1.2, 16: 1.1, 64: 0.9})
    assert not steps(BEYOND, *runs, settings=SetSettings(parameters=("learning_rate",)))


def test_two_parameters_at_most_are_extended() -> None:
    """As of values between, a few suggestions are worth more than many."""
    runs = [
        trained(
            f"r{a}{b}{c}", 9.0 - a - b - c, lora_rank=4**a, learning_rate=10.0 ** (b - 6), batch_size=2**c
        )
        for a in (1, 2, 3)
        for b in (1, 2, 3)
        for c in (1, 2, 3)
    ]
    assert [s.details["parameter"] for s in steps(BEYOND, *runs)] == ["lora_rank", "learning_rate"]
