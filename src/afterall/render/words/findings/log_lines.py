"""Words for lines by which Slurm and the batch script tell why a run failed; the line is quoted below."""

from collections.abc import Mapping
from typing import LiteralString

from afterall.model import FindingCode
from afterall.render.words.findings.wording import UNFINISHED, Wording

_CRASHED: LiteralString = (
    "`python -X faulthandler` (or `PYTHONFAULTHANDLER=1`) shows where; packages built for another version of "
    "PyTorch or CUDA are the usual reason"
)
_GOES_ON: LiteralString = (
    "A batch script without `set -e` goes on after it: what followed may have run in another environment, or "
    "with something missing."
)

WORDINGS: Mapping[FindingCode, Wording] = {
    FindingCode.LINE_TIME_LIMIT: Wording(
        title="Time Limit in the Log",
        says=("ended at its time limit",),
        resolution=(
            (
                "Submit it again with a longer `--time`, or let the trainer resume from its last "
                "checkpoint; `--signal=B:USR1@120` sends the batch script a signal two minutes before, for "
                "a `trap` that saves and calls `scontrol requeue`."
            ),
        ),
        impact=(UNFINISHED,),
    ),
    FindingCode.LINE_PREEMPTED: Wording(
        title="Preemption in the Log",
        says=("preempted by another job",),
        resolution=(
            "None is needed: it was started again. Save often to train little twice{went_on:if}.",
            (
                "With `--requeue` Slurm starts a preempted job again by itself; let the trainer resume "
                "from its last checkpoint, and save often."
            ),
        ),
        impact=(
            "Training went on after it, from the last checkpoint if it resumed{went_on:if}.",
            "What was trained since the last checkpoint is lost, unless the job was started again.",
        ),
    ),
    FindingCode.LINE_CANCELLED: Wording(
        title="Cancellation in the Log",
        says=(
            "stopped at {at} to be requeued{requeued:if}",
            "cancelled at {at} (signal {signal})",
            "cancelled at {at}",
            "cancelled",
        ),
        resolution=(
            "None where it was requeued and went on; else submit it again{requeued:if}.",
            (
                "Submit it again if its results are still wanted; `sacct -j JOB -o State%40` names who "
                "cancelled it."
            ),
        ),
        impact=(UNFINISHED,),
    ),
    FindingCode.LINE_NODE_FAILURE: Wording(
        title="Node Failure in the Log",
        says=("node {host} failed under it", "a node failed under it"),
        resolution=("Submit it again, with `--exclude` if the same node keeps failing.",),
        impact=("What was trained since the last checkpoint is lost; the experiment is not to blame.",),
    ),
    FindingCode.LINE_HOST_OUT_OF_MEMORY: Wording(
        title="Host Memory Exhausted",
        says=(
            (
                "a process was killed with {used_bytes:memory} of host memory in use, {limit_bytes:memory} "
                "being allowed"
            ),
            "the program was refused {allocation:memory} more of host memory",
            "the program was refused {asked} more of host memory",
            "the program was refused more host memory{refused:if}",
            "a process of step {step} was killed for want of host memory",
            "a process was killed for want of host memory",
        ),
        resolution=(
            (
                "Ask for more memory (`--mem`), or use fewer data loader workers (`num_workers`) and do "
                "not hold the whole dataset in memory."
            ),
        ),
        impact=(UNFINISHED,),
    ),
    FindingCode.LINE_KILLED: Wording(
        title="Process Ended by a Signal",
        says=(
            "data loader worker {worker} died: shared memory may have run out{shared:if}",
            "its data loaders could not use shared memory{shared:if}",
            "data loader worker {worker} was ended by a signal ({how})",
            "data loader worker {worker} ended unexpectedly",
            "it crashed in native code ({crash})",
            "the process of local rank {local_rank} was ended by signal {signal}",
            "the process of local rank {local_rank} crashed (signal {fatal})",
            "its processes were told to end ({stopped}), and the log does not say by whom",
            "a process was killed, and the log does not say by whom",
        ),
        resolution=(
            (
                "Use fewer data loader workers (`num_workers`), give `/dev/shm` more room (in a container "
                "`--shm-size`), or call "
                "`torch.multiprocessing.set_sharing_strategy('file_system')`{shared:if}."
            ),
            (
                "Host memory that ran out is the usual reason: compare `MaxRSS` in `sacct` with `--mem`, "
                "and use fewer data loader workers (`num_workers`) or more memory{worker:if}."
            ),
            _CRASHED + "{crash:if}.",
            _CRASHED + "{fatal:if}.",
            (
                "Slurm sends that signal at a time limit, a cancellation and a preemption, `kill` by hand "
                "too: `sacct -j JOB -o State%40` tells which of them Slurm knows of{stopped:if}."
            ),
            (
                "Host memory that ran out is the usual reason for signal 9: compare `MaxRSS` in `sacct` "
                "with `--mem`, and ask for more if they are close."
            ),
        ),
        impact=("Its training ended there, unless the process was only a helper.",),
    ),
    FindingCode.LINE_TASK_EXITED: Wording(
        title="Task Ended With an Error",
        says=(
            "task {tasks} on {host} ended: {how}",
            "processes on {host} did not end when they were told to{how:if}",
            "a task of the job ended with an error",
        ),
        resolution=("Look for the cause above that line: it is only what came of it.",),
        impact=("Slurm counts the step as failed; what was trained before is not touched by it.",),
    ),
    FindingCode.LINE_STEP_REFUSED: Wording(
        title="Slurm Refused to Start It",
        says=(
            "Slurm did not start it on {host}: {problem}",
            "Slurm did not start it: {problem}",
            "Slurm did not start a step or job of it",
        ),
        resolution=(
            (
                "`sacctmgr show assoc user=$USER` and `sacctmgr show qos` show the limits that apply; "
                "submit fewer jobs at once, or ask for less{submission:if}."
            ),
            (
                "Compare what `srun` asks for (`--ntasks`, `--cpus-per-task`, `--mem`, `--gpus`) with what "
                "the job was given; an `SBATCH_*` or `SLURM_*` variable from another job counts too."
            ),
        ),
        impact=("What that command was to run did not run.",),
    ),
    FindingCode.LINE_MODULE_MISSING: Wording(
        title="Program or Module Missing",
        says=(
            "the Python module {module:code} could not be imported",
            "the library {library:code} could not be loaded",
            "{built:code} was built for another version of a library (undefined symbol {symbol:code})",
            "{system:code} of its node is older than {needed:code}, which a package needs",
            "{program:code} could not be run ({problem})",
            "the command {command:code} was not found",
            "the environment or module {environment:code} was not found",
            "a Python module could not be imported ({problem})",
            "an environment or module could not be activated",
        ),
        resolution=(
            (
                "Load the module that holds it (`module load cuda`), or install the package for the CUDA "
                "that is there{library:if}."
            ),
            (
                "Install the package again for the PyTorch of this environment, without its cached wheel "
                "(`pip install --no-cache-dir --force-reinstall`){symbol:if}."
            ),
            "Use a wheel for an older glibc, a conda environment or a container{needed:if}.",
            "Make it executable (`chmod +x`), and check the interpreter in its first line{program:if}.",
            (
                "Activate the right environment in the batch script, by its absolute path; `which python` "
                "as a line of the script shows which one it gets."
            ),
        ),
        impact=("It ended the program{exception:if}.", _GOES_ON),
    ),
    FindingCode.LINE_FILE_MISSING: Wording(
        title="File Not Found",
        says=(
            "the job's directory {file:code} could not be entered, and it ran in {instead:code} instead",
            "{file:code} was not there",
            "a file that the run needs was not there",
        ),
        resolution=(
            "Submit it from a directory that the compute nodes see too, or set `--chdir`{instead:if}.",
            "Check the path; relative ones start in the directory where `sbatch` was called.",
        ),
        impact=("It ended the program{exception:if}.", _GOES_ON),
    ),
    FindingCode.LINE_COPY_FAILED: Wording(
        title="Copying a File Failed",
        says=("{command:code} in the batch script failed", "a copy or move in the batch script failed"),
        impact=("As the script's last command it makes Slurm call the job failed, whatever training did.",),
        resolution=("Drop the command, or keep it from being the script's last.",),
    ),
}
