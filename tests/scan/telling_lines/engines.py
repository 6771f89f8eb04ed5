"""Lines of engines that sample within a training, by the code they have to give."""

from afterall.model import FindingCode as C

LINES: list[tuple[C, str]] = [
    (
        C.LINE_CUDA_OUT_OF_MEMORY,
        (
            "ValueError: No available memory for the cache blocks. Try increasing `gpu_memory_utilization` "
            "when initializing the engine."
        ),
    ),
    (
        C.LINE_CUDA_OUT_OF_MEMORY,
        (
            "(EngineCore_DP0 pid=81) ERROR 10-25 13:08:43 [core.py:708] ValueError: To serve at least one "
            "request with the models's max seq len (40960), (5.62 GiB KV cache is needed, which is larger "
            "than the available KV cache memory (2.25 GiB). Try increasing `gpu_memory_utilization`"
        ),
    ),
    (
        C.LINE_CUDA_OUT_OF_MEMORY,
        (
            "ValueError: The model's max seq len (40960) is larger than the maximum number of tokens that "
            "can be stored in KV cache (20480). Try increasing `gpu_memory_utilization`"
        ),
    ),
    (
        C.LINE_CUDA_OUT_OF_MEMORY,
        (
            "ValueError: Free memory on device cuda:0 (3.5/23.5 GiB) on startup is less than desired GPU "
            "memory utilization (0.9, 21.15 GiB)."
        ),
    ),
    (
        C.LINE_CUDA_OUT_OF_MEMORY,
        (
            "ValueError: Free memory on device (3.5/23.5 GiB) on startup is less than desired GPU memory "
            "utilization (0.9, 21.15 GiB)."
        ),
    ),
]
