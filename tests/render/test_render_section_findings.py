"""Key findings say who is best and by how much, each with both its numbers."""

from typing import Any

import pytest
from msgspec.structs import replace

from afterall.model import ComparedAt, Completion, Direction, Ranking, State
from render.render_mixed import mixed_report
from render.render_reports import make_comparison, make_experiment, make_ranking, spec_report, tiny_report
from render.render_sections import markdown, section


def test_nan_is_shown_and_never_best() -> None:
    """A diverged run's loss is NaN in the table and behind all others in the ranking."""
    document = markdown(mixed_report())
    assert "| 30 of 75 |          NaN |" in document
    assert "diverged: rank64_seed0 (NaN)." in section(document, "1. Best Run")


def test_a_comparison_says_both_numbers_and_the_right_direction() -> None:
    """The lower loss is called lower, by the factor of both numbers, at the step where both stand."""
    told = section(markdown(spec_report()), "2. LoRA Rank Impact")
    assert (
        "- **Final training loss:** rank 64 was lower than rank 4 in 2 of 2 comparisons: "
        "Llama-3.2-1B-Instruct 4.3× lower (0.00036 vs 0.00154, step 1,500); "
        "Llama-3.2-3B-Instruct 1.1× lower (0.00027 vs 0.00031, step 3,000)\n"
    ) in told
    assert (
        "\n  - Llama-3.2-3B-Instruct: rank 4 was 1.1× lower than rank 64 (0.01656 vs 0.01830, step 3,000)\n"
        in told
    )


def test_a_training_loss_that_agrees_is_folded() -> None:
    """Where it goes the validation loss's way in each pair it stands behind a fold that says so, in full."""
    pairs = [
        make_comparison(a, b, "model", metric)
        for metric in ("final_val_loss", "final_loss")
        for a, b in (("1B_rank4", "3B_rank4"), ("1B_rank64", "3B_rank64"))
    ]
    fold = "<summary>Final training loss: agrees in both comparisons</summary>\n\n- **Final training loss:** "
    told = section(markdown(spec_report(comparisons=tuple(pairs))), "2. Model Impact")
    assert fold + "Llama-3.2-3B-Instruct was lower than Llama-3.2-1B-Instruct in 2 of 2" in told
    assert told.index("**Final validation loss:**") < told.index("<details>")
    for changed in (
        (*pairs[:2], replace(pairs[2], within_noise=True), pairs[3]),
        (*pairs[:2], replace(pairs[2], b=replace(pairs[2].b, value=9.0)), pairs[3]),
        (pairs[0], *pairs[2:]),
    ):
        assert "<details>" not in section(markdown(spec_report(comparisons=changed)), "2. Model Impact")
    asked = markdown(spec_report(comparisons=tuple(pairs)), metrics={"final_loss": "min"})
    assert "<details>" not in section(asked, "2. Model Impact")
    apart = replace(pairs[3], compared_at=ComparedAt.NEITHER, same_step=False)
    told = section(markdown(spec_report(comparisons=(*pairs[:3], apart))), "2. Model Impact")
    assert "Final training loss: agrees; 1 more at different points of training</summary>" in told


def test_a_ranking_that_says_the_same_is_named_only() -> None:
    """The training loss's order is told where it is another, where runs are unfinished, or when asked for."""
    losses = (make_ranking("final_val_loss"), make_ranking("final_loss"))
    halved = {name: value / 2 for name, value in losses[0].values.items()}
    alike = replace(losses[1], order=losses[0].order, values=halved)
    cut = replace(alike, unfinished=alike.order[-1:])
    told = section(markdown(spec_report(rankings=(losses[0], alike))), "1. Best Run")
    assert "; the same order by final training loss. The last checkpoint" in told
    assert "- Final training loss" not in told
    for other in (losses[1], cut):
        told = section(markdown(spec_report(rankings=(losses[0], other))), "1. Best Run")
        assert "- Final training loss: **" in told
        assert "the same order" not in told
    asked = markdown(spec_report(rankings=(losses[0], alike)), metrics={"final_loss": "min"})
    assert "- Final training loss: **" in section(asked, "1. Best Run")


def test_throughput_that_agrees_with_time_is_folded() -> None:
    """Faster and of higher throughput is one message; where they part, both are told."""
    time = make_comparison("1B_rank4", "3B_rank4", "model", "train_seconds")
    rate = make_comparison("1B_rank4", "3B_rank4", "model", "tokens_per_second_per_gpu")
    told = section(markdown(spec_report(comparisons=(time, rate))), "2. Training Efficiency")
    assert "<summary>Throughput (tokens/s per GPU): agrees</summary>" in told
    turned = replace(rate, a=replace(rate.a, value=1.0))
    told = section(markdown(spec_report(comparisons=(time, turned))), "2. Training Efficiency")
    assert "<details>" not in told
    assert "- **Throughput (tokens/s per GPU):** " in told


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"compared_at": ComparedAt.NEITHER, "same_step": False}, "not at the same point of training"),
        ({"confounders": (("batch_size", 8, 16),)}, "but batch size (8 vs 16) differs too"),
        (
            {"confounders": (("batch_size", 8, 16), ("seed", 1, 2))},
            "but batch size (8 vs 16), seed (1 vs 2) differ too",
        ),
        ({"same_seeds": False}, "the seeds differ"),
        ({"within_noise": True, "noise_sd": 0.1, "p_value": 0.4}, "rank 64 and rank 4 tie"),
        (
            {"within_noise": False, "noise_sd": 0.1, "p_value": 0.012},
            "more than seeds alone explain (p = 0.012)",
        ),
    ],
)
def test_caveats_stand_with_their_comparison(changes: dict[str, Any], words: str) -> None:
    """What weakens a comparison is said in the same line, and no ratio where none may be claimed."""
    comparison = make_comparison("1B_rank4", "1B_rank64", "lora_rank", "final_loss", **changes)
    told = section(markdown(spec_report(comparisons=(comparison,))), "2. LoRA Rank Impact")
    assert words in told
    assert ("×" in told) == ("tie" not in words and "point" not in words)


def test_without_numbers_nobody_is_best() -> None:
    """No run is crowned, nor found free of anomalies, where none left a number."""
    bare = make_experiment("a", metrics={}, completion=Completion(None), state=State.UNKNOWN)
    told = section(markdown(tiny_report(bare)), "Key Findings")
    assert "None can be named: no experiment has numbers to be ranked by." in told
    assert "No run left numbers to judge." in told


def test_the_best_of_two_names_where_it_lies() -> None:
    """The best run is told with the path of its last good checkpoint."""
    told = section(markdown(spec_report()), "1. Best Run")
    assert "The last checkpoint of 3B_rank4 lies in `3B_rank4/epoch_2`." in told


def test_unfinished_runs_stand_apart_in_the_ranking() -> None:
    """A run that did not reach its end is never ranked with those that did."""
    ranking = make_ranking("final_loss", unfinished=("3B_rank64",))
    told = section(markdown(spec_report(rankings=(ranking,))), "1. Best Run")
    assert "**3B_rank4** (0.00031), then 1B_rank64" in told
    assert "unfinished: 3B_rank64 (0.00027)" in told


def test_scorers_with_the_same_scores_are_told_once() -> None:
    """Two scorers that gave every run the same score share a line, and both are named."""
    values = {"1B_rank4": 0.65, "1B_rank64": 0.85}
    both = tuple(
        Ranking(
            metric=f"capitalization/{scorer}/accuracy",
            direction=Direction.UP,
            order=("1B_rank64", "1B_rank4"),
            values=values,
            checkpoint="final",
        )
        for scorer in ("match", "includes")
    )
    told = section(markdown(spec_report(rankings=both)), "1. Best Run")
    assert (
        "- `capitalization/match/accuracy` and `capitalization/includes/accuracy` on the final checkpoint: "
        "**1B_rank64** (0.85), then 1B_rank4 (0.65). The last"
    ) in told


def test_anomalies_claim_no_more_than_was_looked_at() -> None:
    """A set without anomalies says what was looked for, and in how many runs."""
    told = section(markdown(spec_report()), "Key Findings")
    assert "None in 4 runs with numbers: no NaN or infinite loss, no run of 0 steps" in told


def test_unknown_points_of_training_are_not_called_different() -> None:
    """Where a run's step and epoch are not known, nobody can say that the two stand apart."""
    pair = make_comparison("1B_rank4", "1B_rank64", "lora_rank", "final_loss")
    unknown = replace(pair, a=replace(pair.a, step=None), compared_at=ComparedAt.NEITHER, same_step=False)
    told = section(markdown(spec_report(comparisons=(unknown,))), "2. LoRA Rank Impact")
    assert ": not known to be at the same point of training" in told
    by_epoch = replace(unknown, a=replace(unknown.a, epoch=2.0), b=replace(unknown.b, epoch=3.0))
    told = section(markdown(spec_report(comparisons=(by_epoch,))), "2. LoRA Rank Impact")
    assert ": not at the same point of training" in told


def test_a_run_of_which_nobody_knows_the_end_is_not_called_unfinished() -> None:
    """Without a job's record and an end in its files it may have finished as well."""
    pair = make_comparison("1B_rank4", "1B_rank64", "lora_rank", "final_loss")
    cut = make_experiment("1B_rank4", state=State.FAILED, completion=Completion(False))
    lost = make_experiment("1B_rank64", 2, state=State.UNKNOWN, completion=Completion(None))
    told = markdown(spec_report(experiments=(cut, lost), comparisons=(pair,), rankings=()))
    assert "; 1B_rank4 not finished; whether 1B_rank64 finished is not known" in told
    assert "None can be named: of none with numbers it is known that it came to its end." in told


@pytest.mark.parametrize(
    ("epochs", "parameter", "words"),
    [
        ((1.0, 2.0), "lora_rank", "(0.00036 vs 0.00154, step 1,500); rank 4 at epoch 1, rank 64 at epoch 2"),
        ((2.0, 2.0), "batch_size", ""),
        ((None, None), "batch_size", "; equal steps of unequal batches are not as much data; but batch size"),
        ((None, None), "seed", ""),
    ],
)
def test_equal_steps_that_are_not_as_much_data_are_told(
    epochs: tuple[float | None, float | None], parameter: str, words: str
) -> None:
    """Where batches differ, a step is more data for one side: their epochs say so, else the batches do."""
    pair = make_comparison("1B_rank4", "1B_rank64", "lora_rank", "final_loss")
    confounders = () if parameter == "lora_rank" else ((parameter, 8, 16),)
    sides = (replace(side, epoch=epoch) for side, epoch in zip((pair.a, pair.b), epochs, strict=True))
    a, b = (replace(side, step=1500) for side in sides)
    told = section(
        markdown(spec_report(comparisons=(replace(pair, a=a, b=b, confounders=confounders),))),
        "2. LoRA Rank Impact",
    )
    assert words in told
    assert bool(words) == ("as much data" in told or "at epoch" in told)
