"""Decide which source counts, derive metrics from it, and notice contradictions."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterall.model import Fact, FindingCode, Source
from afterall.scan.curves import EXACT, Curve, Rounding
from afterall.scan.metrics import TABLE, derive_metrics, derive_series
from afterall.scan.precedence import contradictions, for_curve, for_last, told
from afterall.scan.progress import find_progress
from afterall.scan.soundness import judge_numbers
from afterall.scan.traces import Origin, Trace

NAN = math.nan


def trace(
    origin: Origin,
    file: str = "f",
    rounding: Rounding = EXACT,
    facts: dict[str, object] | None = None,
    **curves: dict[int, float],
) -> Trace:
    """Return a trace with these facts and curves; a step below 0 means that none was told."""
    made = Trace(trainer="t", origin=origin, file=file)
    for key, points in curves.items():
        curve = Curve("line {}", rounding)
        for mark, (step, value) in enumerate(points.items(), start=1):
            curve.add(None if step < 0 else step, value, mark)
        made.curves[key] = curve
    made.facts = {name: Fact(value, Source(file)) for name, value in (facts or {}).items()}  # type: ignore[arg-type]
    return made


def metrics(*traces: Trace, steps_per_epoch: float | None = None) -> dict[str, object]:
    """Return the values of the metrics derived from these traces."""
    return {name: fact.value for name, fact in derive_metrics(traces, steps_per_epoch).items()}


def test_at_the_same_step_the_more_trustworthy_source_tells_the_last_value() -> None:
    """A machine's file with all digits counts before the log's text, and the fact names it."""
    log = trace(Origin.LOG, "log", loss={1: 3.0, 2: 2.0})
    history = trace(Origin.HISTORY, "history", loss={2: 2.00001})
    fact = derive_metrics([log, history], None)["final_loss"]
    assert (fact.value, fact.source) == (2.00001, Source("history", "line 1, step 2"))


def test_the_source_that_went_further_counts_first() -> None:
    """A killed run's last loss is the last one anybody logged, however it was printed."""
    log = trace(Origin.ROUNDED_LOG, "log", loss={1: 3.0, 4: 1.5})
    history = trace(Origin.HISTORY, "history", loss={1: 3.00001, 2: 2.00001})
    assert metrics(log, history)["final_loss"] == 1.5


def test_the_whole_curve_is_the_densest_of_the_furthest() -> None:
    """Every step's loss tells a best value that every fifth step's misses."""
    log = trace(Origin.LOG, "log", loss={1: 3.0, 2: 0.5, 3: 2.0})
    history = trace(Origin.HISTORY, "history", loss={3: 2.0})
    found = metrics(log, history)
    assert (found["final_loss"], found["best_loss"], found["best_loss_step"]) == (2.0, 0.5, 2)
    assert len(derive_series([log, history], None)["loss"].points) == 3


def test_a_guess_counts_only_alone() -> None:
    """A number behind the word loss is nothing beside a known format, even one that ended sooner."""
    guess = trace(Origin.GUESS, "log", loss={100: 9.0})
    known = trace(Origin.TERMINAL_SUMMARY, "log", loss={-1: 1.0})
    assert metrics(guess, known)["final_loss"] == 1.0
    assert metrics(guess)["final_loss"] == 9.0


def test_row_numbers_do_not_outrun_steps() -> None:
    """A history without steps counts its rows, which may be more than there were steps."""
    counted = trace(Origin.HISTORY, "history", loss={500: 9.0})
    counted.curves["loss"].counts_rows = True
    assert metrics(counted, trace(Origin.LOG, "log", loss={50: 1.0}))["final_loss"] == 1.0


def test_the_mean_over_the_run_is_never_the_last_loss() -> None:
    """A source that tells only the mean gives no final loss."""
    assert set(metrics(trace(Origin.RESULTS, mean_loss={-1: 5.7}))) == {"mean_loss"}


def test_nan_at_the_end_is_the_final_loss() -> None:
    """A diverged run ends with NaN; its best loss is the best finite one; its mean is NaN."""
    found = metrics(trace(Origin.LOG, loss={1: 3.0, 2: 2.0, 3: NAN}))
    assert math.isnan(float(str(found["final_loss"])))
    assert math.isnan(float(str(found["mean_last_loss"])))
    assert (found["best_loss"], found["best_loss_step"]) == (2.0, 2)


def test_a_run_of_nothing_but_nan_has_no_best() -> None:
    """No value is better than another where none is finite."""
    assert "best_loss" not in metrics(trace(Origin.LOG, loss={1: NAN}))


def test_a_single_last_value_is_neither_best_nor_peak() -> None:
    """A tracker's summary tells where a curve ended, not how low or high it went."""
    summary = trace(Origin.TERMINAL_SUMMARY, loss={-1: 0.5}, val_loss={-1: 0.7}, learning_rate={-1: 0.0})
    assert set(metrics(summary)) == {"final_loss", "final_val_loss", "final_learning_rate"}


def test_the_last_ten_are_averaged() -> None:
    """The mean of the last logged losses takes ten, or as many as there are."""
    points = {step: float(step) for step in range(1, 21)}
    assert metrics(trace(Origin.LOG, loss=points))["mean_last_loss"] == 15.5
    fact = derive_metrics([trace(Origin.LOG, loss={1: 1.0, 2: 2.0})], None)["mean_last_loss"]
    assert (fact.value, fact.source.where) == (1.5, "last 2 logged, steps 1 to 2")


def test_throughput_is_told_as_last_and_as_median() -> None:
    """One slow last step does not stand for the run."""
    found = metrics(trace(Origin.HISTORY, tokens_per_second_per_gpu={1: 10.0, 2: 30.0, 3: 1.0}))
    assert (found["tokens_per_second_per_gpu"], found["tokens_per_second_per_gpu_median"]) == (1.0, 10.0)


def test_peaks_are_the_greatest_logged() -> None:
    """Memory is reset between rows by some loggers: the peak is the greatest of them all."""
    found = metrics(
        trace(
            Origin.HISTORY,
            peak_memory_active_gib={1: 2.0, 2: 9.5, 3: 2.0},
            learning_rate={1: 1e-4, 2: 3e-3, 3: 0.0},
        )
    )
    assert found["peak_memory_active_gib"] == 9.5
    assert (found["peak_learning_rate"], found["final_learning_rate"]) == (3e-3, 0.0)


def test_tokens_are_counted_whole() -> None:
    """A count is a whole number although histories keep floats."""
    assert repr(metrics(trace(Origin.TRAINER_STATE, tokens={5: 23200.0}))["tokens"]) == "23200"


def test_every_metric_of_the_table_has_a_unit_or_is_a_plain_number() -> None:
    """Losses are nats, memory GiB, times seconds, rates by the second."""
    points = {1: 2.0, 2: 1.0}
    facts = derive_metrics([trace(Origin.LOG, **{row.curve: points for row in TABLE})], None)  # type: ignore[arg-type]
    assert set(facts) == {row.metric for row in TABLE}
    units = {name: fact.unit for name, fact in facts.items() if fact.unit is not None}
    in_nats = {name for name, unit in units.items() if unit == "nats"}
    assert in_nats == {n for n in facts if n.endswith(("loss", "kl", "entropy"))} - {
        "final_policy_loss",
        "final_value_loss",
    }
    assert {name for name, unit in units.items() if unit == "GiB"} == {n for n in facts if n.endswith("_gib")}
    assert units["train_seconds"] == "s"
    of_many = trace(Origin.LOG, loss=points, train_seconds=points)
    of_many.in_nats = False
    for told_otherwise in (trace(Origin.GUESS, loss=points, train_seconds=points), of_many):
        found = derive_metrics([told_otherwise], None)
        assert (found["final_loss"].unit, found["train_seconds"].unit) == (None, "s")


def test_a_reward_is_a_series() -> None:
    """Where runs learn from it, its curve is what people look at."""
    series = derive_series([trace(Origin.LOG, reward={1: 0.25, 2: 0.5})], None)
    assert (list(series), [*series["reward"].points.values]) == (["reward"], [0.25, 0.5])


def test_series_without_steps_are_none() -> None:
    """Values nobody can place give metrics and no curve."""
    unplaced = trace(Origin.ROUNDED_LOG, loss={-1: 2.0})
    assert metrics(unplaced)["final_loss"] == 2.0
    assert derive_series([unplaced], None) == {}


def test_a_long_series_keeps_its_spikes_and_ends() -> None:
    """Beyond the limit of points a curve is thinned, never smoothed."""
    points = dict.fromkeys(range(1, 60001), 1.0) | {31_234: 99.0, 45_678: NAN}
    series = derive_series([trace(Origin.LOG, loss=points)], None)["loss"]
    assert len(series.points) <= 20_004
    assert (series.points[0].step, series.points[-1].step) == (1, 60_000)
    kept = {point.step: point.value for point in series.points}
    assert kept[31_234] == 99.0
    assert math.isnan(kept[45_678])


def found_contradictions(*traces: Trace) -> list[dict[str, object]]:
    """Return the evidence of each finding on losses that contradict each other."""
    return [dict(finding.evidence) for finding in contradictions("loss", told(traces, "loss", None))]


def test_rounding_is_no_contradiction() -> None:
    """Five decimals, four digits and single precision agree with the exact value."""
    exact = trace(Origin.TRAINER_STATE, "exact", loss={10: 5.840206623077393})
    for rounding, value in (
        (Rounding(decimals=5), 5.84021),
        (Rounding(significant=4), 5.84),
        (Rounding(significant=6), 5.8402066230773),
    ):
        assert (
            found_contradictions(exact, trace(Origin.ROUNDED_LOG, "other", rounding, loss={10: value})) == []
        )


def test_another_value_at_the_same_step_is_a_contradiction() -> None:
    """Both values, both files and the step are told, and how many steps differ."""
    a = trace(Origin.TRAINER_STATE, "a", loss={10: 5.0, 20: 4.0, 30: 3.0})
    b = trace(Origin.ROUNDED_LOG, "b", Rounding(significant=4), loss={10: 5.0, 20: 4.5, 30: 3.5})
    (evidence,) = found_contradictions(a, b)
    assert evidence == {
        "metric": "loss",
        "a": 3.0,
        "a_file": "a",
        "b": 3.5,
        "b_file": "b",
        "differing": 2,
        "compared": 3,
        "step": 30,
    }


def test_different_steps_are_not_compared() -> None:
    """Sources that logged other steps, or ended elsewhere, contradict nothing."""
    a = trace(Origin.TRAINER_STATE, "a", loss={10: 5.0})
    assert found_contradictions(a, trace(Origin.LOG, "b", loss={11: 9.0})) == []
    summary = trace(Origin.TERMINAL_SUMMARY, "c", facts={"global_step": 5}, loss={-1: 9.0})
    assert found_contradictions(a, summary) == []


def test_a_summary_of_the_same_end_is_compared() -> None:
    """A printed summary of the same last step must agree with the history."""
    a = trace(Origin.HISTORY, "a", loss={10: 5.0})
    summary = trace(Origin.TERMINAL_SUMMARY, "c", Rounding(decimals=5), {"global_step": 10}, loss={-1: 9.0})
    assert len(found_contradictions(a, summary)) == 1


def test_nan_agrees_with_nan_alone() -> None:
    """A finite value where another source has NaN is a contradiction."""
    a = trace(Origin.HISTORY, "a", loss={1: NAN})
    assert found_contradictions(a, trace(Origin.LOG, "b", loss={1: NAN})) == []
    assert len(found_contradictions(a, trace(Origin.LOG, "b", loss={1: 0.0}))) == 1


@given(
    values=st.lists(st.tuples(st.floats(), st.floats(-1e-3, 1e-3)), min_size=1, max_size=9),
    roundings=st.tuples(*[st.sampled_from([EXACT, Rounding(decimals=2), Rounding(significant=3)])] * 2),
    begins=st.tuples(st.integers(1, 3), st.integers(1, 3)),
)
def test_contradictions_are_what_no_rounding_explains(
    values: list[tuple[float, float]], roundings: tuple[Rounding, Rounding], begins: tuple[int, int]
) -> None:
    """Step by step, whether all values are finite or not, and whatever other steps the sources have."""
    ours = dict(enumerate((value for value, _ in values), begins[0]))
    theirs = dict(enumerate((value + by for value, by in values), begins[1]))
    a, b = (
        trace(Origin.LOG, name, rounding, loss=curve)
        for name, rounding, curve in zip("ab", roundings, (ours, theirs), strict=True)
    )

    def agree(one: float, other: float) -> bool:
        if not (math.isfinite(one) and math.isfinite(other)):
            return repr(one) == repr(other)
        return roundings[0].allows(other, one) or roundings[1].allows(one, other)

    shared = sorted(ours.keys() & theirs.keys())
    differing = [step for step in shared if not agree(ours[step], theirs[step])]
    found = found_contradictions(a, b)
    assert [(f["step"], f["differing"], f["compared"]) for f in found] == (
        [(differing[-1], len(differing), len(shared))] if differing else []
    )


def test_choice_does_not_depend_on_order() -> None:
    """The same sources in any order give the same choice."""
    sources = [
        trace(Origin.LOG, "log", loss={1: 3.0, 2: 2.0}),
        trace(Origin.HISTORY, "history", loss={2: 2.0}),
        trace(Origin.TERMINAL_SUMMARY, "terminal", loss={-1: 2.0}),
    ]
    for order in (sources, sources[::-1]):
        found = told(order, "loss", None)
        assert (for_last(found).trace.file, for_curve(found).trace.file) == ("history", "log")


def progress(*traces: Trace, **parameters: object) -> dict[str, object]:
    """Return the values of progress and plan, as found in these traces and parameters."""
    known = {name: Fact(value, Source("c")) for name, value in parameters.items()}  # type: ignore[arg-type]
    return {name: fact.value for name, fact in find_progress(traces, known).facts.items()}


def test_a_plan_is_steps_an_epoch_times_epochs() -> None:
    """Torchtune's bars tell an epoch's steps, its configuration the epochs."""
    bars = trace(Origin.LOG, loss={30: 1.0})
    bars.steps_per_epoch = 50
    assert progress(bars, epochs=3) == {
        "global_step": 30,
        "planned_steps": 150,
        "epochs": 0.6,
        "planned_epochs": 3,
    }


def test_what_was_reached_is_the_furthest_anybody_shows() -> None:
    """A checkpoint's state knows less than the log that went on."""
    state = trace(
        Origin.TRAINER_STATE, facts={"global_step": 25, "planned_steps": 75, "epochs": 1.0}, loss={25: 1.0}
    )
    log = trace(Origin.ROUNDED_LOG, facts={"global_step": 35})
    assert progress(state, log, epochs=3)["global_step"] == 35
    assert progress(state, log, epochs=3)["epochs"] == pytest.approx(1.4)


def test_nothing_known_is_nothing_told() -> None:
    """Without plan or progress there are no facts of it."""
    assert progress() == {}
    assert progress(epochs=0) == {}


def judged(*traces: Trace, **facts: object) -> list[tuple[FindingCode, dict[str, object]]]:
    """Return codes and evidence of the findings on these traces and facts."""
    known = {name: Fact(value, Source("c")) for name, value in facts.items()}  # type: ignore[arg-type]
    return [(finding.code, dict(finding.evidence)) for finding in judge_numbers(traces, known, None)]


def test_a_loss_that_is_not_finite_is_found() -> None:
    """From which step on, at how many of how many, and whether it stayed so."""
    ((code, evidence),) = judged(trace(Origin.LOG, loss={1: 3.0, 2: NAN, 3: math.inf}))
    assert code is FindingCode.LOSS_NOT_FINITE
    assert evidence == {"metric": "loss", "at_end": True, "not_finite": 2, "points": 3, "first_step": 2}


def test_a_loss_that_came_back_is_told_as_a_warning() -> None:
    """A spike to infinity in between is not a diverged run."""
    (finding,) = judge_numbers([trace(Origin.LOG, loss={1: 3.0, 2: NAN, 3: 1.0})], {}, None)
    assert (finding.evidence["at_end"], finding.gravity.word) == (False, "warning")


def test_divergence_hidden_by_the_trainer_is_found_in_the_gradients() -> None:
    """HF Trainer logs an unremarkable loss in place of NaN; the gradients tell."""
    hidden = trace(Origin.TRAINER_STATE, loss={1: 3.0, 2: 0.0, 3: 0.0}, grad_norm={1: 1.0, 2: NAN, 3: NAN})
    ((code, evidence),) = judged(hidden)
    assert (code, evidence["metric"]) == (FindingCode.LOSS_NOT_FINITE, "grad_norm")
    assert judged(trace(Origin.TRAINER_STATE, loss={1: 3.0, 2: 2.0}, grad_norm={1: NAN, 2: 1.0})) == []


def test_no_step_at_all_is_found() -> None:
    """Zero reached steps are a finding, with the plan where one is known."""
    assert judged(global_step=0, planned_steps=20) == [(FindingCode.ZERO_STEPS, {"planned_steps": 20})]
    assert judged(global_step=0) == [(FindingCode.ZERO_STEPS, {})]


def test_a_guessed_loss_is_told_to_be_one() -> None:
    """A number behind the word "loss" is marked as such, once, and only where it is the one that counts."""
    guess = trace(Origin.GUESS, loss={1: 3.0, 2: 2.5}, val_loss={2: 2.6})
    assert judged(guess) == [(FindingCode.LOSS_GUESSED, {"points": 2})]
    assert judged(guess, trace(Origin.LOG, loss={2: 2.0}, val_loss={2: 2.6})) == []
