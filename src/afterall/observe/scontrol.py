"""Ask the controller about single jobs through scontrol, and read its one-line records.

Invariant: only a job that was asked for is believed, since a newline in a job's name can imitate another's
record.
"""

import re

from afterall.model import Attempt, JobId, Phase, SlurmSource
from afterall.observe.records import decode, plain
from afterall.observe.values import (
    count_gpus,
    elapsed_of,
    memory_bytes,
    parse_count,
    parse_duration,
    parse_epoch,
    parse_exit,
    parse_state,
    parse_text,
    parse_tres,
)

UNKNOWN_JOB = "Invalid job id specified"
"""What slurmctld says of a job it never knew or has forgotten (MinJobAge)."""

_KEYS = """
 JobId ArrayJobId ArrayTaskId ArrayTaskThrottle HetJobId HetJobOffset HetJobIdSet JobName UserId GroupId
MCS_label Priority Nice Account QOS WCKey JobState Reason Dependency Requeue Restarts BatchFlag Reboot
ExitCode DerivedExitCode RunTime TimeLimit TimeMin SubmitTime EligibleTime AccrueTime StartTime EndTime
Deadline SuspendTime PreemptTime PreemptEligibleTime SecsPreSuspend LastSchedEval Scheduler Partition
AllocNode:Sid ReqNodeList ExcNodeList NodeList BatchHost SchedNodeList NumNodes NumCPUs NumTasks CPUs/Task
ReqB:S:C:T TRES ReqTRES AllocTRES Socks/Node NtasksPerN:B:S:C CoreSpec Nodes JOB_GRES MinCPUsNode
MinMemoryNode MinMemoryCPU MinTmpDiskNode Features Prefer DelayBoot OverSubscribe Contiguous Licenses
LicensesAlloc Network Command SubmitLine WorkDir AdminComment SystemComment Comment Extra StdErr StdIn
StdOut Power BurstBuffer Switches CpusPerTres MemPerTres TresBind TresFreq TresPerJob TresPerNode
TresPerSocket TresPerTask NtasksPerTRES MailUser MailType Container ContainerID SLUID SegmentSize
Reservation GresEnforceBind KillOInInvalidDependent
"""
"""Keys of `scontrol -o show job`, 22.05 to 25.11. Values hold blanks and "=" (JobName, Comment,
SubmitLine), so the keys tell where one ends."""

_KEY = re.compile(rf"(?:^| )({'|'.join(map(re.escape, sorted(_KEYS.split(), key=len, reverse=True)))})=")
_RECORD = re.compile(r"^(?=JobId=[0-9]+ )", re.MULTILINE)
_OWNER = re.compile(r"(.*)\(([0-9]{1,10})\)", re.DOTALL)


def scontrol_argv(job_id: JobId) -> list[str]:
    """Return the command for one job: scontrol takes one id, or prints every job of the cluster."""
    return ["scontrol", "-o", "show", "job", job_id]


def parse_scontrol(data: bytes) -> tuple[Attempt, ...]:
    """Return what scontrol says of jobs, in its order; any bytes are fine.

    ExitCode is exact here: 137, where sacct before 25.11 shows 9 [measured, 22.05.8]. COMPLETING hides the
    state a job ended in, but its ExitCode and EndTime are set already.
    """
    records = _RECORD.split(decode(data))
    return tuple(_attempt(_fields(record)) for record in records if _RECORD.match(record))


def _fields(record: str) -> dict[str, str]:
    """Return values by key, the first of each key; a line break inside a value stays."""
    found = list(_KEY.finditer(record))
    ends = [*(match.start() for match in found[1:]), len(record)]
    fields: dict[str, str] = {}
    for match, end in zip(found, ends, strict=True):
        fields.setdefault(match[1], record[match.end() : end].rstrip())
    return fields


def _attempt(fields: dict[str, str]) -> Attempt:
    text = {key: parse_text(plain(value)) for key, value in fields.items()}
    state = parse_state(text.get("JobState", ""))
    ended = (state is not None and state.phase is not Phase.ALIVE) or text.get("JobState") == "COMPLETING"
    code, signal = parse_exit(text.get("ExitCode", ""))
    owner = _OWNER.fullmatch(text.get("UserId", ""))
    has_nodes = bool(text.get("NodeList"))
    allocated = parse_tres(text.get("AllocTRES") or text.get("TRES", "")) if has_nodes else {}
    requested = parse_tres(text.get("ReqTRES") or text.get("TRES", ""))
    waits = text.get("JobState") == "PENDING"
    start = None if waits or (ended and not has_nodes) else parse_epoch(text.get("StartTime", ""))
    return Attempt(
        job_id=JobId(text.get("JobId", "")),
        source=SlurmSource.SCONTROL,
        display_id=_display_id(text),
        user=owner[1] if owner else "",
        uid=int(owner[2]) if owner else None,
        slurm_state=state,
        state_text=text.get("JobState", ""),
        exit_code=code if ended else None,
        signal=signal if ended else None,
        submit=parse_epoch(text.get("SubmitTime", "")),
        eligible=parse_epoch(text.get("EligibleTime", "")),
        start=start,
        end=parse_epoch(text.get("EndTime", "")) if ended else None,
        elapsed_s=elapsed_of(parse_duration(text.get("RunTime", "")), start),
        time_limit_s=parse_duration(text.get("TimeLimit", "")),
        nodes=parse_count(text.get("NumNodes", "").partition("-")[0]),
        node_list=text.get("NodeList", ""),
        cpus=parse_count(text.get("NumCPUs", "").partition("-")[0]),
        gpus=count_gpus(allocated),
        requested_memory_bytes=memory_bytes(allocated) or memory_bytes(requested),
        reason=text.get("Reason", ""),
        restarts=parse_count(text.get("Restarts", "")),
        work_dir=parse_text(fields.get("WorkDir", "")),
        name=text.get("JobName", ""),
        comment=text.get("Comment", ""),
        submit_line=text.get("SubmitLine", ""),
        std_out=parse_text(fields.get("StdOut", "")),
        std_err=parse_text(fields.get("StdErr", "")),
    )


def _display_id(text: dict[str, str]) -> str:
    """Return the id as squeue shows it: ArrayTaskId=5-9%2, the waiting part of array 8, is "8_[5-9%2]"."""
    array, task = text.get("ArrayJobId", ""), text.get("ArrayTaskId", "")
    if array and task:
        return f"{array}_{task}" if task.isdigit() else f"{array}_[{task}]"
    leader, offset = text.get("HetJobId", ""), text.get("HetJobOffset", "")
    return f"{leader}+{offset}" if leader and offset else text.get("JobId", "")
