"""Compare a report with what accounting itself says, value by value."""

import re
from datetime import UTC, datetime
from typing import Any

from cluster.cluster_sets import ExperimentSet

Told = dict[str, Any]


def check_attempts(told: Told, rows: list[dict[str, str]]) -> None:
    """Check that RESULTS.json tells an experiment's legs as accounting does: each, in order, and no other."""
    rows = sorted(rows, key=lambda row: row["Submit"])
    assert [leg["source"] for leg in told["attempts"]] == ["sacct"] * len(rows), told
    for leg, row in zip(told["attempts"], rows, strict=True):
        assert (leg["job_id"], leg["display_id"]) == (row["JobIDRaw"], row["JobID"])
        assert leg["slurm_state"] == row["State"]
        code, signal = map(int, row["ExitCode"].split(":"))
        # sacct before 25.11 subtracts 128 from codes that large; a step's row may tell that it did.
        assert leg["exit_code"] in (code, code + 128), (leg, row)
        assert leg["signal"] == signal, (leg, row)
        # To a job cancelled while it waited Slurm gives its end as its start.
        has_run = row["NodeList"] != "None assigned"
        start = row["Start"] if has_run else "None"
        for key, time in (("submit", row["Submit"]), ("start", start), ("end", row["End"])):
            assert leg[key] == _time(time), (key, leg, row)
        assert leg["elapsed_s"] == (int(row["ElapsedRaw"]) if has_run else None), (leg, row)
        assert leg["nodes"] == int(row["NNodes"]), (leg, row)


def check_set(experiments: ExperimentSet) -> None:
    """Check each run that was submitted against accounting, and that Markdown and JSON say the same."""
    text = experiments.report.read_text()
    results = experiments.results
    assert {one["name"] for one in results["experiments"]} == set(experiments.jobs)
    for name, job_id in experiments.jobs.items():
        told = experiments.told(name)
        check_attempts(told, experiments.slurm.sacct(job_id))
        assert told["state"] != "unknown"
        assert re.search(rf"(?<!\d){job_id}(?!\d)", text), f"{job_id} is not in the report"
    counts: dict[str, int] = {}
    for one in results["experiments"]:
        counts[one["state"]] = counts.get(one["state"], 0) + 1
    assert results["set"]["counts"] == counts


def _time(text: str) -> str | None:
    if text in ("Unknown", "None", ""):
        return None
    return datetime.fromisoformat(text).replace(tzinfo=UTC).isoformat().replace("+00:00", "Z")
