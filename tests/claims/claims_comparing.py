"""Take a comparison's sentence apart, and find the runs of RESULTS.json that its two sides mean."""

import re
from collections.abc import Iterator, Mapping
from statistics import fmean

from msgspec import Struct

from claims.claims_reading import Json, Told, number_at
from claims.claims_report import Token, finished, labelled, section, subsections, token

_METRICS = {
    "Final validation loss": "final_val_loss",
    "Final training loss": "final_loss",
    "Mean training loss of the last logged steps": "mean_last_loss",
    "Training time": "train_seconds",
    "The job's elapsed time": "elapsed_s",
    "Samples per second": "samples_per_second",
    "Steps per second": "steps_per_second",
    "Throughput (tokens/s per GPU)": "tokens_per_second_per_gpu",
    "Median throughput (tokens/s per GPU)": "tokens_per_second_per_gpu_median",
}
_VALUE = (
    r"(?P<{0}>[\d.,]+(?:e-?\d+)?)(?: (?P<{0}unit>seconds?|minutes?|hours?))?"
    r"(?: ± (?P<{0}sd>[\d.]+(?:e-?\d+)?)(?: s)?)?(?: \(n = (?P<{0}n>\d+)\))?"
)
_SENTENCE = re.compile(
    r"(?:(?P<where>[^:(]+): )?(?P<a>[^:(]+?)(?: \((?P<a_run>[^)]+)\))? "
    r"(?:was (?P<how>[\d.,]+)(?P<kind>×| %) (?P<word>lower|higher|faster|slower) than|and) "
    r"(?P<b>[^(]+?)(?: \((?P<b_run>[^)]+)\))?(?: (?P<verdict>tie|were about equal|were equal))? "
    r"\(" + _VALUE.format("x") + " vs " + _VALUE.format("y") + r"(?:, step (?P<step>[\d,]+))?\)(?P<rest>.*)"
)
_SETTING = re.compile(
    r"(?P<rank>rank (?P<rank_of>\S+))|(?P<rate>learning rate (?P<rate_of>\S+))"
    r"|(?P<epochs>epochs (?P<epochs_of>\S+))"
)
_NAMES = {"rank": "lora_rank", "rate": "learning_rate", "epochs": "epochs"}


class Side(Struct, frozen=True):
    """One side: the runs it means, their values, and what is printed of them."""

    runs: list[str]
    values: list[float]
    value: Token
    sd: Token | None
    n: int
    spread: float | None = None
    """An evaluation's own standard error."""


class Compared(Struct, frozen=True):
    """A comparison's sentence, taken apart."""

    metric: str
    a: str
    """The first side's setting, as "rank 64"."""
    b: str
    first: Side
    second: Side
    how: Token | None
    kind: str
    word: str
    verdict: str
    step: int | None
    rest: str


def compared(told: Told, label: str, sentence: str) -> Compared | None:
    """Return a sentence's comparison, None where it is none."""
    found = _SENTENCE.fullmatch(sentence)
    if found is None or (label not in _METRICS and "/" not in label):
        return None
    part = found.groupdict()
    values, errors = values_of(told, label)
    where = [part["where"]] if part["where"] else []
    sides = []
    for name, key in (("a", "x"), ("b", "y")):
        settings = ", ".join([*where, part[name]]).split(", ")
        runs = [run["name"] for run in told.runs if _has(run, settings) and run["name"] in values]
        runs = [part[f"{name}_run"]] if part[f"{name}_run"] else runs
        side = Side(
            runs=runs,
            values=[values[run] for run in runs],
            value=token(part[key], part[f"{key}unit"] or ""),
            sd=token(part[f"{key}sd"]) if part[f"{key}sd"] else None,
            n=int(part[f"{key}n"] or 1),
            spread=errors.get(runs[0]) if runs else None,
        )
        sides.append(side)
    return Compared(
        metric=label,
        a=part["a"],
        b=part["b"],
        first=sides[0],
        second=sides[1],
        how=token(part["how"]) if part["how"] else None,
        kind=(part["kind"] or "").strip(),
        word=part["word"] or "",
        verdict=part["verdict"] or "",
        step=int(part["step"].replace(",", "")) if part["step"] else None,
        rest=part["rest"],
    )


def values_of(told: Told, label: str) -> tuple[Mapping[str, float], Mapping[str, float]]:
    """Return a label's metric by run, and the standard errors where it is a score of final checkpoints.

    For a final one that is not good and has none speaks a good one of the run's last step.
    """
    if label in _METRICS:
        return finished(told, _METRICS[label]), {}
    task, _, score = label.partition("/")
    values, errors = {}, {}
    for run in told.runs:
        for evaluation in run["evaluations"]:
            # The harness's filter "none" is not told.
            scores = {key.removeprefix("none/"): value for key, value in evaluation["metrics"].items()}
            if (
                evaluation["task"] == task
                and evaluation["checkpoint"] in last_states(run)
                and score in scores
            ):
                values[run["name"]] = scores[score]
                of_scorer = scores.get(f"{score.partition('/')[0]}/stderr", 0.0)
                errors[run["name"]] = scores.get(f"{score}_stderr", of_scorer)
    return values, errors


def last_states(run: Json) -> list[str]:
    """Return the names of the checkpoints that hold what a run ended with."""
    final = [c for c in run["checkpoints"] if c["is_final"]]
    if any(c["verdict"] == "ok" for c in final):
        return [c["name"] for c in final]
    last = number_at(run, "global_step")
    good = [c for c in run["checkpoints"] if c["verdict"] == "ok" and c["step"] == last]
    return [c["name"] for c in (*final, *good)]


def ends_of(told: Told, who: str) -> tuple[int, float, float]:
    """Return the step and value of a run's last validation, and the mean of the training losses before it.

    That is of the last ten logged, where there are forty or more; else the last one.
    """
    losses, (step, validation) = told.curve(who, "loss"), told.curve(who, "val_loss")[-1]
    until = [value for at, value in losses if at <= step]
    return step, validation, fmean(until[-10 if len(losses) >= 40 else -1 :])


def _has(run: Json, settings: list[str]) -> bool:
    """Tell whether a run has all these settings: "rank 4", "learning rate 0.003", or a model's name."""
    parameters = run["parameters"]
    for setting in settings:
        found = _SETTING.fullmatch(setting)
        if found is None:
            if parameters.get("model") != setting:
                return False
            continue
        key = next(key for key in _NAMES if found[key])
        if parameters.get(_NAMES[key]) != float(found[f"{key}_of"]):
            return False
    return True


def all_compared(report: Told) -> Iterator[tuple[str, Compared]]:
    """Yield the comparisons of the key findings, each with its sentence."""
    for name, body in subsections(section(report.report, "Key Findings")).items():
        if name.endswith("Impact") or name == "Training Efficiency":
            for label, sentence in labelled(body):
                found = compared(report, label, sentence)
                if found is not None:
                    yield sentence, found
