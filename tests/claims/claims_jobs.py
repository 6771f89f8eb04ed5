"""Compute anew what findings say of jobs: from the rows of sacct and what the runs left."""

from collections.abc import Mapping
from datetime import UTC, datetime

from claims.claims_checking import Checker, Facts, known, no_facts
from claims.claims_reading import Json, Told, finite_at, in_bytes, lines_of

_KILL = 9
_NO_LAUNCH = 53
_BASH_DEATH = 128


def record(told: Told, finding: Json) -> Facts:
    """Return all that is known of the job that counts, of how far its run came, and of what it left."""
    run = told.run(finding["experiment"])
    shown = run["attempts"][-1]["job_id"]
    row = [each for each in told.accounting if each["JobIDRaw"] == shown][-1]
    steps = told.steps(shown)
    code, signal = _code_of(row, steps)
    over = row["State"].partition(" ")[0] not in ("RUNNING", "PENDING")
    facts = {
        "job_id": row["JobID"],
        "state": row["State"],
        "exit_code": code if over else None,
        "signal": signal if over else None,
        "may_lack_128": _may_lack_128(row, steps) or None,
        "elapsed_s": int(row["ElapsedRaw"]) if row["NodeList"] not in ("", "None assigned") else None,
        "time_limit_s": int(row["TimelimitRaw"]) * 60,
        "requested_memory_bytes": in_bytes(row["AllocTRES"]) or in_bytes(row["ReqTRES"]),
        "max_rss_bytes": max((int(s["MaxRSS"]) for s in steps if s["MaxRSS"]), default=None),
        "node_list": row["NodeList"].replace("None assigned", ""),
        "reason": row["Reason"].replace("None", ""),
        "source": "sacct",
        "did_not_launch": signal == _NO_LAUNCH or None,
        "was_killed": (over and _KILL in (signal, code - _BASH_DEATH)) or None,
    }
    return known({**facts, **_left(told, finding, run)})


def _left(told: Told, finding: Json, run: Json) -> Facts:
    """Return how far the run came, and how many logs and usable checkpoints its last job left."""
    if any(f["code"] == "traces_of_earlier_attempt" for f in told.findings if f["experiment"] == run["name"]):
        return {"of_earlier": True, "logs": _logs(told, run, finding["subject"])}
    usable = [c for c in run["checkpoints"] if c["verdict"] in ("ok", "unverified")]
    reached, planned = finite_at(run, "global_step"), finite_at(run, "planned_steps")
    return {
        "reached_step": None if reached is None else int(reached),
        "planned_steps": None if planned is None else int(planned),
        "logs": _logs(told, run, finding["subject"]),
        "saved": len(usable) or None,
    }


def _logs(told: Told, run: Json, job_id: str) -> int | None:
    return len(list((told.set_dir / run["path"]).glob(f"slurm-{job_id}.out"))) or None


def _code_of(row: Mapping[str, str], steps: list[dict[str, str]]) -> tuple[int, int]:
    """Return exit code and signal; a shell's 128 + S, which old sacct shows as S, where a step died of S."""
    code, signal = map(int, row["ExitCode"].split(":"))
    deaths = {int(step["ExitCode"].split(":")[1]) for step in steps}
    if row["State"] == "FAILED" and code and not signal and code in deaths:
        return _BASH_DEATH + code, signal
    return code, signal


def _may_lack_128(row: Mapping[str, str], steps: list[dict[str, str]]) -> bool:
    """Tell whether the code may be that of a shell whose command died of a signal, and no step tells."""
    code, signal = _code_of(row, steps)
    of_signal = (0, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 31, 127)
    return row["State"] == "FAILED" and not signal and code in of_signal


def out_of_memory(told: Told, finding: Json) -> Facts:
    """Return a job's facts, whether it was seen over its limit, and by which step where Slurm says FAILED."""
    facts = dict(record(told, finding))
    asked, used = facts["requested_memory_bytes"], facts["max_rss_bytes"]
    assert isinstance(asked, int)
    assert isinstance(used, int)
    if used >= asked:
        (step,) = [s["JobIDRaw"] for s in told.steps(finding["subject"]) if s["MaxRSS"] == str(used)]
        facts["is_over"] = True
        if facts["state"] == "FAILED":
            facts["memory_evidence"] = f"step {step} used {used} of {asked} bytes"
    return facts


def with_cause(told: Told, finding: Json) -> Facts:
    """Return a job's facts, and the log's line that is told beside it."""
    cause = finding["evidence"].get("cause")
    beside = [f["code"] for f in told.findings if f["experiment"] == finding["experiment"]]
    told_beside = cause is None or cause in beside or bool(finding["quote"])
    return {**record(told, finding), **known({"cause": cause if told_beside else "nowhere"})}


def earlier(told: Told, finding: Json) -> Facts:
    """Return the attempts before the last one: how many, whose, how they ended, how long they took."""
    before = told.run(finding["experiment"])["attempts"][:-1]
    ids = list(dict.fromkeys(attempt["display_id"] for attempt in before))
    rows = told.jobs(finding["experiment"])[: len(before)]
    return {
        "earlier": len(before),
        "job_ids": ", ".join(ids),
        "states": ", ".join(row["State"] for row in rows),
        "elapsed_s": sum(int(row["ElapsedRaw"]) for row in rows),
    }


def unplaced(told: Told, finding: Json) -> Facts:
    """Return the jobs of one name and state that no experiment has among its attempts."""
    placed = {attempt["job_id"] for run in told.runs for attempt in run["attempts"]}
    name, state = finding["evidence"]["name"], finding["evidence"]["state"]
    rows = [
        row
        for row in told.accounting
        if "." not in row["JobIDRaw"] and row["JobIDRaw"] not in placed
        and (row["JobName"], row["State"]) == (name, state)
    ]  # fmt: skip
    logs = [log for row in rows for log in sorted(told.set_dir.rglob(f"slurm-{row['JobIDRaw']}.out"))]
    return known(
        {
            "jobs": len(rows),
            "job_ids": ", ".join(row["JobID"] for row in rows),
            "name": name,
            "state": state,
            "log": str(logs[0].relative_to(told.set_dir)) if logs else None,
            "logs": len(logs) or None,
        }
    )


def recycled(told: Told, finding: Json) -> Facts:
    """Return the foreign job that bears one of the set's ids, as its own row has it."""
    rows = [row for row in told.accounting if row["JobIDRaw"] == finding["subject"]]
    row = next(each for each in rows if told.set_dir.name not in each["WorkDir"])
    submit = datetime.fromtimestamp(int(row["Submit"]), UTC).isoformat()
    return {"job_id": row["JobID"], "user": row["User"], "work_dir": row["WorkDir"], "submit": submit}


def unrecorded(told: Told, finding: Json) -> Facts:
    """Return the ids that the run's logs bear and accounting has no row of."""
    run = told.run(finding["experiment"])
    ids = [log.rpartition("-")[2].removesuffix(".out") for log in run["logs"]]
    rows = {row["JobIDRaw"] for row in told.accounting}
    return {"job_ids": ", ".join(i for i in ids if i not in rows)}


def unsubmitted(told: Told, finding: Json) -> Facts:
    """Return the batch script of an experiment that no job of accounting ran in."""
    run = told.run(finding["experiment"])
    assert not run["attempts"]
    assert not any(row["WorkDir"].endswith(f"/{run['path']}") for row in told.accounting)
    (script,) = (told.set_dir / run["path"]).glob("*.sbatch")
    assert any(line.startswith("#SBATCH") for line in lines_of(script))
    return {"script": str(script.relative_to(told.set_dir))}


def log_missing(told: Told, finding: Json) -> Facts:
    """Return the job that left no log in the set."""
    run = told.run(finding["experiment"])
    job_id = run["attempts"][-1]["display_id"]
    assert not list(told.set_dir.rglob(f"*{job_id}*.out"))
    return {"job_id": job_id}


def of_earlier(told: Told, finding: Json) -> Facts:
    """Check that the file was last written before the job that counts was submitted."""
    submit = max(int(row["Submit"]) for row in told.jobs(finding["experiment"]))
    assert (told.set_dir / finding["subject"]).stat().st_mtime < submit
    return {}


CHECKERS: dict[str, Checker] = {
    "traces_of_earlier_attempt": of_earlier,
    "exit_code_spoiled": record,
    "state_contradicts_training": with_cause,
    "completed_without_training": record,
    "job_failed": with_cause,
    "job_timeout": with_cause,
    "job_deadline": with_cause,
    "job_cancelled": with_cause,
    "job_cancelled_pending": record,
    "job_node_fail": with_cause,
    "job_preempted": with_cause,
    "job_out_of_memory": out_of_memory,
    "job_running": record,
    "job_pending": record,
    "job_held": record,
    "dependency_never_satisfied": record,
    "job_state_unknown": record,
    "job_without_experiment": unplaced,
    "job_id_recycled": recycled,
    "no_accounting_record": unrecorded,
    "not_submitted": unsubmitted,
    "submission_unknown": unsubmitted,
    "earlier_attempts": earlier,
    "log_missing": log_missing,
    "slurm_not_asked": no_facts,
}
