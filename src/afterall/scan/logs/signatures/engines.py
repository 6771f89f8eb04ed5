"""List the lines by which vLLM, which samples within a training, tells that it found too little GPU memory.

Source: vLLM's v1/core/kv_cache_utils.py, worker/worker.py, v1/worker/gpu_worker.py.
"""

import re

from afterall.model import FindingCode as Code
from afterall.scan.logs.signatures.signature import Signature, raised

ROWS: tuple[Signature, ...] = (
    Signature(
        code=Code.LINE_CUDA_OUT_OF_MEMORY,
        literal=b"gpu_memory_utilization",
        is_error=True,
        pattern=raised(
            rb"ValueError",
            rb"(?:No available memory for the cache blocks\. "
            rb"|To serve at least one request with the model(?:s's|'s) max seq len \(\d+\), "
            rb"|The model's max seq len \(\d+\) is larger than the maximum number of tokens )",
        ),
        era="vLLM",
        is_not="a GPU that is too small for certain: `gpu_memory_utilization` is the share that it may take",
    ),
    Signature(
        code=Code.LINE_CUDA_OUT_OF_MEMORY,
        literal=b" is less than desired GPU memory utilization ",
        is_error=True,
        pattern=re.compile(
            rb"ValueError: Free memory on device[^\n(]{0,20} \([\d.]+/[\d.]+ GiB\) on startup is less "
        ),
        era="vLLM since 0.9",
        is_not="its own use: others, as the trainer beside it, hold the rest",
    ),
)
