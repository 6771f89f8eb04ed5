"""Compute anew what findings say of losses, steps, evaluations and the set's design."""

import json
import math
import re
import zipfile
from itertools import pairwise
from pathlib import Path
from statistics import fmean, stdev

from scipy import stats

from claims.claims_checking import Checker, Facts, known
from claims.claims_reading import Json, Told, finite_at, number_at
from claims.samples_reading import read_member, scores_of

_INTERVALS = ("run_val_every_n_steps", "eval_steps", "val_check_interval", "eval_interval", "eval_iters")
_PASSED = 0.98
_HEADER = "header.json"


def validation(told: Told, finding: Json) -> Facts:
    """Return how often validation was logged, at which interval, and which way it went."""
    every_point = told.curves[finding["experiment"], "val_loss"]
    points = told.curve(finding["experiment"], "val_loss")
    gaps = {later - sooner for (sooner, _), (later, _) in pairwise(every_point)}
    assert math.isfinite(every_point[-1][1])
    every = gaps.pop() if len(gaps) == 1 else None
    parameters = told.run(finding["experiment"])["parameters"]
    asked = next((name for name in _INTERVALS if every and parameters.get(name) == every), None)
    first, last = points[0][1], points[-1][1]
    lowest_step, lowest = min(points, key=lambda point: point[1])
    facts: Facts = {
        "points": len(every_point),
        "every": every,
        "setting": asked,
        "first": first,
        "last": last,
    }
    if lowest < last:
        facts = {**facts, "lowest": lowest, "lowest_step": lowest_step, "last_step": points[-1][0]}
    elif last < first:
        facts = {**facts, "fell": "lower"}
    return known(facts)


def not_finite(told: Told, finding: Json) -> Facts:
    """Return at how many logged steps a curve is NaN or infinite, from which on, and whether at its end."""
    metric = finding["evidence"]["metric"]
    points = told.curves.get((finding["experiment"], metric), [])
    bad = [step for step, value in points if not math.isfinite(value)]
    final = number_at(told.run(finding["experiment"]), f"final_{metric}")
    at_end = bool(bad and bad[-1] == points[-1][0]) or (final is not None and not math.isfinite(final))
    return {
        "metric": metric,
        "not_finite": len(bad),
        "points": len(points),
        "first_step": bad[0],
        "at_end": at_end,
    }


def zero(told: Told, finding: Json) -> Facts:
    """Check that a run came nowhere; return how far it was to go."""
    run = told.run(finding["experiment"])
    assert finite_at(run, "global_step") == 0
    return known({"planned_steps": finite_at(run, "planned_steps") or None})


def short(told: Told, finding: Json) -> Facts:
    """Return how far a run came, of how far it was to go."""
    run = told.run(finding["experiment"])
    names = {
        "reached_step": "global_step",
        "planned_steps": "planned_steps",
        "reached_epochs": "epochs",
        "planned_epochs": "planned_epochs",
    }
    return known({key: finite_at(run, name) for key, name in names.items()})


def no_loss(told: Told, finding: Json) -> Facts:
    """Return the run's trainer and how many logs it has, none of which gave a loss."""
    run = told.run(finding["experiment"])
    assert (run["name"], "loss") not in told.curves
    return known({"trainer": run["trainer"], "logs": len(run["logs"])})


def guessed(told: Told, finding: Json) -> Facts:
    """Return how many lines a guessed loss was taken from."""
    return {"points": len(told.curves[finding["experiment"], "loss"])}


def failed_evaluation(told: Told, finding: Json) -> Facts:
    """Return what the evaluation's own log says, and whether another one made up for it."""
    header = read_member(told.set_dir / finding["subject"], _HEADER)
    run = told.run(finding["experiment"])
    (own,) = [e for e in run["evaluations"] if e["source"]["file"] == finding["subject"]]
    again = any(
        e["status"] == "success" and (e["task"], e["checkpoint"]) == (own["task"], own["checkpoint"])
        for e in run["evaluations"]
    )
    assert finding["quote"] == header["error"]["message"].strip().splitlines()[0][:400]
    place = Path(header["eval"]["metadata"]["finetune_epoch_dir"]).name
    return {
        "task": header["eval"]["task"],
        "checkpoint": place,
        "status": header["status"],
        "superseded": again,
    }


def paired(told: Told, finding: Json) -> Facts:
    """Return what the samples that two runs both answered say, by their logs: McNemar's exact test.

    One comparison's p-value is corrected by Holm's method for all of the same score.
    """
    alike = [
        each for each in told.findings
        if (each["code"], each["subject"], each["evidence"].get("score"))
        == (finding["code"], finding["subject"], finding["evidence"]["score"])
    ]  # fmt: skip
    raw = sorted(_pairs(told, each)[-1] for each in alike)
    one, other, apart, own = _pairs(told, finding)
    steps = [min(1.0, p * (len(raw) - place)) for place, p in enumerate(raw) if p <= own]
    critical = stats.t.ppf(0.975, len(apart) - 1)
    return {
        "test": "mcnemar",
        "samples": len(apart),
        "samples_a": len(one),
        "samples_b": len(other),
        "higher_a": sum(each < 0 for each in apart),
        "higher_b": sum(each > 0 for each in apart),
        "difference": fmean(apart),
        "half_width": float(critical * stdev(apart) / math.sqrt(len(apart))),
        "p_value": own,
        "p_corrected": max(steps),
        "comparisons": len(alike),
        "score": finding["evidence"]["score"],
        "parameter": finding["evidence"]["parameter"],
        "a": finding["evidence"]["a"],
        "b": finding["evidence"]["b"],
    }


def _pairs(told: Told, finding: Json) -> tuple[dict[str, float], dict[str, float], list[float], float]:
    """Return both logs' scores, the differences of the shared samples, and McNemar's p-value."""
    scorer = finding["evidence"]["score"].partition("/")[0]
    one, other = (scores_of(told.set_dir / source["file"], scorer) for source in finding["sources"])
    apart = [other[sample] - one[sample] for sample in sorted(one.keys() & other.keys())]
    discordant = [each for each in apart if each]
    p_value = stats.binomtest(sum(each > 0 for each in discordant), len(discordant), 0.5).pvalue
    return one, other, apart, float(p_value)


def saturated(told: Told, finding: Json) -> Facts:
    """Return lowest and highest of a score over the runs that have it."""
    score = finding["evidence"]["score"]
    values = [
        evaluation["metrics"][score]
        for run in told.runs
        for evaluation in run["evaluations"]
        if evaluation["task"] == finding["subject"] and score in evaluation["metrics"]
    ]
    assert min(values) >= _PASSED
    return {"score": score, "lowest": min(values), "highest": max(values), "runs": len(values)}


def one_seed(told: Told, _: Json) -> Facts:
    """Return how many runs have numbers, no two of them being alike but for the seed, and their seed."""
    ran = [run for run in told.runs if finite_at(run, "final_loss") is not None]
    seeds = {run["parameters"].get("seed") for run in ran}
    return known({"settings": len(ran), "seed": seeds.pop() if len(seeds) == 1 else None})


def confounded(told: Told, finding: Json) -> Facts:
    """Return the parameters that differ between the two runs that are named, and which never do alone.

    Seeds, and what follows another parameter throughout, are no settings of their own.
    """
    names = finding["evidence"]["parameters"].split(", ")
    ran = [run for run in told.runs if finite_at(run, "final_loss") is not None]
    by_name = {run["name"]: run["parameters"] for run in ran}
    a, b = (by_name[finding["evidence"][side]] for side in "ab")
    assert all(a.get(name) != b.get(name) for name in names)
    pairs = [
        {name for name in names if one["parameters"].get(name) != other["parameters"].get(name)}
        for place, one in enumerate(ran)
        for other in ran[place + 1 :]
    ]
    alone = {name for name in names if {name} in pairs}
    settings = {tuple(run["parameters"].get(name) for name in names) for run in ran}
    apart = [
        (one, other)
        for one in settings
        for other in settings
        if repr(one) < repr(other) and all(x != y for x, y in zip(one, other, strict=True))
    ]
    return known(
        {
            "parameters": ", ".join(names),
            "never_alone": ", ".join(name for name in names if name not in alone),
            "a": finding["evidence"]["a"],
            "b": finding["evidence"]["b"],
            "comparisons": len(apart),
        }
    )


def disagreeing(told: Told, finding: Json) -> Facts:
    """Return both files' losses at the first step where they differ, and at how many of how many they do."""
    evidence = finding["evidence"]
    state = json.loads((told.set_dir / evidence["a_file"]).read_text("utf-8"))
    of_state = {entry["step"]: entry["loss"] for entry in state["log_history"] if "loss" in entry}
    text = (told.set_dir / evidence["b_file"]).read_text("utf-8")
    printed = [float(loss) for loss in re.findall(r"'loss': '([0-9.]+)'", text)]
    of_log = dict(zip(sorted(of_state), printed, strict=True))
    apart = [
        step for step, loss in sorted(of_state.items()) if not math.isclose(loss, of_log[step], rel_tol=1e-3)
    ]
    return {
        "metric": "loss",
        "step": apart[0],
        "a": of_state[apart[0]],
        "b": of_log[apart[0]],
        "compared": len(of_log),
        "differing": len(apart),
    }


def unreadable_evaluation(told: Told, finding: Json) -> Facts:
    """Check that a log is no whole archive."""
    assert not zipfile.is_zipfile(told.set_dir / finding["subject"])
    return {}


def unfinished_evaluation(told: Told, finding: Json) -> Facts:
    """Return what a log without an end says, and whether another one made up for it."""
    log = json.loads((told.set_dir / finding["subject"]).read_text("utf-8"))
    place = Path(log["eval"]["model_args"]["model_path"]).name
    task = log["eval"]["task"]
    again = any(
        (e["status"], e["task"], e["checkpoint"]) == ("success", task, place)
        for e in told.run(finding["experiment"])["evaluations"]
    )
    return {"task": task, "checkpoint": place, "status": log["status"], "superseded": again}


def unknown_metric(told: Told, finding: Json) -> Facts:
    """Check that the settings name a metric that no run has, and that runs have those told instead."""
    names = {name for run in told.runs for name in run["metrics"]}
    assert finding["subject"] in (told.set_dir / "afterall.toml").read_text("utf-8")
    assert finding["subject"] not in names
    assert set(finding["evidence"]["known"].split(", ")) <= names
    return {}


def edited(told: Told, finding: Json) -> Facts:
    """Check that the edited report is kept, and another than the one that stands."""
    kept = (told.set_dir / finding["subject"]).read_text("utf-8")
    assert kept != told.report
    return {}


def shared_log(told: Told, finding: Json) -> Facts:
    """Return how many runs began in a log, by the banners of torchtune."""
    text = (told.set_dir / finding["subject"]).read_text("utf-8")
    return {"jobs": len(re.findall(r"^batch_size: ", text, flags=re.MULTILINE))}


CHECKERS: dict[str, Checker] = {
    "validation_tracked": validation,
    "loss_not_finite": not_finite,
    "zero_steps": zero,
    "stopped_early": short,
    "no_loss_found": no_loss,
    "loss_guessed": guessed,
    "evaluation_failed": failed_evaluation,
    "evaluation_paired": paired,
    "evaluation_saturated": saturated,
    "evaluation_unreadable": unreadable_evaluation,
    "evaluation_unfinished": unfinished_evaluation,
    "metric_not_found": unknown_metric,
    "report_edited": edited,
    "log_shared_by_jobs": shared_log,
    "sources_disagree": disagreeing,
    "one_seed": one_seed,
    "confounded": confounded,
}
