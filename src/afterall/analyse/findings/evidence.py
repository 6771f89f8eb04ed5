"""Gather what findings of one experiment rest on: its job's record, its progress, its log's lines.

Invariant: only what is known is evidence; a line counts only when it stands in a log of the attempt that
counts.
"""

from collections.abc import Iterable

from msgspec import Struct

from afterall.analyse.costs import job_name
from afterall.analyse.measures import whole
from afterall.analyse.readings import finite_metric
from afterall.model import (
    Attempt,
    Experiment,
    Finding,
    FindingCode,
    LogFile,
    Scalar,
    Severity,
    SlurmState,
    Source,
    State,
    Verdict,
)

NO_ARRAY_TASK = "4294967294"
"""What Slurm's %a gives for a job that is no array's (NO_VAL)."""

NO_LAUNCH = 53
"""The signal of a job whose batch script Slurm could not start: its directory or output file is not there."""

_KILL = 9
_USABLE = (Verdict.OK, Verdict.UNVERIFIED)
_BEFORE = frozenset({SlurmState.CONFIGURING, SlurmState.POWER_UP_NODE})
_AFTER = frozenset({SlurmState.COMPLETING, SlurmState.STAGE_OUT, SlurmState.UPDATE_DB})
_HALTED = frozenset({SlurmState.SUSPENDED, SlurmState.STOPPED})

LINES = frozenset(code for code in FindingCode if code.value.startswith("line_"))
"""What scanning says of single lines of a log."""


class Judgement(Struct, frozen=True):
    """Findings, and those of scanning that they tell anew and that are not to be told again."""

    findings: tuple[Finding, ...] = ()
    absorbed: tuple[Finding, ...] = ()


def finding(
    code: FindingCode, experiment: Experiment, evidence: dict[str, Scalar], line: Finding | None = None
) -> Finding:
    """Return a finding on an experiment's job, quoting `line` where one explains it."""
    latest = experiment.latest
    return Finding(
        code=code,
        experiment=experiment.name,
        subject=job_name(latest) if latest else "",
        evidence=evidence,
        quote=line.quote if line else "",
        sources=line.sources if line else (),
    )


def job_evidence(experiment: Experiment) -> dict[str, Scalar]:
    """Return what is known of the job that counts, of how far training came in it and of what it left."""
    return known({**_record(experiment.latest), **progress(experiment), **_left_behind(experiment)})


def is_of_earlier(experiment: Experiment) -> bool:
    """Tell whether the numbers are of an earlier attempt than the one that counts."""
    return any(f.code is FindingCode.TRACES_OF_EARLIER_ATTEMPT for f in experiment.findings)


def progress(experiment: Experiment) -> dict[str, Scalar]:
    """Return how far training came, and how far it was to go; nothing of what an earlier attempt reached."""
    if is_of_earlier(experiment):
        return {}
    return {
        "reached_step": whole(finite_metric(experiment, "global_step")),
        "planned_steps": whole(finite_metric(experiment, "planned_steps")),
    }


def known(evidence: dict[str, Scalar]) -> dict[str, Scalar]:
    """Return the evidence without what no source gave."""
    return {key: value for key, value in evidence.items() if value is not None and value != ""}


def completion_sources(experiment: Experiment) -> tuple[Source, ...]:
    """Return the places that show training's own end."""
    return tuple(e.source for e in experiment.completion.evidence if e.speaks_for)[:3]


def lines_of_latest(experiment: Experiment) -> list[Finding]:
    """Return scanning's findings on lines in the logs of the attempt that counts, in the logs' order."""
    logs = {log.path for log in _latest_logs(experiment)}
    others = {log.path for log in experiment.logs} - logs
    lines = [
        f for f in experiment.findings if f.code in LINES and not any(s.file in others for s in f.sources)
    ]
    return sorted(lines, key=_position)


def last(lines: Iterable[Finding], codes: Iterable[FindingCode]) -> Finding | None:
    """Return the last of `lines` with one of the codes."""
    wanted = frozenset(codes)
    return next((line for line in reversed(list(lines)) if line.code in wanted), None)


def may_explain(line: Finding) -> bool:
    """Tell whether a line may explain an end: it is sure, and training did not go on below it."""
    return line.severity is None or line.severity > Severity.WARNING


def _record(attempt: Attempt | None) -> dict[str, Scalar]:
    if attempt is None:
        return {}
    return {
        "job_id": job_name(attempt),
        "state": attempt.state_text or (attempt.slurm_state.value if attempt.slurm_state else None),
        "exit_code": attempt.exit_code,
        "signal": attempt.signal,
        "may_lack_128": attempt.exit_code_may_lack_128 or None,
        "elapsed_s": attempt.elapsed_s,
        "time_limit_s": attempt.time_limit_s,
        "requested_memory_bytes": attempt.requested_memory_bytes,
        "max_rss_bytes": attempt.max_rss_bytes,
        "node_list": attempt.node_list,
        "failed_node": attempt.failed_node or _only_node_that_failed(attempt),
        "reason": "" if attempt.reason == "None" else attempt.reason,
        "source": attempt.source.value,
        **_how(attempt),
    }


def _only_node_that_failed(attempt: Attempt) -> str:
    """Return the node of a job of one node that a failing node ended: Slurm before 23.02 names none."""
    return attempt.node_list if attempt.state is State.NODE_FAIL and attempt.nodes == 1 else ""


def _left_behind(experiment: Experiment) -> dict[str, Scalar]:
    """Return what the attempt that counts left: its logs, and checkpoints that can be used."""
    return {
        "logs": len(_latest_logs(experiment)) or None,
        "saved": sum(c.verdict in _USABLE for c in experiment.checkpoints) or None,
        "of_earlier": is_of_earlier(experiment) or None,
    }


def _how(attempt: Attempt) -> dict[str, Scalar]:
    """Return what a state's own word leaves unsaid: how a job lives, or died."""
    state = attempt.slurm_state
    return {
        "is_starting": state in _BEFORE or None,
        "is_ending": state in _AFTER or None,
        "is_suspended": state in _HALTED or None,
        "did_not_boot": state is SlurmState.BOOT_FAIL or None,
        "did_not_launch": attempt.signal == NO_LAUNCH or None,
        "was_killed": _KILL in (attempt.signal, (attempt.exit_code or 0) - 128) or None,
        "is_forgotten": attempt.is_forgotten or None,
        "is_elsewhere": state is SlurmState.REVOKED or None,
        "is_by_its_user": _is_by_its_user(attempt) or None,
    }


def _is_by_its_user(attempt: Attempt) -> bool:
    """Tell whether Slurm's "CANCELLED by UID" names the job's own user."""
    return attempt.uid is not None and attempt.state_text == f"CANCELLED by {attempt.uid}"


def _latest_logs(experiment: Experiment) -> list[LogFile]:
    """Return the logs that bear the id of the attempt that counts, else those of no earlier attempt."""
    latest = experiment.latest
    if latest is None:
        return list(experiment.logs)
    named = [log for log in experiment.logs if log.job_id is not None and _wrote(latest, log)]
    earlier = [log for log in experiment.logs if any(_wrote(one, log) for one in experiment.attempts[:-1])]
    return named or [log for log in experiment.logs if log not in earlier]


def id_of(log: LogFile) -> str:
    """Return the job's id in a log's name as users type it, "" where it bears none."""
    is_task = log.task_id is not None and log.task_id != NO_ARRAY_TASK
    return f"{log.job_id}_{log.task_id}" if is_task else log.job_id or ""


def _wrote(attempt: Attempt, log: LogFile) -> bool:
    shown = id_of(log)
    return bool(shown) and shown in (attempt.display_id, attempt.job_id if "_" not in shown else "")


def _position(line: Finding) -> tuple[str, int]:
    """Return where a line stands: "line 120" of its file."""
    if not line.sources:
        return ("", 0)
    word, _, number = line.sources[0].where.partition(" ")
    position = int(number) if word == "line" and number.isdecimal() and len(number) < 16 else 0
    return (line.sources[0].file, position)
