"""Compute anew what findings say of losses, steps and the set's design."""

import json
import math
import re
from itertools import pairwise

from claims.claims_checking import Checker, Facts, known
from claims.claims_reading import Json, Told, finite_at, lines_of, number_at

_INTERVALS = ("run_val_every_n_steps", "eval_steps", "val_check_interval", "eval_interval", "eval_iters")


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
    lines = 0 if points else lines_of_nan(told, finding)
    logged: Facts = {"not_finite": len(bad) or lines, "points": len(points) or lines}
    return {"metric": metric, "at_end": at_end, **logged, **({"first_step": bad[0]} if bad else {})}


def lines_of_nan(told: Told, finding: Json) -> int:
    """Return how many lines of the run's log tell a loss of NaN, without a step that a curve could have."""
    logs = [told.set_dir / log for log in told.run(finding["experiment"])["logs"]]
    return sum(
        re.search(r"(?i)\bloss\b.*\bnan\b", line) is not None for log in logs for line in lines_of(log)
    )


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
    """Return how many lines a guessed loss was taken from: points of its curve, where it has any."""
    points = told.curves.get((finding["experiment"], "loss"), [])
    return {"points": len(points) or lines_of_nan(told, finding)}


def one_seed(told: Told, _: Json) -> Facts:
    """Return how many settings have numbers, their seed, and how many runs, where some are alike."""
    ran = [run for run in told.runs if finite_at(run, "final_loss") is not None]
    seeds = {run["parameters"].get("seed") for run in ran}
    settings = {repr(sorted(run["parameters"].items())) for run in ran}
    return known(
        {
            "settings": len(settings),
            "runs": len(ran) if len(settings) < len(ran) else None,
            "seed": seeds.pop() if len(seeds) == 1 else None,
        }
    )


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
    "metric_not_found": unknown_metric,
    "report_edited": edited,
    "log_shared_by_jobs": shared_log,
    "sources_disagree": disagreeing,
    "one_seed": one_seed,
    "confounded": confounded,
}
