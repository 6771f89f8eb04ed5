"""What to evaluate, and what to evaluate again."""

import math

import pytest
from msgspec.structs import replace

from afterall.analyse import analyse
from afterall.model import (
    CheckpointKind,
    Completion,
    EvaluationStatus,
    Experiment,
    FindingCode,
    NextStepKind,
    Scalar,
    StandIn,
    State,
    Verdict,
)
from analyse.analyse_asking import step, steps
from analyse.analyse_made import (
    SET,
    checkpoint,
    evaluation,
    experiment,
    material,
)


def saved(name: str, *scripts: str, **fields: object) -> Experiment:
    """Return a run with epochs 1 and 2 saved and these evaluation scripts."""
    kept = (checkpoint(f"{name}/epoch_1", epoch=1), checkpoint(f"{name}/epoch_2", epoch=2, is_final=True))
    defaults: dict[str, object] = {
        "checkpoints": kept,
        "layout": {"eval_scripts": tuple(f"{name}/{s}" for s in scripts)},
    }
    return experiment(name, **{**defaults, **fields})


def test_the_final_checkpoint_is_evaluated_with_the_sets_own_task() -> None:
    """The command names task, model and a log directory inside the experiment."""
    found = step(NextStepKind.EVALUATE, saved("a", "eval.py"))
    assert found.command == (
        f"inspect eval {SET}/a/eval.py --model hf/local -M model_path={SET}/a/epoch_2 --log-dir {SET}/a/logs"
    )
    assert found.details == {"checkpoint": "epoch_2", "how": "inspect"}


def test_what_is_evaluated_is_not_evaluated_again() -> None:
    """A score of the final checkpoint is enough; one of an earlier epoch is not."""
    done = saved("a", "eval.py", evaluations=(evaluation("a/1.eval"),))
    assert not steps(NextStepKind.EVALUATE, done)
    early = saved("a", "eval.py", evaluations=(evaluation("a/1.eval", "epoch_1"),))
    assert len(steps(NextStepKind.EVALUATE, early)) == 1
    unnamed = saved("a", "eval.py", evaluations=(evaluation("a/1.eval", None),))
    assert not steps(NextStepKind.EVALUATE, unnamed)


@pytest.mark.parametrize(
    "verdict", [Verdict.CORRUPT, Verdict.INCOMPLETE, Verdict.MISSING, Verdict.UNVERIFIED]
)
def test_only_a_good_checkpoint_is_evaluated(verdict: Verdict) -> None:
    """A final checkpoint that is not known to be good is not suggested, nor an older one in its place."""
    run = saved("a", "eval.py")
    broken = replace(run, checkpoints=(run.checkpoints[0], replace(run.checkpoints[1], verdict=verdict)))
    assert not steps(NextStepKind.EVALUATE, broken)


def test_weights_of_a_run_that_diverged_are_not_evaluated() -> None:
    """Its last checkpoint holds NaN, whatever others have a score of; an earlier one may be asked for."""
    lost = saved("lost", "eval.py", metrics={"final_loss": math.nan})
    assert not steps(NextStepKind.EVALUATE, lost)
    for name, asked in (("epoch_2", 0), ("epoch_1", 1)):
        others = [saved(n, evaluations=(evaluation(f"{n}/1.eval", name),)) for n in "ab"]
        found = steps(NextStepKind.EVALUATE, lost, *others)
        assert len([each for each in found if each.experiments == ("lost",)]) == asked


def test_without_a_promised_last_state_the_newest_good_one_is_evaluated() -> None:
    """Where no checkpoint is known to be final, the latest good model is."""
    kept = (
        checkpoint("a/checkpoint-9", step=9),
        checkpoint("a/checkpoint-10", step=10),
        checkpoint("a/state", step=11, kind=CheckpointKind.RESUME_ONLY),
    )
    found = step(NextStepKind.EVALUATE, saved("a", "eval.py", checkpoints=kept))
    assert found.details["checkpoint"] == "checkpoint-10"


def test_living_runs_are_not_evaluated() -> None:
    """What a job may still write is left alone."""
    run = replace(saved("a", "eval.py"), state=State.RUNNING)
    assert not steps(NextStepKind.EVALUATE, run)


def test_setup_inspect_writes_the_batch_script_first() -> None:
    """The set's setup_inspect.py makes inspect.slurm, which is then submitted."""
    found = step(NextStepKind.EVALUATE, saved("a", "setup_inspect.py"))
    assert found.command == (
        f"(cd {SET}/a && python {SET}/a/setup_inspect.py --finetune_epoch_dir {SET}/a/epoch_2 "
        "&& sbatch inspect.slurm)"
    )


def test_batch_scripts_of_evaluations_are_submitted_where_they_left_no_log() -> None:
    """Each cell's own script runs in its own directory, unless its log lies there."""
    run = saved("a", "eval/cap_ep1/cell.slurm", "eval/cap_ep2/cell.slurm", "eval.py")
    run = replace(run, evaluations=(evaluation("a/eval/cap_ep1/logs/1.eval", "epoch_1"),))
    found = step(NextStepKind.EVALUATE, run)
    assert found.command == f"(cd {SET}/a/eval/cap_ep2 && sbatch cell.slurm)"
    assert found.details["how"] == "slurm"


def test_a_failed_evaluation_is_retried_from_its_log() -> None:
    """The retry of inspect itself takes everything from the log; a later success makes it needless."""
    error = evaluation("a/logs/1.eval", status=EvaluationStatus.ERROR)
    run = saved("a", "eval.py", evaluations=(error,))
    found = step(NextStepKind.RERUN_EVALUATION, run)
    assert found.command == f"inspect eval-retry {SET}/a/logs/1.eval --log-dir {SET}/a/logs"
    assert (found.details, found.because) == (
        {"task": "capitalization", "checkpoint": "epoch_2"},
        FindingCode.EVALUATION_FAILED,
    )
    assert not steps(NextStepKind.EVALUATE, run)
    later = replace(run, evaluations=(error, evaluation("a/logs/2.eval")))
    assert not steps(NextStepKind.RERUN_EVALUATION, later)


def test_a_crashed_evaluation_is_run_anew() -> None:
    """A log without an end cannot be retried; the evaluation is started from the beginning."""
    crashed = evaluation("a/logs/1.eval", status=EvaluationStatus.STARTED)
    assert len(steps(NextStepKind.EVALUATE, saved("a", "eval.py", evaluations=(crashed,)))) == 1


def test_the_newest_state_is_told_by_epoch_and_step_not_by_name() -> None:
    """Names need not ascend: epochs count first, then steps; of several promised last states the newest."""
    by_step = (checkpoint("a/last", step=9), checkpoint("a/early", step=10), checkpoint("a/zero"))
    assert (
        step(NextStepKind.EVALUATE, saved("a", "eval.py", checkpoints=by_step)).details["checkpoint"]
        == "early"
    )
    by_epoch = (checkpoint("a/x", epoch=1, step=1), checkpoint("a/y", epoch=0, step=9))
    assert (
        step(NextStepKind.EVALUATE, saved("a", "eval.py", checkpoints=by_epoch)).details["checkpoint"] == "x"
    )
    promised = (checkpoint("a/p", epoch=3, is_final=True), checkpoint("a/q", epoch=2, is_final=True))
    assert (
        step(NextStepKind.EVALUATE, saved("a", "eval.py", checkpoints=promised)).details["checkpoint"] == "p"
    )


def test_a_score_that_the_other_runs_have_is_asked_for() -> None:
    """Where most runs have a score of an earlier checkpoint too, the run that lacks it is named."""
    both = (evaluation("x/1.eval", "epoch_1"), evaluation("x/2.eval", "epoch_2"))
    runs = [saved(name, "eval.py", evaluations=both) for name in ("a", "b", "c")]
    lacking = saved("d", "eval.py", evaluations=both[1:])
    found = step(NextStepKind.EVALUATE, *runs, lacking)
    assert found.experiments == ("d",)
    assert found.details == {"checkpoint": "epoch_1", "how": "inspect", "task": "capitalization"}
    assert f"-M model_path={SET}/d/epoch_1 " in found.command


def test_a_score_that_few_runs_have_is_not_asked_for() -> None:
    """One run evaluated at every epoch does not ask the same of all others, nor do two of four."""
    both = (evaluation("x/1.eval", "epoch_1"), evaluation("x/2.eval", "epoch_2"))
    runs = [saved(name, "eval.py", evaluations=both) for name in ("a", "b")]
    others = [saved(name, "eval.py", evaluations=both[1:]) for name in ("c", "d")]
    assert not steps(NextStepKind.EVALUATE, runs[0], *others)
    assert not steps(NextStepKind.EVALUATE, *runs, *others)


def test_a_broken_checkpoint_is_not_to_be_evaluated_like_the_others() -> None:
    """What could not be loaded is not evaluated for the sake of comparison."""
    both = (evaluation("x/1.eval", "epoch_1"), evaluation("x/2.eval", "epoch_2"))
    runs = [saved(name, "eval.py", evaluations=both) for name in ("a", "b", "c")]
    lacking = saved("d", "eval.py", evaluations=both[1:])
    broken = (replace(lacking.checkpoints[0], verdict=Verdict.CORRUPT), lacking.checkpoints[1])
    assert not steps(NextStepKind.EVALUATE, *runs, replace(lacking, checkpoints=broken))


def finished(scored: str = "checkpoint-300", **fields: object) -> Experiment:
    """Return a run of 300 steps that saved its last step and its end, one of which has a score."""
    kept = (
        checkpoint("a/checkpoint-150", step=150),
        checkpoint("a/checkpoint-300", step=300),
        checkpoint("a", name="final", is_final=True),
    )
    defaults: dict[str, object] = {
        "checkpoints": kept,
        "metrics": {"global_step": 300, "epochs": 3.0},
        "evaluations": (evaluation("a/1.eval", scored),),
    }
    return saved("a", "eval.py", **{**defaults, **fields})


def stand_ins(run: Experiment) -> list[StandIn]:
    """Return the checkpoints of a run that another one's score speaks for."""
    return list(analyse(material(run)).stand_ins)


def test_the_last_state_needs_no_second_evaluation_under_another_name() -> None:
    """The checkpoint of the last step speaks for the end, by the step alone; an earlier one does not."""
    assert not steps(NextStepKind.EVALUATE, finished())
    assert stand_ins(finished()) == [
        StandIn(experiment="a", checkpoint="final", evaluated="checkpoint-300", step=300)
    ]
    early = finished("checkpoint-150")
    assert step(NextStepKind.EVALUATE, early).details["checkpoint"] == "final"
    assert not stand_ins(early)
    assert not stand_ins(finished("final"))


def test_an_epochs_checkpoint_speaks_for_the_end_of_that_epoch() -> None:
    """Where no step is known, epoch 2, the third, is that of three epochs."""
    kept = (checkpoint("a/epoch_2", epoch=2), checkpoint("a", name="final", is_final=True))
    for epochs, asked in ((3.0, 0), (4.0, 1)):
        run = finished("epoch_2", checkpoints=kept, metrics={"epochs": epochs})
        assert len(steps(NextStepKind.EVALUATE, run)) == asked
        assert len(stand_ins(run)) == 1 - asked


def test_the_best_weights_are_not_those_of_the_last_step() -> None:
    """Where the best is loaded at the end, or the last state is called best, steps tell nothing."""
    loaded = finished(parameters={"load_best_model_at_end": True})
    kept = (*loaded.checkpoints[:2], replace(loaded.checkpoints[2], name="best.pt"))
    for run in (loaded, finished(checkpoints=kept)):
        assert len(steps(NextStepKind.EVALUATE, run)) == 1
        assert not stand_ins(run)
    kept_last = finished(parameters={"load_best_model_at_end": False})
    assert not steps(NextStepKind.EVALUATE, kept_last)


def with_digests(run: Experiment, *digests: str) -> Experiment:
    """Return a run whose checkpoints' files were read whole."""
    kept = tuple(
        replace(c, files=tuple(replace(f, digest=digest) for f in c.files))
        for c, digest in zip(run.checkpoints, digests, strict=True)
    )
    return replace(run, checkpoints=kept)


def test_weights_that_were_compared_tell_more_than_steps() -> None:
    """The same bytes are the same state whatever was loaded; other bytes, sizes or files are not."""
    best = finished("checkpoint-150", parameters={"load_best_model_at_end": True})
    (found,) = stand_ins(with_digests(best, "x", "y", "x"))
    assert (found.evaluated, found.is_compared) == ("checkpoint-150", True)
    assert not steps(NextStepKind.EVALUATE, with_digests(best, "x", "y", "x"))
    run = finished()
    other = replace(
        run.checkpoints[1], files=tuple(replace(f, size_bytes=7) for f in run.checkpoints[1].files)
    )
    merged = replace(run.checkpoints[1], kind=CheckpointKind.FULL)
    fewer = replace(run.checkpoints[1], files=run.checkpoints[1].files[:1])
    changed = [
        replace(run, checkpoints=(run.checkpoints[0], each, run.checkpoints[2]))
        for each in (other, merged, fewer)
    ]
    for each in (with_digests(run, "x", "y", "z"), *changed):
        assert len(steps(NextStepKind.EVALUATE, each)) == 1
        assert not stand_ins(each)


def test_a_run_that_broke_off_has_no_last_step_to_go_by() -> None:
    """Weights from before its end may be of any step."""
    assert len(steps(NextStepKind.EVALUATE, finished(completion=Completion(False)))) == 1


def test_one_state_is_asked_for_once_under_the_name_that_others_scored() -> None:
    """Where most runs evaluated the checkpoint of the last step, whoever lacks its score gets that step."""
    others = [replace(finished(), layout=saved(name).layout) for name in ("b", "c", "d")]
    early = finished("checkpoint-150")
    found = step(NextStepKind.EVALUATE, early, *others)
    assert found.details == {"checkpoint": "checkpoint-300", "how": "inspect", "task": "capitalization"}
    script = replace(early, layout=saved("a", "eval/cell.slurm").layout)
    assert step(NextStepKind.EVALUATE, script, *others).details == {"checkpoint": "final", "how": "slurm"}


def measured(name: str, scored: str, value: float) -> Experiment:
    """Return a run of 300 steps with a score of one of its checkpoints."""
    own = tuple(replace(c, path=c.path.replace("a", name, 1)) for c in finished().checkpoints)
    found = evaluation(f"{name}/1.eval", scored, metrics={"match/accuracy": value})
    kept: dict[str, Scalar] = {"global_step": 300, "epochs": 3.0}
    return experiment(name, checkpoints=own, metrics=kept, evaluations=(found,))


def scores(*runs: Experiment) -> tuple[str, dict[str, float]]:
    """Return which checkpoint the scores are compared at, and those that are."""
    (found,) = [r for r in analyse(material(*runs)).rankings if r.metric.endswith("match/accuracy")]
    return found.checkpoint, found.values


def test_scores_of_one_state_under_two_names_are_ranked_together() -> None:
    """`final` of one run beside the last step's checkpoint of others; an earlier one stays apart."""
    last = [measured("b", "checkpoint-300", 0.6), measured("c", "checkpoint-300", 0.7)]
    everyone = ("final", {"a": 0.5, "b": 0.6, "c": 0.7})
    assert scores(measured("a", "final", 0.5), *last) == everyone
    early = measured("d", "checkpoint-150", 0.9)
    assert scores(measured("a", "final", 0.5), *last, early) == everyone
    two = [measured("a", "final", 0.5), measured("c", "final", 0.7)]
    assert scores(*two, last[0]) == everyone


def broken(run: Experiment, verdict: Verdict = Verdict.CORRUPT) -> Experiment:
    """Return a run whose last state's files are cut short."""
    final = run.checkpoints[-1]
    files = tuple(replace(f, size_bytes=7, verdict=verdict) for f in final.files)
    return replace(run, checkpoints=(*run.checkpoints[:-1], replace(final, verdict=verdict, files=files)))


def test_a_broken_last_state_leaves_its_run_the_score_of_its_last_step() -> None:
    """Beside others' `final`; not the score of an earlier checkpoint, nor of one that is broken too."""
    others = [measured("b", "final", 0.6), measured("c", "final", 0.7)]
    everyone = ("final", {"a": 0.5, "b": 0.6, "c": 0.7})
    for verdict in (Verdict.CORRUPT, Verdict.INCOMPLETE, Verdict.MISSING, Verdict.UNVERIFIED):
        assert scores(broken(measured("a", "checkpoint-300", 0.5), verdict), *others) == everyone
    early = broken(measured("a", "checkpoint-150", 0.5))
    assert "a" not in scores(early, *others)[1]
    run = broken(measured("a", "checkpoint-300", 0.5))
    both = (run.checkpoints[0], replace(run.checkpoints[1], verdict=Verdict.CORRUPT), run.checkpoints[2])
    assert "a" not in scores(replace(run, checkpoints=both), *others)[1]
    loaded = experiment("p", parameters={"load_best_model_at_end": True}).parameters
    assert "a" not in scores(replace(run, parameters=loaded), *others)[1]


def test_a_broken_last_state_is_spoken_for_by_step_not_by_bytes() -> None:
    """No weights of it can be compared, and none of it is suggested for evaluation."""
    run = with_digests(broken(finished()), "x", "y", "y")
    assert stand_ins(run) == [
        StandIn(experiment="a", checkpoint="final", evaluated="checkpoint-300", step=300)
    ]
    assert not steps(NextStepKind.EVALUATE, run)


def test_scores_of_one_name_keep_it() -> None:
    """Where nobody scored `final`, and where one run's last step is another's on the way."""
    last = [measured("b", "checkpoint-300", 0.6), measured("c", "checkpoint-300", 0.7)]
    assert scores(*last) == ("checkpoint-300", {"b": 0.6, "c": 0.7})
    longer = measured("d", "checkpoint-300", 0.8)
    going_on = replace(
        longer,
        metrics={n: replace(f, value=600) if n == "global_step" else f for n, f in longer.metrics.items()},
    )
    assert scores(*last, going_on) == ("checkpoint-300", {"b": 0.6, "c": 0.7, "d": 0.8})


def test_the_best_weights_are_ranked_under_their_own_name() -> None:
    """Where the best is loaded at the end, `final` is not the last step: their scores stand apart."""
    last = [measured("b", "checkpoint-300", 0.6), measured("c", "checkpoint-300", 0.7)]
    loaded = experiment("p", parameters={"load_best_model_at_end": True}).parameters
    runs = [replace(run, parameters=loaded) for run in (measured("a", "final", 0.5), *last)]
    assert scores(*runs) == ("checkpoint-300", {"b": 0.6, "c": 0.7})
