"""What to try next, and in which order steps stand."""

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from afterall.analyse import analyse
from afterall.analyse.steps.values import values_between
from afterall.model import (
    CheckpointKind,
    Completion,
    Experiment,
    Finding,
    FindingCode,
    NextStepKind,
    Scalar,
    SlurmState,
    State,
)
from analyse.analyse_asking import step, steps
from analyse.analyse_made import (
    SET,
    attempt,
    checkpoint,
    evaluation,
    experiment,
    failed,
    material,
    trained,
    unsubmitted,
)


def saved(name: str, *scripts: str, **fields: object) -> Experiment:
    """Return a run with epochs 1 and 2 saved and these evaluation scripts."""
    kept = (checkpoint(f"{name}/epoch_1", epoch=1), checkpoint(f"{name}/epoch_2", epoch=2, is_final=True))
    defaults: dict[str, object] = {
        "checkpoints": kept,
        "layout": {"eval_scripts": tuple(f"{name}/{s}" for s in scripts)},
    }
    return experiment(name, **{**defaults, **fields})


@pytest.mark.parametrize(
    ("lower", "upper", "whole", "expected"),
    [
        (4, 64, True, [8, 16, 32]),
        (4, 16, True, [8]),
        (4, 8, True, []),
        (1, 1024, True, [8, 32, 128]),
        (1e-4, 1e-2, False, [3e-4, 1e-3, 3e-3]),
        (1e-4, 1e-3, False, [3e-4]),
        (2e-5, 2e-4, False, [3e-5, 1e-4]),
        (1e-4, 3e-4, False, []),
        (0, 64, True, []),
        (64, 4, True, []),
        (4, float("inf"), True, []),
        (5e-324, 1e308, False, []),
        (1e307, 1.7e308, True, []),
        (1.0, 1.7e308, False, []),
    ],
)
def test_values_between_are_customary(lower: float, upper: float, whole: bool, expected: list[float]) -> None:
    """Ranks go by powers of two, rates by 1 and 3; never next to an end, at most three."""
    assert values_between(lower, upper, whole=whole) == pytest.approx(expected)


@given(st.floats(), st.floats(), st.booleans())
def test_values_between_lie_between(lower: float, upper: float, whole: bool) -> None:
    """Whatever the ends are, at most three values come out, strictly between them and ascending."""
    found = values_between(lower, upper, whole=whole)
    assert len(found) <= 3
    assert all(lower < value < upper for value in found)
    assert found == sorted(set(found))


def test_intermediate_values_lie_beside_the_best() -> None:
    """Only the gaps next to the best value are worth filling."""
    runs = [trained(f"r{r}", loss, lora_rank=r) for r, loss in ((1, 9.0), (8, 5.0), (64, 1.0))]
    found = step(NextStepKind.INTERMEDIATE_VALUES, *runs)
    assert found.details == {"parameter": "lora_rank", "values": "16, 32", "lower": 8, "upper": 64}


def test_nothing_lies_between_a_full_fine_tunes_rate_and_an_adapters() -> None:
    """Each wants a rate of another order: what one had is no end of the other's range."""
    kept = checkpoint("full/epoch_2", kind=CheckpointKind.FULL, is_final=True)
    full = replace(trained("full", 1.0, learning_rate=1e-5), checkpoints=(kept,))
    adapter = trained("r16", 2.0, lora_rank=16, learning_rate=2e-4)
    assert not steps(NextStepKind.INTERMEDIATE_VALUES, full, adapter)
    other = replace(trained("other", 3.0, learning_rate=2e-4), checkpoints=(replace(kept, path="other/e"),))
    assert steps(NextStepKind.INTERMEDIATE_VALUES, full, other, adapter)


def test_values_that_did_not_train_measure_nothing() -> None:
    """A killed run is no end of a range."""
    runs = [
        trained("r4", 1.0, lora_rank=4),
        failed("r64", parameters={"lora_rank": 64}, metrics={"final_val_loss": 1.0}),
    ]
    assert not steps(NextStepKind.INTERMEDIATE_VALUES, *runs)


def test_more_seeds_are_asked_for_where_none_were_repeated() -> None:
    """Settings that each ran once are to be repeated, with other seeds than the used one."""
    runs = [trained(f"r{r}", float(r), lora_rank=r, seed=1234) for r in (4, 8)]
    found = step(NextStepKind.MORE_SEEDS, *runs)
    assert found.details == {"seed": "seed", "used": "1234", "settings": 2}
    assert found.because is FindingCode.ONE_SEED


def test_runs_of_one_setting_without_seeds_are_one_setting_to_repeat() -> None:
    """Three runs of two known settings are no three settings that were trained once."""
    runs = [trained(name, 1.0, lora_rank=rank) for name, rank in (("a", 4), ("b", 4), ("c", 8))]
    assert step(NextStepKind.MORE_SEEDS, *runs).details == {"settings": 2, "runs": 3}


def test_more_seeds_are_asked_for_where_the_best_tie() -> None:
    """Replicates that cannot tell the best settings apart are too few; the best one's own are among them."""
    runs = [trained(f"r{r}s{s}", v + s, lora_rank=r, seed=s) for r, v in ((4, 1.0), (8, 1.5)) for s in (0, 1)]
    found = step(NextStepKind.MORE_SEEDS, *runs)
    tied = ("r4s0", "r8s0", "r4s1", "r8s1")
    assert (found.details["tied"], found.experiments, found.because) == (4, tied, None)
    far = [trained(f"r{r}s{s}", v + s, lora_rank=r, seed=s) for r, v in ((4, 1.0), (8, 99.0)) for s in (0, 1)]
    assert not steps(NextStepKind.MORE_SEEDS, *far)


def test_runs_that_nothing_tells_apart_need_no_more_seeds() -> None:
    """Where no parameter varies there are no settings to repeat."""
    runs = [trained(name, loss, seed=0) for name, loss in (("a", 1.0), ("b", 2.0))]
    report = analyse(material(*runs))
    assert not report.next_steps
    assert FindingCode.ONE_SEED not in {finding.code for finding in report.findings}


def test_seeds_are_only_named_where_every_run_tells_its_own() -> None:
    """Numbers stand in their order; where one run keeps silent nobody knows which seeds were used."""
    runs = [trained(f"r{n}", float(n), lora_rank=n, seed=n) for n in (10, 11, 9)]
    assert step(NextStepKind.MORE_SEEDS, *runs).details["used"] == "9, 10, 11"
    silent = trained("r8", 8.0, lora_rank=8)
    assert step(NextStepKind.MORE_SEEDS, *runs, silent).details == {"settings": 4}


def test_settings_without_a_number_are_not_to_be_repeated() -> None:
    """A run that diverged is not counted among those that ran once."""
    runs = [trained(f"r{r}", loss, lora_rank=r) for r, loss in ((4, 1.0), (5, 2.0), (6, float("nan")))]
    assert step(NextStepKind.MORE_SEEDS, *runs).details == {"settings": 2}


def test_nothing_new_is_suggested_while_a_job_may_still_run() -> None:
    """What waits may be what would be suggested; a job that can never start is no reason to hold back."""
    runs = [trained(f"r{r}", loss, lora_rank=r) for r, loss in ((4, 2.0), (64, 1.0))]
    for reason, kinds in (
        ("Priority", {NextStepKind.WAIT}),
        (
            "DependencyNeverSatisfied",
            {NextStepKind.RESUBMIT, NextStepKind.MORE_SEEDS, NextStepKind.INTERMEDIATE_VALUES},
        ),
    ):
        job = attempt(state=SlurmState.PENDING, reason=reason, start=None, end=None, elapsed_s=None)
        waiting = experiment("w", state=State.PENDING, completion=Completion(None), attempts=(job,), logs=())
        assert {s.kind for s in analyse(material(*runs, waiting)).next_steps} == kinds


def test_private_weights_get_a_chmod_for_the_group() -> None:
    """All files that only their owner can read, several to a command, nothing else."""
    paths = [f"run/c{n}/adapter_model.safetensors" for n in range(10)]
    found = step(
        NextStepKind.FIX_MODE,
        experiment(
            findings=tuple(Finding(code=FindingCode.MODE_PRIVATE, experiment="run", subject=p) for p in paths)
        ),
    )
    lines = [shlex.split(line.strip("()")) for line in found.command.splitlines()]
    assert [line[:5] for line in lines] == [["cd", SET, "&&", "chmod", "g+r"]] * 2
    assert [path for line in lines for path in line[5:]] == paths
    assert (found.details, found.experiments) == ({"files": 10}, ("run",))


def test_evaluations_are_set_beside_losses() -> None:
    """Where both exist, who is best by each is told."""
    runs = [
        replace(
            saved(n, metrics={"final_val_loss": loss}),
            evaluations=(evaluation(f"{n}/1.eval", metrics={"match/accuracy": score}),),
        )
        for n, loss, score in (("a", 1.0, 0.5), ("b", 2.0, 0.9))
    ]
    found = step(NextStepKind.COMPARE_EVALUATIONS, *runs)
    assert found.details == {
        "task": "capitalization",
        "metric": "match/accuracy",
        "loss": "final_val_loss",
        "best_by_loss": "a",
        "best_by_evaluation": "b",
    }


@pytest.mark.parametrize("scores", [(0.9, 0.5), (0.9, 0.9)])
def test_evaluations_that_agree_with_the_losses_need_no_second_look(scores: tuple[float, float]) -> None:
    """The best by loss is the best by score too, alone or beside another."""
    runs = [
        replace(
            saved(n, metrics={"final_val_loss": loss}),
            evaluations=(evaluation(f"{n}/1.eval", metrics={"match/accuracy": score}),),
        )
        for n, loss, score in zip("ab", (1.0, 2.0), scores, strict=True)
    ]
    assert not steps(NextStepKind.COMPARE_EVALUATIONS, *runs)


@pytest.mark.parametrize(("error", "asked"), [(0.01, 1), (0.1, 0)])
@pytest.mark.parametrize("ranks", [(4, 8), (4, 4)])
def test_scores_that_samples_alone_tell_apart_need_no_second_look(
    error: float, asked: int, ranks: tuple[int, int]
) -> None:
    """Two scores within their standard errors name no other run as the best, compared or not."""
    runs = [
        experiment(
            n,
            parameters={"lora_rank": rank, "model": n},
            metrics={"final_val_loss": loss},
            evaluations=(
                evaluation(f"{n}/1.eval", metrics={"match/accuracy": score, "match/stderr": error}),
            ),
        )
        for n, rank, loss, score in zip("ab", ranks, (1.0, 2.0), (0.8, 0.9), strict=True)
    ]
    assert len(steps(NextStepKind.COMPARE_EVALUATIONS, *runs)) == asked


def test_runs_that_seeds_alone_tell_apart_need_no_second_look() -> None:
    """Replicates of one setting are no disagreement of loss and score, nor are settings that tie by score."""
    for rank_of, scores in (
        ({"a": 4, "b": 4, "c": 8, "d": 8}, (0.8, 0.9, 0.1, 0.2)),
        ({"a": 4, "b": 8, "c": 4, "d": 8}, (0.8, 0.9, 0.6, 0.5)),
    ):
        runs = [
            experiment(
                n,
                parameters={"lora_rank": rank_of[n], "seed": seed},
                metrics={"final_val_loss": loss},
                evaluations=(evaluation(f"{n}/1.eval", metrics={"match/accuracy": score}),),
            )
            for seed, (n, loss, score) in enumerate(zip("abcd", (1.0, 1.1, 2.0, 2.1), scores, strict=True))
        ]
        assert not steps(NextStepKind.COMPARE_EVALUATIONS, *runs)


def test_steps_stand_in_the_order_in_which_they_are_taken() -> None:
    """What failed comes before what lies ready, and that before what could be tried."""
    runs = [
        failed("z"),
        unsubmitted("y"),
        saved("x", "eval.py"),
        trained("r4", 1, lora_rank=4),
        trained("r64", 2, lora_rank=64),
    ]
    kinds = [s.kind for s in analyse(material(*runs)).next_steps]
    assert kinds == [
        NextStepKind.RESUBMIT,
        NextStepKind.SUBMIT,
        NextStepKind.EVALUATE,
        NextStepKind.MORE_SEEDS,
        NextStepKind.INTERMEDIATE_VALUES,
    ]


def test_a_finished_set_that_needs_nothing_suggests_nothing() -> None:
    """One trained run asks for nothing."""
    assert analyse(material(trained("a", 1.0))).next_steps == ()


def test_settings_that_were_repeated_and_differ_need_no_more_seeds() -> None:
    """Where replicates tell the best setting apart, nothing is asked for; nor of one run alone."""
    runs = [
        trained(f"r{r}s{s}", v + s / 100, lora_rank=r, seed=s)
        for r, v in ((4, 1.0), (8, 9.0))
        for s in (0, 1)
    ]
    assert not steps(NextStepKind.MORE_SEEDS, *runs)
    assert not steps(NextStepKind.MORE_SEEDS, trained("a", 1.0, lora_rank=4, seed=0), unsubmitted("b"))


def test_nothing_is_proposed_towards_a_run_that_diverged() -> None:
    """A learning rate that ended in NaN is no end of a range worth searching."""
    runs = [
        trained(f"r{n}", loss, learning_rate=rate)
        for n, (rate, loss) in enumerate([(1e-4, 2.0), (1e-2, 1.0), (1e4, float("nan"))])
    ]
    found = steps(NextStepKind.INTERMEDIATE_VALUES, *runs)
    assert [(s.details["lower"], s.details["upper"]) for s in found] == [(1e-4, 1e-2)]


def test_infinite_and_negative_values_have_nothing_between() -> None:
    """Odd values of a parameter are no ends of a range."""
    odd: list[Scalar] = [float("inf"), -1.0, 0, True, "x", 1e-3]
    runs = [trained(f"r{n}", float(n), learning_rate=value) for n, value in enumerate(odd)]
    assert not steps(NextStepKind.INTERMEDIATE_VALUES, *runs)
