"""List lines that sound alarming and tell of no failure."""

HARMLESS = [
    "2025-01-01 E tensorflow/core/grappler/costs/op_level_cost_estimator.cc:699] Error in PredictCost()",
    (
        "2025-01-01 10:00:00.1: E external/local_xla/xla/stream_executor/cuda/cuda_dnn.cc:9261] Unable "
        "to register cuDNN factory"
    ),
    "the user CANCELLED the dialog",
    "this answer exceeded my expectations about memory",
    "Retrying because of CUDA out of memory, halving the batch",
    "wandb: WARNING Symlinked 1 file into the W&B run directory; call wandb.save again to sync new files.",
    "wandb: Waiting for W&B process to finish... (success).",
    "Using the latest cached version of the dataset since x/y couldn't be found on the Hugging Face Hub",
    "HTTPSConnectionPool(host='huggingface.co', port=443): Max retries exceeded. Retrying in 1s [Retry 1/5].",
    "cp: warning: source file 'a' specified more than once",
    "cp: 2",
    "rcp: 'protein' sequence",
    "Killed 3 enemies",
    "Detected kernel version 3.10.0, which is below the recommended minimum of 5.5.0",
    "error: 0.5, Error rate: 0.3",
    "loss: 1.0 No such luck",
    # an earlier or another one, told in words
    "Note: earlier runs ended with RuntimeError, CUDA out of memory, at batch size 8",
    "# batch_size: 8  # RuntimeError: CUDA out of memory with 16",
    "Assistant: ModuleNotFoundError: No module named 'x' means that x is not installed",
    "The answer: OSError: [Errno 28] No space left on device is raised when the disk is full",
    # an upload, which fetches nothing
    (
        "huggingface_hub.errors.HfHubHTTPError: 401 Client Error: Unauthorized for url: "
        "https://huggingface.co/api/repos/create (Request ID: Root=1)"
    ),
    (
        "huggingface_hub.errors.HfHubHTTPError: 403 Forbidden: no write access. Cannot access content at: "
        "https://huggingface.co/api/models/u/tune/commit/main."
    ),
    # signals' names in words, and a rank that others stopped
    "the run ended in a Segmentation fault (core dumped), said the user",
    "Caught signal SIGUSR1, saving a checkpoint",
    "[INFO] [launch.py:315:sigkill_handler] Killing subprocess 3966",
    "[ERROR] [launch.py:321:sigkill_handler] ['python', 'train.py'] exits with return code = 1",
    "the main process received SIGTERM, exiting",
    "subprocess.CalledProcessError: Command '['python', 'x.py']' returned non-zero exit status 1.",
    "Failed to initialize NVML: Not Supported",
    "CUDA capability sm_90 is compatible with the current PyTorch installation",
    # data and settings
    '{"text": "RuntimeError: CUDA out of memory. Tried to allocate 2.00 GiB"}',
    "{'input': 'slurmstepd: error: Exceeded job memory limit', 'output': 'ask for more'}",
    "prompt: 'ncclSystemError: what does it mean?'",
    '- "Loss is nan, stopping training"',
    "['OSError: [Errno 28] No space left on device']",
    # what `set -x` echoes
    "+ mv slurm-1.out 'out dir/'",
    "++ echo 'mv: cannot stat x: No such file or directory'",
    "+ python train.py --note 'RuntimeError: CUDA out of memory'",
    # warnings
    "/e/x.py:9: UserWarning: could not load flash attention: No module named 'flash_attn'",
    (
        "ERROR: pip's dependency resolver does not currently take into account all the packages that are "
        "installed."
    ),
    "/e/trainer.py:1: UserWarning: No space left on device may be met when saving",
    "There were missing keys in the checkpoint model loaded: ['lm_head.weight'].",
    (
        "Warning: The following arguments do not match the ones in the `trainer_state.json` within the "
        "checkpoint directory"
    ),
    (
        "A matching Triton is not available, some optimizations will not be enabled. Error caught was: "
        "No module named 'triton'"
    ),
    "Token indices sequence length is longer than the specified maximum (4595 > 2048)",
    # NCCL as it is in sound runs
    "n1:21:84 [0] NCCL INFO [Service thread] Connection closed by localRank 1",
    "n1:21:84 [0] NCCL INFO comm 0x1 rank 0 nranks 2 cudaDev 0 busId c000 - Abort COMPLETE",
    "n1:21:84 [0] NCCL INFO misc/socket.cc:58 -> 3 (ncclSystemError)",
    "n1:21:84 [0] NCCL INFO NCCL_SOCKET_IFNAME set by environment to ib0",
    "n1:21:84 [0] misc/socket.cc:484 NCCL WARN Call to bind failed: Address already in use",
    "INFO 11-28 Port 26050 is already in use, trying port 26051",
    "Gradient overflow. Skipping step, reducing loss scale to 32768.0",
    "OVERFLOW! Rank 0 Skipping step. Attempted loss scale: 65536, reducing to 32768",
    # what is tried again, or only warns of what may come
    "HTTP Error 429 thrown while requesting HEAD https://huggingface.co/x/resolve/v2/config.json",
    (
        "WARNING 429 Client Error: Too Many Requests for url: https://huggingface.co/api/x. Retrying in 1s "
        "[Retry 1/5]."
    ),
    "INFO 10-25 13:08:43 [gpu_worker.py:298] Available KV cache memory: 2.10 GiB",
    "the user asked: why does it say Memory access fault by GPU node-1?",
    # a site's own scripts around the job
    "/etc/slurm/prolog.d/gpu_helper.sh: line 5: /run/gpu/0: Permission denied",
    "/etc/slurm/taskprolog.sh: line 3: nvidia-smi: command not found",
    "/opt/site/task_prolog.sh: line 9: /run/quota: No such file or directory",
    # Slurm that waits, or says what need not have hurt
    "srun: Job 63094233 step creation temporarily disabled, retrying (Requested nodes are busy)",
    "slurmstepd: error: Exceeded step memory limit at some point.",
    (
        "slurmstepd: Step 5.0 hit memory+swap limit at least once during execution. This may or may not "
        "result in some failure."
    ),
    "srun: Step created for StepId=5.0",
    "W0605 torch/distributed/elastic/multiprocessing/api.py:897] Sending process 123 closing signal SIGTERM",
    "failed (exitcode: -15) local_rank: 1 (pid: 12) of binary: python",
    (
        "Task f failed due to oom, so the task will be retried. Error: 2 worker(s) were killed due to "
        "the node running low on memory."
    ),
    # torch and pickle that refuse a sound file
    "_pickle.UnpicklingError: Weights only load failed. In PyTorch 2.6, we changed the default value",
    "ImportError: sys.meta_path is None, Python is likely shutting down",
    # a prolog's table, a help text, a name
    "##  Job Name : out_of_memory_study",
    "usage: train.py [--on-error {Killed,Aborted}]",
    "loading checkpoint from runs/No space left on device/epoch_1",
]
