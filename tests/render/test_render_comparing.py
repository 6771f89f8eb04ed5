"""Who is best, what ties, and what differs is said only as far as the numbers carry it."""

import re
from typing import Any

import pytest
from msgspec.structs import replace

from afterall.model import ComparedAt, Comparison, Completion, Direction, Report, State, VaryingParameter
from afterall.render.documents import render
from afterall.render.words.parameters import alternatives, setting
from afterall.settings import SetSettings
from render.render_reports import (
    fact,
    make_comparison,
    make_experiment,
    make_ranking,
    make_side,
    make_summary,
    spec_report,
    tiny_report,
)

A, B = "1B_rank4", "1B_rank64"


def markdown(report: Report) -> str:
    """Return RESULTS.md."""
    return render(report, SetSettings(), "", {})["RESULTS.md"].decode()


def best_run(report: Report) -> str:
    """Return what stands under Best Run."""
    return markdown(report).partition("### 1. Best Run")[2].partition("\n###")[0]


def compared(**changes: Any) -> str:
    """Return the sentence on two runs of 1B with rank 4 and 64."""
    comparison = replace(make_comparison(A, B, "lora_rank", "final_loss"), **changes)
    (line,) = re.findall(
        r"(?m)^- \*\*.+:\*\* Llama-3.2-1B-Instruct: (.*)$", markdown(spec_report(comparisons=(comparison,)))
    )
    return str(line)


def parameter(name: str, *values: Any, **said: Any) -> VaryingParameter:
    """Return a varying parameter."""
    return VaryingParameter(name=name, values=values, by_experiment=said)


def test_runs_with_the_same_best_value_are_equal() -> None:
    """Nobody is called best by the order of names, and no checkpoint is singled out."""
    values = {A: 1.5, B: 1.5, "3B_rank4": 2.5}
    ranking = make_ranking("final_val_loss", order=tuple(values), values=values)
    told = best_run(spec_report(rankings=(ranking,)))
    assert f"Final validation loss: **{A}** and **{B}** are equal (1.50000), then 3B_rank4 (2.50000)." in told
    assert "last checkpoint" not in told


def test_the_first_finished_run_is_the_one_whose_checkpoint_is_named() -> None:
    """Where the measure that decides has no finished run, no checkpoint is singled out by it."""
    cut = make_ranking("final_val_loss", order=(A, B), values={A: 1.5, B: 2.5}, unfinished=(A, B))
    whole = make_ranking("final_loss", order=(A, B), values={A: 1.0, B: 2.0})
    assert "The last checkpoint of" in best_run(spec_report(rankings=(whole,)))
    told = best_run(spec_report(rankings=(cut, whole)))
    assert "Final training loss: **" in told
    assert "The last checkpoint of" not in told


def test_a_model_that_differs_too_has_its_short_name() -> None:
    """A model is called the same wherever it stands."""
    models = ("/scratch/models/tiny-1B", "/scratch/models/tiny-3B")
    runs = [
        make_experiment(name, place, parameters={"model": fact(model)})
        for place, (name, model) in enumerate(zip((A, B), models, strict=True), start=1)
    ]
    comparison = replace(make_comparison(A, B, "lora_rank", "final_loss"), confounders=(("model", *models),))
    rank = parameter("lora_rank", 4, 64, **{A: 4, B: 64})
    told = markdown(tiny_report(*runs, comparisons=(comparison,), varying=(rank,)))
    assert "but model (tiny-1B vs tiny-3B) differs too" in told


def test_all_equal_is_all_that_is_said() -> None:
    """There is nobody behind."""
    ranking = make_ranking("final_val_loss", order=(A, B), values={A: 1.5, B: 1.5})
    assert f"**{A}** and **{B}** are equal (1.50000).\n" in best_run(spec_report(rankings=(ranking,)))


def test_why_nobody_is_best_is_said() -> None:
    """No numbers, one experiment, and one that came to its end are three reasons."""
    one, other = make_experiment(A), make_experiment(B, 2)
    cut = make_experiment(B, 2, state=State.TIMEOUT, completion=Completion(False))
    numberless = [replace(run, metrics={"final_loss": fact(float("nan"))}) for run in (one, other)]
    reasons = {
        "no experiment has numbers to be ranked by": numberless,
        "there is only one experiment": [one],
        "only one experiment came to its end with numbers": [one, cut],
        "no experiment came to its end with numbers": [cut],
    }
    for reason, runs in list(reasons.items())[:3]:
        assert f"None can be named: {reason}." in best_run(tiny_report(*runs))
    assert "no experiment came to its end" in best_run(tiny_report(cut, replace(numberless[0])))


def test_equal_numbers_are_equal_before_they_tie() -> None:
    """Replicates without any scatter do not "differ as much"."""
    sides = [replace(make_side(name, "lora_rank", "final_loss"), value=1.5) for name in (A, B)]
    told = compared(a=sides[0], b=sides[1], within_noise=True)
    assert "rank 4 and rank 64 were equal (1.50000 vs 1.50000" in told
    assert "tie" not in told


@pytest.mark.parametrize(("p_value", "words"), [(0.0123, "(p = 0.012)"), (4.8e-19, "(p < 0.0001)")])
def test_a_tiny_chance_is_not_put_into_digits(p_value: float, words: str) -> None:
    """A handful of seeds cannot tell one in a million from one in a billion."""
    assert f"more than seeds alone explain {words}" in compared(p_value=p_value, within_noise=False)


def test_a_comparison_of_unfinished_runs_says_so() -> None:
    """Both stand at the same step, and that is not training's end."""
    runs = spec_report().experiments
    cut = tuple(
        replace(run, completion=Completion(False), state=State.FAILED) if run.name in (A, B) else run
        for run in runs
    )
    comparison = make_comparison(A, B, "lora_rank", "final_loss")
    told = markdown(spec_report(comparisons=(comparison,), experiments=cut))
    assert f"; {A} and {B} not finished\n" in told
    assert "not finished" not in markdown(spec_report(comparisons=(comparison,)))


def test_several_pairs_of_the_same_settings_name_their_runs() -> None:
    """Where nothing tells two runs of rank 4 apart, their names do."""
    first = make_comparison(A, B, "lora_rank", "final_loss")
    second = replace(first, a=replace(first.a, experiment="other"))
    told = markdown(spec_report(comparisons=(first, second)))
    assert f"rank 64 ({B}) was 4.3× lower than rank 4 ({A}) (" in told
    assert f"rank 64 ({B}) was 4.3× lower than rank 4 (other) (" in told


def test_a_difference_beyond_its_interval_is_no_tie() -> None:
    """Where only the correction for other comparisons makes it doubtful, it may be chance."""
    doubtful = compared(within_noise=True, p_value=0.07, half_width=0.0001)
    assert doubtful.startswith("rank 64 was 4.3× lower than rank 4 (")
    assert "; may be chance of the seeds (p = 0.07, 0.00118 ± 0.0001 apart at 95 %)" in doubtful
    assert "rank 64 and rank 4 tie (" in compared(within_noise=True, p_value=0.07, half_width=0.01)


def test_times_of_trainings_of_different_length_are_not_compared() -> None:
    """They took their time for different work."""
    slow, fast = (make_side(name, "lora_rank", "train_seconds") for name in (A, B))
    comparison = replace(
        make_comparison(A, B, "lora_rank", "train_seconds"),
        a=replace(slow, step=50),
        b=replace(fast, step=25),
        same_step=False,
        compared_at=ComparedAt.NEITHER,
    )
    told = markdown(spec_report(comparisons=(comparison,)))
    assert re.search(r"rank 4 took [^,]* \(step 50\), rank 64 [^,]* \(step 25\): not for the same", told)


def test_values_stand_against_each_other() -> None:
    """What is left out is counted and not taken for a value; one value alone is some runs'."""
    assert alternatives(parameter("lora_rank", 4, 64)) == "4 vs 64"
    assert alternatives(parameter("lora_rank", *range(1, 8))) == "1 vs 2 vs 3 vs 4 vs 5 and 2 more"
    assert alternatives(parameter("weight_decay", 0.1)) == "0.1 in some runs"


def test_having_none_of_a_parameter_is_an_alternative() -> None:
    """Where runs are known to have none of it; a full fine-tune's rank is not 0."""
    ranks = replace(parameter("lora_rank", 8, 64), unset=("full",))
    assert alternatives(ranks) == "8 vs 64 vs full fine-tune"
    assert alternatives(replace(parameter("weight_decay", 0.1), unset=("a",))) == "0.1 vs not set"


def test_a_parameter_that_is_not_set_is_called_so() -> None:
    """A default is nothing; a full fine-tuning has no rank."""
    assert (setting("weight_decay", None), setting("lora_rank", None)) == (
        "weight decay not set",
        "full fine-tune",
    )


def test_a_parameter_that_some_runs_set_completes_no_grid() -> None:
    """It stands with what varies, and the combinations are counted without it."""
    ranks = parameter("lora_rank", 4, 64, **{A: 4, B: 64})
    rates = parameter("learning_rate", 0.1, 0.2, **{A: 0.1, B: 0.2})
    decay = parameter("weight_decay", 0.1, **{A: 0.1})
    told = markdown(tiny_report(make_experiment(A), make_experiment(B), varying=(ranks, rates, decay)))
    assert "learning rate (0.1, 0.2), and weight decay (0.1 in some runs); 2 of 4 combinations" in told
    assert "weight decay 0.1 in some runs" in told


def test_seeds_are_listed_as_a_sentence_lists_them() -> None:
    """Three seeds have one "and"."""
    seeds = replace(parameter("seed", 0, 1, 2, **{A: 0, B: 1}), is_seed=True)
    ranks = parameter("lora_rank", 4, 64, **{A: 4, B: 64})
    told = markdown(tiny_report(make_experiment(A), make_experiment(B), varying=(ranks, seeds)))
    assert ", with seeds 0, 1, and 2." in told


def test_one_run_is_not_compared_with_others() -> None:
    """There is nothing that could differ."""
    run = make_experiment(A)
    told = markdown(tiny_report(run, set=make_summary((run,), title=None)))
    assert "**Experiment:** not described  \n" in told
    assert "**Variants:** none: there is no second experiment  \n" in told


def test_runs_of_no_known_trainer_vary_without_a_comma() -> None:
    """The sentence has no clause to close."""
    runs = [replace(make_experiment(name), trainer=None) for name in (A, B)]
    ranks = parameter("lora_rank", 4, 64, **{A: 4, B: 64})
    assert "\n2 experiments vary LoRA rank (4, 64)." in markdown(tiny_report(*runs, varying=(ranks,)))


@pytest.mark.parametrize(
    ("a", "b", "errors", "caveat"),
    [
        (0.65, 0.85, (0.11, 0.08), "; may be chance of the samples (±0.27 at 95 %)"),
        (0.65, 0.95, (0.11, 0.05), ""),
        (0.9, 1.0, (0.07, 0.0), "; may be chance of the samples (±0.14 at 95 %)"),
        (0.65, 0.85, (0.11, None), ""),
        (0.85, 0.85, (0.08, 0.08), ""),
    ],
)
def test_what_samples_alone_may_make_is_said(
    a: float, b: float, errors: tuple[float | None, ...], caveat: str
) -> None:
    """A difference that two evaluations' standard errors explain is no claim; without both nobody can say."""
    pair = make_comparison(A, B, "lora_rank", "final_loss")
    sides = {
        "a": replace(pair.a, value=a, stderr=errors[0]),
        "b": replace(pair.b, value=b, stderr=errors[1]),
    }
    told = compared(metric="sorting/match/accuracy", direction=Direction.UP, **sides)
    assert told.partition(")")[2].endswith(caveat)
    assert ("chance of the samples" in told) == bool(caveat)


def test_scores_of_equal_numbers_and_other_errors_stand_apart() -> None:
    """One sentence for two tasks would give the one the other's error."""
    pair = replace(make_comparison(A, B, "lora_rank", "final_loss"), direction=Direction.UP)

    def scored(metric: str, error: float) -> Comparison:
        sides = {"a": replace(pair.a, value=0.5, stderr=error), "b": replace(pair.b, value=0.6, stderr=error)}
        return replace(pair, metric=metric, **sides)

    apart = markdown(spec_report(comparisons=(scored("mmlu/none/acc", 0.01), scored("qa/none/em", 0.02))))
    assert re.search(r"- \*\*`mmlu/acc`:\*\* .* ± 0\.01\b", apart)
    assert re.search(r"- \*\*`qa/em`:\*\* .* ± 0\.02\b", apart)
    alike = markdown(spec_report(comparisons=(scored("mmlu/none/acc", 0.01), scored("qa/none/em", 0.01))))
    assert "- **`mmlu/acc` and `qa/em`:**" in alike


def summed_up(*pairs: tuple[str, float, float, bool | None]) -> str:
    """Return the first line on ranks 4 and 64, compared with each of some models."""
    comparisons = []
    for model, low_rank, high_rank, tie in pairs:
        pair = make_comparison(A, B, "lora_rank", "final_loss")
        sides = {"a": replace(pair.a, value=low_rank), "b": replace(pair.b, value=high_rank)}
        comparisons.append(replace(pair, equal={"model": model}, within_noise=tie, **sides))
    document = markdown(spec_report(comparisons=tuple(comparisons)))
    return document.partition("LoRA Rank Impact")[2].partition("**Final training loss:** ")[2].splitlines()[0]


def test_the_better_setting_is_counted_where_more_is_better() -> None:
    """Of scores the one that was higher is named, as its own sentences name it."""
    pair = replace(
        make_comparison(A, B, "lora_rank", "final_loss"),
        metric="sorting/match/accuracy",
        direction=Direction.UP,
        same_seeds=False,
    )
    sides = {"a": replace(pair.a, value=0.5), "b": replace(pair.b, value=0.75)}
    pairs = tuple(replace(pair, equal={"model": name}, **sides) for name in ("x-1B", "x-3B"))
    told = markdown(spec_report(comparisons=pairs))
    assert (
        "`sorting/match/accuracy`:** rank 64 was higher in 2 of 2 comparisons.\n  - x-1B: rank 64 was" in told
    )


def test_an_effect_that_depends_on_another_parameter_is_told_as_that() -> None:
    """Which way goes with which value, where every value goes one way; a tie leaves it open."""
    assert summed_up(("x-1B", 2.0, 1.0, None), ("x-3B", 1.0, 2.0, None)) == (
        "No consistent direction over 2 comparisons: rank 64 was lower with x-1B, higher with x-3B."
    )
    assert summed_up(("x-1B", 2.0, 1.0, None), ("x-3B", 2.0, 1.5, None), ("x-7B", 1.0, 2.0, None)) == (
        "rank 64 was lower in 2 of 3 comparisons: lower with x-1B and x-3B, higher with x-7B."
    )
    assert summed_up(("x-1B", 2.0, 1.0, False), ("x-3B", 1.0, 1.01, True)) == (
        "No consistent direction over 2 comparisons."
    )
    four = [(f"x-{size}B", 2.0, 1.0, None) for size in range(4)]
    assert summed_up(*four) == "rank 64 was lower in 4 of 4 comparisons."


def test_a_few_pairs_that_go_one_way_stand_in_one_line() -> None:
    """Who, than whom, how often, and both numbers of each pair; a tie or a caveat gives each its own line."""
    at = ", step 1,500"
    assert summed_up(("x-1B", 2.0, 1.0, None), ("x-3B", 2.0, 1.5, None)) == (
        "rank 64 was lower than rank 4 in 2 of 2 comparisons: "
        f"x-1B 2.0× lower (1.00000 vs 2.00000{at}); x-3B 1.3× lower (1.50000 vs 2.00000{at})"
    )
    tie = summed_up(("x-1B", 2.0, 1.0, False), ("x-3B", 2.0, 1.99, True))
    assert tie == "rank 64 was lower in 2 of 2 comparisons (1 may be chance of the seeds)."
    sure = replace(make_comparison(A, B, "lora_rank", "final_loss"), within_noise=False, p_value=0.01)
    pairs = tuple(replace(sure, equal={"model": name}) for name in ("x-1B", "x-3B"))
    told = markdown(spec_report(comparisons=pairs))
    assert (
        "- **Final training loss:** rank 64 was lower in 2 of 2 comparisons.\n  - x-1B: rank 64 was" in told
    )
    assert told.count("more than seeds alone explain (p = 0.01)\n") == 2
