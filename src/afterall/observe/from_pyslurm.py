"""Ask accounting through pyslurm in a child process, and read its JSON.

Invariant: pyslurm is asked by ids only, and counts as the one accounting query when it answers. It asks
slurmdbd for no duplicates and keys jobs by id, so a requeued job shows its last leg alone (`restarts` tells
of the others), and its filter knows no states, so a window would miss what was cancelled before it was
eligible: sacct is asked for windows.
"""

import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

import msgspec

from afterall.model import Attempt, JobId, Phase, SlurmSource
from afterall.observe.question import Question
from afterall.observe.steps import Row, fold_exit_code, fold_max_rss, memory_kill
from afterall.observe.values import elapsed_of, parse_count, parse_epoch, parse_state, parse_text

_CHILD = Path(__file__).with_name("pyslurm_child.py")
_NO_VALUE = 0xFFFFFFFE
"""Slurm's NO_VAL, which pyslurm passes on for het_job_offset of a job that is none."""
_MEBIBYTE = 1024**2


def is_installed() -> bool:
    """True if pyslurm can be looked for; whether it can be imported only the child finds out."""
    return importlib.util.find_spec("pyslurm") is not None


def pyslurm_argv(question: Question) -> list[str]:
    """Return the child's command; -I keeps the user's environment and directory out of it."""
    ids = [int(job_id) for job_id in question.asked_ids]
    return [sys.executable, "-I", str(_CHILD), json.dumps({"ids": ids})]


def parse_pyslurm(data: bytes) -> tuple[Attempt, ...]:
    """Return the jobs in the child's JSON, or in a list of `pyslurm.db.Job.to_dict()`; else nothing.

    pyslurm 25.11.2 turns zeros into None (array_task_id and heterogeneous_offset 0, elapsed_time of 0 s)
    and subtracts 128 from exit codes though its Slurm does not [measured, 25.11.7].
    """
    try:
        document = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ()
    jobs = document.get("jobs") if isinstance(document, dict) else document
    if not isinstance(jobs, list):
        return ()
    return tuple(_attempt(job) for job in jobs if isinstance(job, dict) and _number(job.get("id")))


def _attempt(job: dict[str, Any]) -> Attempt:
    row, steps = _row(job), _steps(job)
    state = parse_state(row["State"])
    ended = state is None or state.phase is not Phase.ALIVE
    restored, may_lack = fold_exit_code(row, steps, subtracts_128=True)
    node_list = parse_text(_text(job, "nodelist"))
    # As in sacct: for a job cancelled while it waited, the time of its end.
    start = None if ended and not node_list else _time(job, "start_time")
    code = _number(job.get("exit_code"))
    memory_mib, limit_minutes = _number(job.get("memory")), _number(job.get("time_limit"))
    return Attempt(
        job_id=JobId(row["JobIDRaw"]),
        source=SlurmSource.PYSLURM,
        display_id=_display_id(job),
        cluster=_text(job, "cluster"),
        user=_text(job, "user_name"),
        uid=_number(job.get("user_id")),
        slurm_state=state,
        state_text=row["State"],
        exit_code=(code if restored is None else restored) if ended else None,
        exit_code_may_lack_128=may_lack and ended,
        signal=_number(job.get("exit_code_signal")) if ended else None,
        submit=_time(job, "submit_time"),
        eligible=_time(job, "eligible_time"),
        start=start,
        end=_time(job, "end_time"),
        elapsed_s=elapsed_of(_elapsed(job), start),
        time_limit_s=limit_minutes * 60 if limit_minutes else None,
        nodes=_number(job.get("num_nodes")),
        node_list=node_list,
        cpus=_number(job.get("cpus")),
        gpus=0 if job.get("gpus") == {} else _number(job.get("gpus")),
        requested_memory_bytes=memory_mib * _MEBIBYTE if memory_mib else None,
        max_rss_bytes=_number(job.get("max_resident_memory")) or fold_max_rss(steps),
        reason=parse_text(_text(job, "state_reason")),
        failed_node=_text(job, "failed_node"),
        restarts=_number(job.get("requeue_count")),
        work_dir=_text(job, "working_directory"),
        name=_text(job, "name"),
        comment=_text(job, "comment"),
        submit_line=_text(job, "submit_command"),
        std_out=_text(job, "standard_output"),
        std_err=_text(job, "standard_error"),
        out_of_memory_evidence=memory_kill(row, steps),
    )


def _row(job: dict[str, Any]) -> Row:
    """Return a job as sacct would print it, for the rules that both sources share."""
    by = _text(job, "cancelled_by")
    state = _text(job, "state")
    return {
        "JobIDRaw": str(_number(job.get("id")) or ""),
        "State": f"{state} by {by}" if by and state == "CANCELLED" else state,
        "ExitCode": _exit(job, "exit_code"),
        "DerivedExitCode": _exit(job, "derived_exit_code"),
        "AllocTRES": f"mem={_number(job.get('memory')) or 0}M",
        "ReqTRES": "",
        "NNodes": str(_number(job.get("num_nodes")) or 1),
        "MaxRSS": "",
        "TRESUsageInMax": "",
    }


def _steps(job: dict[str, Any]) -> list[Row]:
    steps = job.get("steps")
    return [
        {
            "JobIDRaw": f"{job.get('id')}.{step.get('id')}",
            "State": _text(step, "state"),
            "ExitCode": _exit(step, "exit_code"),
            "DerivedExitCode": "",
            "AllocTRES": f"mem={_number(step.get('memory')) or 0}M",
            "ReqTRES": "",
            "NNodes": str(_number(step.get("num_nodes")) or 1),
            "MaxRSS": str(_number(step.get("max_resident_memory")) or ""),
            "TRESUsageInMax": "",
        }
        for step in (steps if isinstance(steps, list) else [])
        if isinstance(step, dict)
    ]


def _display_id(job: dict[str, Any]) -> str:
    array, task = _number(job.get("array_id")), _number(job.get("array_task_id"))
    if array:
        waiting = _text(job, "array_tasks_waiting")
        return f"{array}_[{waiting}]" if task is None and waiting else f"{array}_{task or 0}"
    leader, offset = _number(job.get("heterogeneous_id")), _number(job.get("heterogeneous_offset"))
    return f"{leader}+{offset or 0}" if leader and offset != _NO_VALUE else str(job.get("id"))


def _elapsed(job: dict[str, Any]) -> int | None:
    elapsed = _number(job.get("elapsed_time"))
    return 0 if elapsed is None and _number(job.get("end_time")) else elapsed


def _time(job: dict[str, Any], name: str) -> Any:
    return parse_epoch(str(_number(job.get(name)) or ""))


def _exit(record: dict[str, Any], name: str) -> str:
    return f"{_number(record.get(name)) or 0}:{_number(record.get(f'{name}_signal')) or 0}"


def _number(value: object) -> int | None:
    return parse_count(str(value)) if isinstance(value, int) and not isinstance(value, bool) else None


def _text(record: dict[str, Any], name: str) -> str:
    value = record.get(name)
    return value if isinstance(value, str) else ""
