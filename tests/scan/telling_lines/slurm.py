"""Lines of Slurm, srun and LSF, by the code they have to give."""

from afterall.model import FindingCode as C

_AT = "CANCELLED AT 2025-08-21T02:53:05"

LINES: list[tuple[C, str]] = [
    (C.LINE_TIME_LIMIT, f"slurmstepd: error: *** JOB 42191 ON n1 {_AT} DUE TO TIME LIMIT ***"),
    (C.LINE_TIME_LIMIT, f"slurmstepd-n1: error: *** JOB 37946 ON n1 {_AT} DUE TO TIME LIMIT ***"),
    (C.LINE_TIME_LIMIT, f"slurmstepd: error: *** STEP 37946.0 ON n1 {_AT} DUE TO TIME LIMIT ***"),
    (C.LINE_TIME_LIMIT, f"[2026-03-30T19:37:26.096] error: *** JOB 1 ON n1 {_AT} DUE TO TIME LIMIT ***"),
    (C.LINE_TIME_LIMIT, "TERM_RUNLIMIT: job killed after reaching LSF run time limit."),
    (C.LINE_PREEMPTED, f"slurmstepd: error: *** JOB 1877080 ON r002 {_AT} DUE TO PREEMPTION ***"),
    (
        C.LINE_PREEMPTED,
        (
            "10/20 [00:01<00:01, 12.28s/it]"
            "[2026-03-25T10:34:07.530] error: *** STEP 11509447.0 ON n1 CANCELLED "
            f"[2026-03-25T10:34:07.531] error: *** JOB 11509447 ON n1 {_AT} DUE TO PREEMPTION ***"
        ),
    ),
    (C.LINE_PREEMPTED, "AT 2026-03-25T10:34:07 DUE TO PREEMPTION ***"),
    (C.LINE_CANCELLED, f"slurmstepd: error: *** JOB 267039 ON dgx-06 {_AT} ***"),
    (
        C.LINE_CANCELLED,
        f"[2026-03-30T19:37:26.096] error: *** JOB 10493040 ON n1 {_AT} DUE to SIGNAL Terminated ***",
    ),
    (C.LINE_CANCELLED, f"slurmstepd: error: *** STEP 7.0 ON n1 {_AT} ***"),
    (C.LINE_CANCELLED, f"slurmstepd: error: *** JOB 5 ON n1 {_AT} DUE TO JOB REQUEUE ***"),
    (C.LINE_CANCELLED, "TERM_OWNER: job killed by owner."),
    (C.LINE_NODE_FAILURE, "srun: error: Node failure on n37"),
    (
        C.LINE_NODE_FAILURE,
        (
            f"slurmstepd: error: *** STEP 1943824.0 ON n17 {_AT} DUE TO NODE FAILURE, SEE SLURMCTLD LOG "
            f"FOR DETAILS ***"
        ),
    ),
    (
        C.LINE_NODE_FAILURE,
        "slurmstepd: error: *** JOB 5 ON n1 UNCORRECTABLE MEMORY ERROR AT 2025-08-21T02:53:05 ***",
    ),
    (C.LINE_TASK_EXITED, f"slurmstepd: error: *** STEP 5.0 ON n {_AT} DUE TO TASK FAILURE ***"),
    (C.LINE_TASK_EXITED, "error: *** JOB 9 ON h FAILED (non-zero exit code or other failure mode) ***"),
    (C.LINE_TASK_EXITED, "srun: error: gpu2501: task 0: Exited with exit code 1"),
    (C.LINE_TASK_EXITED, "srun: error: gpu2501: tasks 0-3: Exited with exit code 137"),
    (C.LINE_TASK_EXITED, "srun: error: n1: task 0: Killed"),
    (C.LINE_TASK_EXITED, "srun: Job step aborted: Waiting up to 182 seconds for job step to finish."),
    (C.LINE_TASK_EXITED, "srun: Force Terminated StepId=5.0"),
    (
        C.LINE_TASK_EXITED,
        (
            "slurmstepd: error: *** STEP 3.0 STEPD TERMINATED ON n1 AT 2026-01-01T00:00:00 DUE TO JOB NOT "
            "ENDING WITH SIGNALS ***"
        ),
    ),
    (C.LINE_HOST_OUT_OF_MEMORY, "slurmstepd: error: Detected 1 oom-kill event(s) in step 6139636.0 cgroup."),
    (
        C.LINE_HOST_OUT_OF_MEMORY,
        (
            "slurmstepd: error: Detected 2 oom-kill event(s) in step 1.batch cgroup. Some of your "
            "processes may have been killed by the cgroup out-of-memory handler."
        ),
    ),
    (
        C.LINE_HOST_OUT_OF_MEMORY,
        "Detected 1 oom-kill event(s) in StepId=1.batch. Some of your processes may have been killed",
    ),
    (
        C.LINE_HOST_OUT_OF_MEMORY,
        (
            "slurmstepd: error: Detected 1 oom_kill event in StepId=18835145.batch. Some of the step tasks "
            "have been OOM Killed."
        ),
    ),
    (
        C.LINE_HOST_OUT_OF_MEMORY,
        "[2026-03-28T14:27:13.072] error: Detected 3 oom_kill events in StepId=18.batch. Some",
    ),
    (C.LINE_HOST_OUT_OF_MEMORY, "srun: error: holy8a24101: task 0: Out Of Memory"),
    (
        C.LINE_HOST_OUT_OF_MEMORY,
        "slurmstepd: error: StepId=9.0 exceeded memory limit (734003200 > 52428800), being killed",
    ),
    (
        C.LINE_HOST_OUT_OF_MEMORY,
        "slurmstepd: error: Step 9.0 exceeded memory limit (734003200 > 52428800), being killed",
    ),
    (C.LINE_HOST_OUT_OF_MEMORY, "slurmstepd: error: Exceeded job memory limit"),
    (C.LINE_HOST_OUT_OF_MEMORY, "TERM_MEMLIMIT: job killed after reaching LSF memory usage limit."),
    (
        C.LINE_STEP_REFUSED,
        "srun: error: Unable to create step for job 4359715: More processors requested than permitted",
    ),
    (
        C.LINE_STEP_REFUSED,
        "srun: error: Unable to create step for job 21227175: Memory required by task is not available",
    ),
    (C.LINE_STEP_REFUSED, "srun: error: Unable to allocate resources: Invalid qos specification"),
    (
        C.LINE_STEP_REFUSED,
        (
            "sbatch: error: Batch job submission failed: Job violates accounting/QOS policy (job submit "
            "limit, user's size and/or time limits)"
        ),
    ),
    (
        C.LINE_STEP_REFUSED,
        "srun: error: Task launch for StepId=5.0 failed on node n3: Communication connection failure",
    ),
    (C.LINE_STEP_REFUSED, "slurmstepd: error: pyxis: failed to import docker image"),
    (C.LINE_STEP_REFUSED, "slurmstepd: error: pyxis: couldn't start container"),
    (
        C.LINE_STEP_REFUSED,
        "srun: error: Unable to confirm allocation for job 42: Invalid job id specified",
    ),
    (C.LINE_STEP_REFUSED, "srun: error: task 0 launch failed: Invalid job credential"),
]
