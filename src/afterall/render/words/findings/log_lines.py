"""Words for single lines of a log that tell why a run failed; the line itself is quoted below them."""

from collections.abc import Mapping

from afterall.model import FindingCode
from afterall.render.words.findings.wording import Wording

WORDINGS: Mapping[FindingCode, Wording] = {
    FindingCode.LINE_TIME_LIMIT: Wording(
        title="Time Limit in the Log",
        says=("ended at its time limit",),
        resolution=(
            "Submit it again with a longer `--time`, or let the trainer resume from its last checkpoint.",
        ),
    ),
    FindingCode.LINE_PREEMPTED: Wording(
        title="Preemption in the Log",
        says=("preempted by another job",),
    ),
    FindingCode.LINE_CANCELLED: Wording(
        title="Cancellation in the Log",
        says=("cancelled at {at} (signal {signal})", "cancelled at {at}", "cancelled"),
    ),
    FindingCode.LINE_NODE_FAILURE: Wording(
        title="Node Failure in the Log",
        says=("node {host} failed under it", "a node failed under it"),
        resolution=("Submit it again, with `--exclude` if the same node keeps failing.",),
    ),
    FindingCode.LINE_HOST_OUT_OF_MEMORY: Wording(
        title="Host Memory Exhausted",
        says=(
            (
                "a process was killed with {used_bytes:memory} of host memory in use, {limit_bytes:memory} "
                "being allowed"
            ),
            "a process was killed for want of host memory",
        ),
        resolution=("Ask for more memory (`--mem`), or use fewer data loader workers.",),
    ),
    FindingCode.LINE_CUDA_OUT_OF_MEMORY: Wording(
        title="GPU Memory Exhausted",
        says=(
            "GPU {gpu} of {capacity} could not give {tried} more",
            "the GPU had too little memory left for {tried} more",
            "the GPU had too little memory left",
        ),
        resolution=(
            (
                "Use a smaller batch with more gradient accumulation, activation checkpointing, shorter "
                "sequences, or a larger GPU."
            ),
        ),
    ),
    FindingCode.LINE_NCCL: Wording(
        title="GPU Communication Failed",
        says=(
            "rank {rank} waited in vain for the others ({operation})",
            "rank {rank} waited in vain for the others",
            "communication between GPUs failed ({error})",
            "communication between GPUs failed",
        ),
        resolution=(
            (
                "Look for the first rank that failed: the others usually only time out. `NCCL_DEBUG=INFO` "
                "tells more."
            ),
        ),
    ),
    FindingCode.LINE_DISK_FULL: Wording(
        title="Disk or Quota Full",
        says=(
            "{file:code} could not be written: the disk or the quota was full",
            "a file could not be written: the disk or the quota was full",
        ),
        resolution=("Free space, and verify the last checkpoint before using it.",),
    ),
    FindingCode.LINE_HUB_ACCESS: Wording(
        title="Model Hub Not Reachable",
        says=(
            "{model:code} could not be fetched or has no {file:code}",
            "a model or dataset could not be fetched ({error}, HTTP {status})",
            "a model or dataset could not be fetched ({error})",
            "a model or dataset could not be fetched",
        ),
        resolution=(
            (
                "Download it on a login node first and set `HF_HUB_OFFLINE=1`; a gated model needs its "
                "licence accepted."
            ),
        ),
    ),
    FindingCode.LINE_MODULE_MISSING: Wording(
        title="Program or Module Missing",
        says=(
            "the Python module {module:code} could not be imported",
            "the command {command:code} was not found",
            "a Python module could not be imported",
        ),
        resolution=("Activate the right environment in the batch script.",),
    ),
    FindingCode.LINE_FILE_MISSING: Wording(
        title="File Not Found",
        says=("{file:code} was not there", "a file that the run needs was not there"),
        resolution=("Check the path; relative ones start in the directory where `sbatch` was called.",),
    ),
    FindingCode.LINE_TRACEBACK: Wording(
        title="Python Error",
        says=(
            "ended with {exception:code} in {frame:code} on rank {rank}",
            "ended with {exception:code} in {frame:code}",
            "ended with {exception:code}",
            "ended with a Python error",
        ),
    ),
    FindingCode.LINE_COPY_FAILED: Wording(
        title="Copying a File Failed",
        says=("{command:code} in the batch script failed", "a copy or move in the batch script failed"),
        impact=("As the script's last command it makes Slurm call the job failed, whatever training did.",),
        resolution=("Drop the command, or keep it from being the script's last.",),
    ),
    FindingCode.LINE_WANDB: Wording(
        title="Weights & Biases Problem",
        says=(
            "Weights & Biases reported a problem ({error})",
            "Weights & Biases reported a problem",
        ),
        resolution=("On nodes without network use `WANDB_MODE=offline`, and `wandb sync` afterwards.",),
        impact=("Tracking may be incomplete; training itself does not depend on it.",),
    ),
    FindingCode.LINE_TASK_EXITED: Wording(
        title="Task Ended With an Error",
        says=(
            "task {tasks} on {host} ended: {how}",
            "a task of the job ended with an error",
        ),
    ),
}
