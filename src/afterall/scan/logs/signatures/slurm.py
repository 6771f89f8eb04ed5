"""List the lines that Slurm, LSF, srun and bash write when they end a job or see it end.

Source: the format strings in Slurm's src/slurmd/slurmstepd/req.c,
src/plugins/task/cgroup/task_cgroup_memory.c and src/srun/launch.c, tags 20.02 to 26.05. Up to 24.11 a line
starts with `slurmstepd: error:`, since 25.05 with `[time] error:`; JOB and STEP lines may be printed into
each other.
"""

import re

from afterall.model import FindingCode as Code
from afterall.model import Severity
from afterall.scan.logs.signatures.signature import Signature, signature

_CANCELLED = rb"\*\*\* (?:JOB|STEP) (?P<job_id>[\w.+]+) ON (?P<host>\S+) CANCELLED (?:AT (?P<at>\S+) )?"
_WITHOUT_CAUSE = rb"(?:\*\*\*|DUE to SIGNAL (?P<signal>\w+)|DUE TO JOB REQUEUE)"

ROWS: tuple[Signature, ...] = (
    signature(
        Code.LINE_TIME_LIMIT,
        b"DUE TO TIME LIMIT",
        _CANCELLED + rb"DUE TO TIME LIMIT|CANCELLED AT \S+ DUE TO TIME LIMIT \*\*\*",
        "all releases",
    ),
    signature(Code.LINE_TIME_LIMIT, b"TERM_RUNLIMIT", rb"TERM_RUNLIMIT: job killed", "LSF"),
    Signature(
        code=Code.LINE_PREEMPTED,
        literal=b"DUE TO PREEMPTION",
        pattern=re.compile(_CANCELLED + rb"DUE TO PREEMPTION|AT \S+ DUE TO PREEMPTION \*\*\*"),
        era="all releases",
        is_not="the experiment's end: a preempted job is often requeued under its id and writes on",
    ),
    signature(
        Code.LINE_NODE_FAILURE, b"DUE TO NODE FAILURE", _CANCELLED + rb"DUE TO NODE FAILURE", "all releases"
    ),
    signature(
        Code.LINE_NODE_FAILURE,
        b"Node failure on",
        rb"srun: error: Node failure on (?P<host>\S+)",
        "all releases",
    ),
    Signature(
        code=Code.LINE_CANCELLED,
        literal=b"*** JOB",
        pattern=re.compile(_CANCELLED.replace(b"(?:JOB|STEP)", b"JOB") + _WITHOUT_CAUSE),
        era="without a reason up to 24.11, DUE to SIGNAL since 25.05",
        is_not="a person's doing for certain: a site's own limits use scancel too",
    ),
    Signature(
        code=Code.LINE_CANCELLED,
        literal=b"*** STEP",
        pattern=re.compile(_CANCELLED.replace(b"(?:JOB|STEP)", b"STEP") + _WITHOUT_CAUSE),
        era="as for jobs",
        is_not="a cancellation where the step was killed over its memory: the line is the same",
        is_aftermath=True,
    ),
    signature(
        Code.LINE_HOST_OUT_OF_MEMORY,
        b"Detected ",
        rb"Detected (?P<events>\d{1,9}) oom[-_]kill event(?:\(s\)|s)? in (?:step |StepId=)?(?P<step>[\w.]+)",
        "18.08 to today, in four wordings",
    ),
    signature(
        Code.LINE_HOST_OUT_OF_MEMORY,
        b"Out Of Memory",
        rb"srun: error: (?P<host>\S+): tasks? (?P<tasks>[\d,-]+): Out Of Memory",
        "all releases",
    ),
    signature(
        Code.LINE_HOST_OUT_OF_MEMORY,
        b"xceeded ",
        rb"(?:(?:StepId=|step )(?P<step>[\w.]+) e|E)xceeded (?:job |step )?memory limit"
        rb"(?: \((?P<used_bytes>\d{1,18}) > (?P<limit_bytes>\d{1,18})\))?",
        "jobacct_gather without cgroups, all releases",
    ),
    signature(Code.LINE_HOST_OUT_OF_MEMORY, b"TERM_MEMLIMIT", rb"TERM_MEMLIMIT: job killed", "LSF"),
    Signature(
        code=Code.LINE_HOST_OUT_OF_MEMORY,
        literal=b"Killed",
        pattern=re.compile(rb"(?:slurm_script|\.sh|\.sbatch|\.slurm|bash): line \d+: +\d+ Killed\b"),
        era="bash",
        is_not="certain: `kill -9` by hand writes the same",
        severity=Severity.WARNING,
    ),
    Signature(
        code=Code.LINE_TASK_EXITED,
        literal=b"srun: error: ",
        pattern=re.compile(
            rb"srun: error: (?P<host>\S+): tasks? (?P<tasks>[\d,-]+): (?P<how>Exited with exit code "
            rb"(?P<exit_code>\d{1,3})|Killed|Terminated|Aborted|Segmentation fault|Bus error|Hangup)"
        ),
        era="all releases",
        is_not="a cause: it follows from one",
    ),
    signature(
        Code.LINE_TASK_EXITED,
        b"FAILED (non-zero",
        rb"\*\*\* (?:JOB|STEP) (?P<job_id>[\w.+]+) ON (?P<host>\S+) FAILED \(non-zero exit code",
        "all releases",
    ),
    signature(
        Code.LINE_TASK_EXITED, b"DUE TO TASK FAILURE", _CANCELLED + rb"DUE TO TASK FAILURE", "since 25.05"
    ),
    signature(
        Code.LINE_TASK_EXITED,
        b"STEPD TERMINATED",
        rb"\*\*\* \w+ (?P<step>[\w.]+) STEPD TERMINATED ON (?P<host>\S+) AT \S+ DUE TO JOB NOT ENDING",
        "all releases",
    ),
    signature(
        Code.LINE_TASK_EXITED,
        b"(core dumped)",
        rb": line \d+: +\d+ (?P<how>Segmentation fault|Bus error|Aborted|Illegal instruction)"
        rb" +\(core dumped\)",
        "bash",
    ),
)
