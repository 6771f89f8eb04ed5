"""Compute anew what findings say of evaluations: from their logs, headers and samples."""

import json
import math
import zipfile
from pathlib import Path
from statistics import fmean, pstdev

from scipy import stats

from claims.claims_checking import Checker, Facts
from claims.claims_reading import Json, Told
from claims.claims_seeds import holm
from claims.samples_reading import read_member, scores_of

_PASSED = 0.98
_HEADER = "header.json"


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


def unreadable_evaluation(told: Told, finding: Json) -> Facts:
    """Check that a log is no whole archive."""
    assert not zipfile.is_zipfile(told.set_dir / finding["subject"])
    return {}


def paired(told: Told, finding: Json) -> Facts:
    """Return what the samples that two runs both answered say, by their logs: McNemar's exact test.

    The interval is Wald's with one more sample won and one lost. The p-value is corrected by Holm's method
    for all comparisons by the same score.
    """
    alike = [
        each for each in told.findings
        if (each["code"], each["subject"], each["evidence"].get("score"))
        == (finding["code"], finding["subject"], finding["evidence"]["score"])
    ]  # fmt: skip
    raw = [_pairs(told, each)[-1] for each in alike]
    one, other, apart, own = _pairs(told, finding)
    more = [*apart, 1.0, -1.0]
    half = stats.norm.isf(0.025) * pstdev(more) / math.sqrt(len(more))
    return {
        "test": "mcnemar",
        "samples": len(apart),
        "samples_a": len(one),
        "samples_b": len(other),
        "higher_a": sum(each < 0 for each in apart),
        "higher_b": sum(each > 0 for each in apart),
        "difference": fmean(apart),
        "low": max(-1.0, fmean(more) - half),
        "high": min(1.0, fmean(more) + half),
        "p_value": own,
        "p_corrected": holm(raw)[raw.index(own)],
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


CHECKERS: dict[str, Checker] = {
    "evaluation_failed": failed_evaluation,
    "evaluation_paired": paired,
    "evaluation_saturated": saturated,
    "evaluation_unreadable": unreadable_evaluation,
    "evaluation_unfinished": unfinished_evaluation,
}
