"""Lines of CUDA, ROCm and the GPU driver, by the code they have to give."""

from afterall.model import FindingCode as C

LINES: list[tuple[C, str]] = [
    (
        C.LINE_CUDA_OUT_OF_MEMORY,
        (
            "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 324.00 MiB. GPU 0 has a total "
            "capacity of 7.63 GiB of which 91.25 MiB is free."
        ),
    ),
    (
        C.LINE_CUDA_OUT_OF_MEMORY,
        "torch.cuda.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB",
    ),
    (
        C.LINE_CUDA_OUT_OF_MEMORY,
        (
            "RuntimeError: CUDA out of memory. Tried to allocate 2.93 GiB (GPU 0; 11.17 GiB total "
            "capacity; 5.54 GiB already allocated; 2.22 GiB free)"
        ),
    ),
    (C.LINE_CUDA_OUT_OF_MEMORY, "RuntimeError: CUDA error: out of memory"),
    (C.LINE_CUDA_OUT_OF_MEMORY, "torch.AcceleratorError: CUDA error: out of memory"),
    (C.LINE_CUDA_OUT_OF_MEMORY, "torch.OutOfMemoryError: HIP out of memory. Tried to allocate 1.00 GiB"),
    (
        C.LINE_CUDA_OUT_OF_MEMORY,
        "RuntimeError: CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`",
    ),
    (C.LINE_CUDA_OUT_OF_MEMORY, "RuntimeError: cuDNN error: CUDNN_STATUS_NOT_INITIALIZED"),
    (C.LINE_CUDA_OUT_OF_MEMORY, "n1:21:84 [0] include/alloc.h:48 NCCL WARN Cuda failure 'out of memory'"),
    (C.LINE_GPU_ERROR, "RuntimeError: CUDA error: device-side assert triggered"),
    (C.LINE_GPU_ERROR, "torch.AcceleratorError: CUDA error: an illegal memory access was encountered"),
    (C.LINE_GPU_ERROR, "RuntimeError: CUDA error: uncorrectable ECC error encountered"),
    (C.LINE_GPU_ERROR, "RuntimeError: CUDA error: no kernel image is available for execution on the device"),
    (C.LINE_GPU_ERROR, "RuntimeError: CUDA error: all CUDA-capable devices are busy or unavailable"),
    (C.LINE_GPU_ERROR, "RuntimeError: CUDA error: CUDA-capable device(s) is/are busy or unavailable"),
    (C.LINE_GPU_ERROR, "RuntimeError: CUDA error: no CUDA-capable device is detected"),
    (C.LINE_GPU_ERROR, "RuntimeError: CUDA error: invalid device ordinal"),
    (C.LINE_GPU_ERROR, "RuntimeError: No CUDA GPUs are available"),
    (
        C.LINE_GPU_ERROR,
        (
            "RuntimeError: The NVIDIA driver on your system is too old (found version 11040). Please "
            "update your GPU driver"
        ),
    ),
    (
        C.LINE_GPU_ERROR,
        "RuntimeError: Found no NVIDIA driver on your system. Please check that you have an NVIDIA GPU",
    ),
    (
        C.LINE_GPU_ERROR,
        (
            "RuntimeError: cuda runtime error (35) : CUDA driver version is insufficient for CUDA runtime "
            "version"
        ),
    ),
    (C.LINE_GPU_ERROR, "Failed to initialize NVML: Driver/library version mismatch"),
    (C.LINE_GPU_ERROR, "AssertionError: Torch not compiled with CUDA enabled"),
]
