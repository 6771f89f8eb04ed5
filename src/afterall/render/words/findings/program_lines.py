"""Words for single lines of a log by which programs tell why they failed; the line itself is quoted below."""

from collections.abc import Mapping

from afterall.model import FindingCode
from afterall.render.words.findings.wording import UNFINISHED, Wording

WORDINGS: Mapping[FindingCode, Wording] = {
    FindingCode.LINE_CUDA_OUT_OF_MEMORY: Wording(
        title="GPU Memory Exhausted",
        says=(
            "GPU {gpu} of {capacity} could not give {tried} more",
            "the GPU had too little memory left for {tried} more",
            "{hidden:code}: most often the GPU had too little memory left",
            "the GPU had too little memory left",
        ),
        resolution=(
            (
                "Use a smaller batch with more gradient accumulation, activation checkpointing, shorter "
                "sequences, or a larger GPU; where much is reserved but unallocated, "
                "`PYTORCH_CUDA_ALLOC_CONF=expandable_segments:True` helps{reserved:if}."
            ),
            (
                "Use a smaller batch with more gradient accumulation, activation checkpointing, shorter "
                "sequences, or a larger GPU."
            ),
        ),
        impact=(UNFINISHED,),
    ),
    FindingCode.LINE_GPU_ERROR: Wording(
        title="GPU or Driver Error",
        says=(
            "the GPU reported {hardware:code}",
            "a GPU kernel failed: {kernel:code}",
            "driver, GPU and PyTorch do not fit together: {driver:code}",
            "it found no GPU that it could use: {no_gpu:code}",
            "the GPU could not be used",
        ),
        resolution=(
            (
                "Submit it again elsewhere (`--exclude` its node), and tell the site's admins: this is "
                "seldom the program's fault{hardware:if}."
            ),
            (
                "Run it with `CUDA_LAUNCH_BLOCKING=1`, which makes the traceback show the right call; a "
                "label or token id beyond its table is the usual reason{kernel:if}."
            ),
            (
                "Compare `nvidia-smi` on that node with `python -c 'import torch; "
                "print(torch.version.cuda)'`: install a PyTorch for that driver and GPU, or ask for other "
                "nodes{driver:if}."
            ),
            (
                "Check that the job asked for GPUs (`--gpus`, `--gres=gpu:N`) and that "
                "`CUDA_VISIBLE_DEVICES` names those it got{no_gpu:if}."
            ),
            "Run `nvidia-smi` in a job on that node.",
        ),
        impact=(
            "It ended the program{exception:if}.",
            "PyTorch then trains on the CPU, if at all{driver:if}.",
            "PyTorch then trains on the CPU, if at all{no_gpu:if}.",
            UNFINISHED,
        ),
    ),
    FindingCode.LINE_NCCL: Wording(
        title="GPU Communication Failed",
        says=(
            "port {port}, where its ranks were to meet, was taken already",
            "rank {rank} waited in vain for the others ({operation})",
            "rank {rank} waited in vain for the others",
            "only {joined} of its processes came together",
            "its ranks could not reach {address}",
            "communication between GPUs failed ({error})",
            "communication between GPUs failed",
        ),
        resolution=(
            (
                "Give each job a port of its own: `--rdzv-endpoint=localhost:0` on one node, or "
                "`MASTER_PORT` worked out from `SLURM_JOB_ID`{port:if}."
            ),
            (
                "Look for the first rank that failed: the others usually only time out. `NCCL_DEBUG=INFO` "
                "tells more."
            ),
        ),
        impact=(UNFINISHED,),
    ),
    FindingCode.LINE_DISK_FULL: Wording(
        title="Disk or Quota Full",
        says=(
            "{file:code} could not be written: the disk or the quota was full",
            "torch could not write on ({unsure:code}): most often the disk or the quota was full",
            "a file could not be written: the disk or the quota was full",
        ),
        resolution=(
            (
                "Free space or files: `df -h`, `df -i` and the site's quota command show which of the two "
                "ran out. Verify the last checkpoint before using it."
            ),
        ),
        impact=("A checkpoint that was being saved then is cut off.",),
    ),
    FindingCode.LINE_FILE_SYSTEM: Wording(
        title="File System Error",
        says=(
            "{file:code} could not be used: {problem}",
            "a file could not be used: {problem}",
            "a file failed",
        ),
        resolution=(
            (
                "Look at the same path from another node, and submit it again; tell the site's admins if "
                "it stays so."
            ),
        ),
        impact=("Files that were being written then may be cut off.",),
    ),
    FindingCode.LINE_FILE_DAMAGED: Wording(
        title="Damaged File Loaded",
        says=(
            "a file that was to be loaded is damaged ({damage})",
            "a file that was to be loaded is damaged",
        ),
        resolution=(
            (
                "`afterall verify` on the checkpoint or model tells which file; download it again, or use "
                "another checkpoint."
            ),
        ),
        impact=("Nothing was trained from that file.",),
    ),
    FindingCode.LINE_DIVERGED: Wording(
        title="Training Stopped Over a NaN",
        says=(
            "training stopped itself because the loss was {value}",
            "training stopped itself because the loss or its gradients were not finite",
        ),
        resolution=(
            "Lower the learning rate, clip gradients, or use bf16 instead of fp16; then run it again.",
        ),
        impact=("Checkpoints saved shortly before it may hold a model that had diverged already.",),
    ),
    FindingCode.LINE_HUB_ACCESS: Wording(
        title="Model Hub Not Reachable",
        says=(
            "{model:code} could not be fetched or has no {file:code}",
            "{model:code} could not be fetched",
            "the dataset {dataset:code} could not be fetched",
            "{unreached:code} could not be fetched, and was not in the cache",
            "a model or dataset could not be fetched ({error}, HTTP {status})",
            "a model or dataset could not be fetched ({error}, HTTP {busy})",
            "a model or dataset could not be fetched ({error})",
            "a model or dataset was to be fetched in offline mode, and is not in the cache{offline:if}",
            "a model or dataset could not be fetched",
        ),
        resolution=(
            (
                "Check the name, accept the model's licence on its page, and set `HF_TOKEN` in the job: "
                "the hub answered {status}."
            ),
            (
                "Check that the path or model holds that file: an adapter's directory is no model, and a "
                "checkpoint may be without its configuration{file:if}."
            ),
            "Submit it again later, or download it on a login node first: the hub answered {busy}.",
            (
                "Download it on a login node with the `HF_HOME` of the job (`hf download`), or unset "
                "`HF_HUB_OFFLINE`{offline:if}."
            ),
            (
                "Download it on a login node first (`hf download`) and set `HF_HUB_OFFLINE=1` and "
                "`HF_HOME` in the job; a gated model needs its licence accepted and a token."
            ),
        ),
        impact=("Nothing was trained with it, unless a cached copy took its place.",),
    ),
    FindingCode.LINE_TRACEBACK: Wording(
        title="Python Error",
        says=(
            "its arguments were refused{is_usage:if}",
            "met {exception:code} in {frame:code}, and training went on{went_on:if}",
            "met {exception:code}, and training went on{went_on:if}",
            "rank {rank} was ended by signal {signal}; nothing in this log says why{is_launchers:if}",
            (
                "rank {rank} ended with exit code {exit_code}; its own traceback is not in this "
                "log{is_launchers:if}"
            ),
            "interrupted from outside while in {frame:code}{is_interrupt:if}",
            "ended with {exception:code} in {frame:code} on rank {rank}",
            "ended with {exception:code} in {frame:code}",
            "ended with {exception:code}",
            "ended with a Python error",
        ),
        cause=(
            "It followed on {first_exception:code} in {first_frame:code}.",
            "It followed on {first_exception:code}.",
            "",
        ),
        resolution=(
            "Compare the command with what the program's `--help` says{is_usage:if}.",
            (
                "The code is not to blame: find out who sent it signal 2 (`scancel -s INT`, Ctrl-C in "
                "`srun`), and submit it again{is_interrupt:if}."
            ),
            (
                "Read the traceback above the quoted line; with `srun -l` or torchrun's `--tee 3` each "
                "line names its rank."
            ),
        ),
        impact=(
            "Nothing was trained by that command{is_usage:if}.",
            "Training went on after it{went_on:if}.",
            (
                "The program ended there; what it had saved before can be used. Where training was over "
                "already, nothing of it is lost."
            ),
        ),
    ),
    FindingCode.LINE_WANDB: Wording(
        title="Weights & Biases Problem",
        says=(
            "Weights & Biases saw the program end with exit code {exit_code}",
            "Weights & Biases reported a problem ({error})",
            "Weights & Biases reported a problem",
        ),
        resolution=(
            "Look for the error above that line{exit_code:if}.",
            "On nodes without network or login use `WANDB_MODE=offline`, and `wandb sync` afterwards.",
        ),
        impact=(
            "It ended the program{exception:if}.",
            "The program had failed; what was tracked before is kept{exit_code:if}.",
            "Tracking may be incomplete; training itself does not depend on it.",
        ),
    ),
}
