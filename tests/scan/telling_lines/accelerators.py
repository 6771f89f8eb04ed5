"""Lines of GPUs that are not NVIDIA's, by the code they have to give."""

from afterall.model import FindingCode as C

LINES: list[tuple[C, str]] = [
    (
        C.LINE_CUDA_OUT_OF_MEMORY,
        (
            "RuntimeError: NPU out of memory. Tried to allocate 2.00 GiB (NPU 0; 60.50 GiB total capacity; "
            "55.25 GiB already allocated; 1.25 GiB free)"
        ),
    ),
    (
        C.LINE_CUDA_OUT_OF_MEMORY,
        "RuntimeError: Native API failed. Native API returns: 39 (UR_RESULT_ERROR_OUT_OF_DEVICE_MEMORY)",
    ),
    (
        C.LINE_CUDA_OUT_OF_MEMORY,
        "RuntimeError: UR backend failed. UR backend returns:40 (UR_RESULT_ERROR_OUT_OF_RESOURCES)",
    ),
    (
        C.LINE_CUDA_OUT_OF_MEMORY,
        (
            "[rank3]: RuntimeError: [Rank:3] FATAL ERROR :: MODULE:PT_SYNHELPER workspace Allocation of size "
            "::6000000000 failed!"
        ),
    ),
    (
        C.LINE_CUDA_OUT_OF_MEMORY,
        (
            "RuntimeError: [Rank:0] FATAL ERROR :: MODULE:PT_DEVMEM Allocation failed for size::2000000000 "
            "(1907)MB"
        ),
    ),
    (C.LINE_GPU_ERROR, "RuntimeError: HIP error: invalid device function"),
    (C.LINE_GPU_ERROR, "torch.AcceleratorError: HIP error: an illegal memory access was encountered"),
    (C.LINE_GPU_ERROR, "torch.AcceleratorError: HIP error: no ROCm-capable device is detected"),
    (
        C.LINE_GPU_ERROR,
        (
            "Memory access fault by GPU node-4 (Agent handle: 0x5600000000a0) on address 0x7f0000003000. "
            "Reason: Page not present or supervisor privilege."
        ),
    ),
    (
        C.LINE_GPU_ERROR,
        "RuntimeError: Native API failed. Native API returns: 20 (UR_RESULT_ERROR_DEVICE_LOST)",
    ),
]
