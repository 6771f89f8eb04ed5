"""List the lines that Slurm, srun and LSF write when they end a job, see it end, or refuse to start it.

Source: the format strings in Slurm's src/slurmd/slurmstepd/req.c,
src/plugins/task/cgroup/task_cgroup_memory.c, src/srun/launch.c and src/srun/libsrun/allocate.c, tags 20.02 to
26.05. Up to 24.11 a line starts with `slurmstepd: error:`, since 25.05 with `[time] error:`; JOB and STEP
lines may be printed into each other.
"""

import re

from afterall.model import FindingCode as Code
from afterall.scan.logs.signatures.signature import Signature, signature

_ENTITY = rb"\*\*\* (?:JOB|STEP) (?P<job_id>[\w.+]+) ON (?P<host>\S+) "
_CANCELLED = _ENTITY + rb"CANCELLED (?:AT (?P<at>\S+) )?"
_WITHOUT_CAUSE = rb"(?:\*\*\*|DUE to SIGNAL (?P<signal>\w+)|DUE TO JOB (?P<requeued>REQUEUE))"

ROWS: tuple[Signature, ...] = (
    Signature(
        code=Code.LINE_TIME_LIMIT,
        literal=b"DUE TO ",
        pattern=re.compile(
            _CANCELLED + rb"DUE TO TIME LIMIT|CANCELLED AT \S+ DUE TO TIME LIMIT \*\*\*"
            rb"|^AT \S+ DUE TO TIME LIMIT \*\*\*"
        ),
        era="all releases",
        is_not="a lost run for certain: it may have saved, or be requeued and resume",
    ),
    signature(Code.LINE_TIME_LIMIT, b"TERM_", rb"TERM_RUNLIMIT: job killed", "LSF"),
    Signature(
        code=Code.LINE_PREEMPTED,
        literal=b"DUE TO ",
        pattern=re.compile(_CANCELLED + rb"DUE TO PREEMPTION|AT \S+ DUE TO PREEMPTION \*\*\*"),
        era="all releases",
        is_not="the experiment's end: a preempted job is often requeued under its id and writes on",
    ),
    signature(Code.LINE_NODE_FAILURE, b"DUE TO ", _CANCELLED + rb"DUE TO NODE FAILURE", "all releases"),
    signature(
        Code.LINE_NODE_FAILURE,
        b"srun: error: ",
        rb"srun: error: Node failure on (?P<host>\S+)",
        "all releases",
        is_error=True,
    ),
    signature(
        Code.LINE_NODE_FAILURE,
        b"UNCORRECTABLE MEMORY ERROR",
        _ENTITY + rb"UNCORRECTABLE MEMORY ERROR AT (?P<at>\S+)",
        "all releases",
        is_error=True,
    ),
    Signature(
        code=Code.LINE_CANCELLED,
        literal=b"*** JOB",
        is_error=True,
        pattern=re.compile(_CANCELLED.replace(b"(?:JOB|STEP)", b"JOB") + _WITHOUT_CAUSE),
        era="without a reason up to 24.11, DUE to SIGNAL since 25.05",
        is_not="a person's doing for certain: a site's own limits use scancel too",
    ),
    Signature(
        code=Code.LINE_CANCELLED,
        literal=b"*** STEP",
        is_error=True,
        pattern=re.compile(_CANCELLED.replace(b"(?:JOB|STEP)", b"STEP") + _WITHOUT_CAUSE),
        era="as for jobs",
        is_not="a cancellation where the step was killed over its memory: the line is the same",
        is_aftermath=True,
    ),
    signature(Code.LINE_CANCELLED, b"TERM_", rb"TERM_OWNER: job killed", "LSF"),
    Signature(
        code=Code.LINE_HOST_OUT_OF_MEMORY,
        literal=b"Detected ",
        pattern=re.compile(
            rb"Detected (?P<events>\d{1,9}) oom[-_]kill event(?:\(s\)|s)? in "
            rb"(?:step |StepId=)?(?P<step>\w[\w.]*\w)"
        ),
        era="18.08 to today, in four wordings",
        is_not="the training for certain: the killed process may have been a helper of its own",
    ),
    signature(
        Code.LINE_HOST_OUT_OF_MEMORY,
        b"srun: error: ",
        rb"srun: error: (?P<host>\S+): tasks? (?P<tasks>[\d,-]+): Out Of Memory",
        "all releases",
        is_error=True,
    ),
    Signature(
        code=Code.LINE_HOST_OUT_OF_MEMORY,
        literal=b"xceeded ",
        is_error=True,
        pattern=re.compile(
            rb"(?:(?:StepId=|[Ss]tep )(?P<step>[\w.]+) e|E)xceeded (?:job |step )?memory limit"
            rb"(?: \((?P<used_bytes>\d{1,18}) > (?P<limit_bytes>\d{1,18})\))?"
        ),
        era="jobacct_gather without cgroups, all releases",
        is_not="`Exceeded memory limit at some point`, after which nothing need have been killed",
        refusal=re.compile(rb"at some point"),
    ),
    signature(Code.LINE_HOST_OUT_OF_MEMORY, b"TERM_", rb"TERM_MEMLIMIT: job killed", "LSF"),
    Signature(
        code=Code.LINE_STEP_REFUSED,
        literal=b": error: ",
        is_error=True,
        pattern=re.compile(
            rb"(?:srun|salloc|sbatch): error: (?:Unable to (?:create step|confirm allocation) for job \d+"
            rb"|Application launch failed|task \d{1,9} launch failed"
            rb"|(?P<submission>Unable to allocate resources|Batch job submission failed)"
            rb"|Task launch for \S+ failed on node (?P<host>[^\s:]+)): (?P<problem>[^\n]{1,200})"
        ),
        era="all releases",
        is_not="`Requested nodes are busy` with `retrying` behind it, which only waits",
        refusal=re.compile(rb"retrying"),
    ),
    Signature(
        code=Code.LINE_STEP_REFUSED,
        literal=b"error: pyxis: ",
        is_error=True,
        pattern=re.compile(
            rb"error: (?P<problem>pyxis: (?:couldn't start container|container start failed"
            rb"|failed to (?:import docker image|create container filesystem|start container)[^\n]{0,200}))"
        ),
        era="NVIDIA's pyxis",
        is_not="a refusal by Slurm itself: enroot could not fetch, unpack or start the image",
    ),
    Signature(
        code=Code.LINE_TASK_EXITED,
        literal=b"srun: error: ",
        is_error=True,
        pattern=re.compile(
            rb"srun: error: (?P<host>\S+): tasks? (?P<tasks>[\d,-]+): (?P<how>Exited with exit code "
            rb"(?P<exit_code>\d{1,3})|Killed|Terminated|Hangup|Floating point exception)"
        ),
        era="all releases",
        is_not="a cause: it follows from one",
        is_aftermath=True,
    ),
    signature(
        Code.LINE_TASK_EXITED,
        b"FAILED (non-zero",
        _ENTITY + rb"FAILED \(non-zero exit code",
        "all releases",
        is_error=True,
    ),
    signature(Code.LINE_TASK_EXITED, b"DUE TO ", _CANCELLED + rb"DUE TO TASK FAILURE", "since 25.05"),
    signature(
        Code.LINE_TASK_EXITED,
        b"DUE TO ",
        rb"\*\*\* \w+ (?P<step>[\w.]+) STEPD TERMINATED ON (?P<host>\S+) AT \S+ DUE TO JOB "
        rb"(?P<how>NOT ENDING)",
        "all releases",
    ),
    Signature(
        code=Code.LINE_TASK_EXITED,
        literal=b"srun: ",
        pattern=re.compile(rb"srun: (?:Job step aborted: |Force Terminated )"),
        era="all releases",
        is_not="a cause: it stands behind every step that was stopped",
        is_aftermath=True,
    ),
)
