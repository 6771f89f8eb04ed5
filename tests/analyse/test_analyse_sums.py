"""Replicates, gaps and costs."""

import math
from datetime import timedelta

import pytest

from afterall.analyse import analyse
from afterall.model import Cost, Experiment, Scalar, SlurmState, Spread
from analyse.analyse_made import MORNING, attempt, curve, experiment, material, trained, unsubmitted


def test_replicates_are_mean_deviation_and_number() -> None:
    """Runs of one setting become one line for each metric that two of them have."""
    runs = [trained(f"s{n}", float(n), lora_rank=4, seed=n) for n in (1, 2, 3)]
    (found,) = analyse(material(*runs, trained("other", 1.0, lora_rank=8, seed=1))).replicates
    assert (found.experiments, found.settings, found.seeds) == (
        ("s1", "s2", "s3"),
        {"lora_rank": 4},
        (1, 2, 3),
    )
    assert found.metrics["final_val_loss"] == Spread(n=3, mean=2.0, sd=1.0)


def test_diverged_replicates_are_named() -> None:
    """A mean says which repetitions it leaves out; of one finite number there is none."""
    runs = [trained(f"s{n}", v, seed=n) for n, v in enumerate((1.0, 3.0, math.nan))]
    (found,) = analyse(material(*runs)).replicates
    spread = found.metrics["final_val_loss"]
    assert (spread.n, spread.mean, spread.not_finite) == (2, 2.0, ("s2",))
    assert spread.sd == pytest.approx(math.sqrt(2))
    (none,) = analyse(material(*runs[1:])).replicates
    assert "final_val_loss" not in none.metrics


def test_the_gap_is_of_the_same_run_at_its_end() -> None:
    """The mean of the last training losses stands before the single last one."""
    both = experiment(
        "a",
        metrics={"mean_last_loss": 1.0, "final_loss": 0.5, "final_val_loss": 1.5},
        series={"val_loss": curve("val_loss", [2, 1.5], 10, 10)},
    )
    single = experiment("b", metrics={"final_loss": 0.5, "final_val_loss": 1.5, "global_step": 9})
    diverged = experiment("c", metrics={"final_loss": math.nan, "final_val_loss": 1.5})
    gaps = analyse(material(both, single, diverged)).gaps
    assert [(g.experiment, g.train, g.validation, g.step) for g in gaps] == [
        ("a", 1.0, 1.5, 20),
        ("b", 0.5, 1.5, 9),
    ]


def test_the_gap_is_where_the_last_validation_was() -> None:
    """A run that went on after its last validation is compared there, not at its end."""
    metrics: dict[str, Scalar] = {"mean_last_loss": 0.1, "final_loss": 0.1, "final_val_loss": 1.5}
    few = curve("loss", [4.0, 3.0, 2.0, 1.0], 10, 10)
    many = curve("loss", [2.0 if at < 45 else 0.1 for at in range(100)], 1, 1)
    early = {"val_loss": curve("val_loss", [1.5], 5, 10)}
    report = analyse(
        material(
            experiment(
                "few", metrics=metrics, series={"loss": few, "val_loss": curve("val_loss", [1.5], 20, 1)}
            ),
            experiment(
                "many", metrics=metrics, series={"loss": many, "val_loss": curve("val_loss", [1.5], 45, 1)}
            ),
            experiment("early", metrics=metrics, series={"loss": few, **early}),
        )
    )
    assert [(g.experiment, g.train, g.step) for g in report.gaps] == [("few", 3.0, 20), ("many", 2.0, 45)]


def test_the_mean_of_most_of_a_run_is_not_its_end() -> None:
    """Ten of ten logged losses are the whole run: the last one is taken, in gaps and in comparisons."""
    metrics: dict[str, Scalar] = {"mean_last_loss": 1.0, "final_loss": 0.5, "final_val_loss": 1.5}
    few = experiment("a", metrics=metrics, series={"loss": curve("loss", [1.0] * 10)})
    many = experiment("b", metrics=metrics, series={"loss": curve("loss", [1.0] * 40)})
    report = analyse(material(few, many))
    assert [gap.train for gap in report.gaps] == [0.5, 1.0]
    assert "mean_last_loss" not in {ranking.metric for ranking in report.rankings}


def costs(*experiments: Experiment) -> dict[str, Cost]:
    """Return costs by experiment."""
    return {cost.experiment: cost for cost in analyse(material(*experiments)).costs}


def test_costs_add_up_all_attempts() -> None:
    """Elapsed time and GPU hours are of every leg, waiting of the one that counts."""
    first = attempt("1", SlurmState.PREEMPTED, gpus=2, cpus=8, elapsed_s=1800)
    last = attempt(
        "1", gpus=2, cpus=8, elapsed_s=5400, eligible=MORNING, start=MORNING + timedelta(minutes=2)
    )
    cost = costs(experiment("a", attempts=(first, last)))["a"]
    assert (cost.attempts, cost.elapsed_s, cost.all_elapsed_s, cost.waited_s) == (2, 5400, 7200, 120)
    assert (cost.gpu_hours, cost.cpu_hours) == (4.0, 16.0)


def test_an_unknown_part_makes_an_unknown_sum() -> None:
    """GPU hours of one leg without a count of GPUs are not told; legs that never started do not matter."""
    unknown = attempt("1", gpus=None, elapsed_s=10)
    never = attempt("2", SlurmState.CANCELLED, start=None, elapsed_s=None, gpus=None)
    known = attempt("3", gpus=1, elapsed_s=3600)
    assert costs(experiment("a", attempts=(unknown, known)))["a"].gpu_hours is None
    assert costs(experiment("a", attempts=(never, known)))["a"].gpu_hours == 1.0


def test_a_start_before_eligibility_is_no_wait() -> None:
    """Times that contradict each other give no number."""
    odd = attempt("1", eligible=MORNING + timedelta(days=1))
    assert costs(experiment("a", attempts=(odd,)))["a"].waited_s is None


def test_what_has_neither_job_nor_time_costs_nothing() -> None:
    """A never-submitted experiment has no line; a run known by its log alone has its trainer's time."""
    logged = experiment("b", attempts=(), metrics={"train_seconds": 12.5, "tokens_per_second_per_gpu": 10.0})
    found = costs(unsubmitted("a"), logged)
    assert list(found) == ["b"]
    assert (found["b"].train_seconds, found["b"].tokens_per_second_per_gpu) == (12.5, 10.0)
