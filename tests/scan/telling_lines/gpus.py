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
    (C.LINE_CUDA_OUT_OF_MEMORY, "RuntimeError: CUDA driver error: out of memory"),
    (
        C.LINE_CUDA_OUT_OF_MEMORY,
        "RuntimeError: cuda runtime error (2) : out of memory at /x/aten/src/THC/generic/THCStorage.cu:58",
    ),
    (
        C.LINE_CUDA_OUT_OF_MEMORY,
        "torch.cuda.OutOfMemoryError: Allocation on device 0 would exceed allowed memory. (out of memory)",
    ),
    (
        C.LINE_CUDA_OUT_OF_MEMORY,
        (
            "jaxlib.xla_extension.XlaRuntimeError: RESOURCE_EXHAUSTED: Out of memory while trying to "
            "allocate 17179869184 bytes."
        ),
    ),
    (
        C.LINE_CUDA_OUT_OF_MEMORY,
        (
            "tensorflow.python.framework.errors_impl.ResourceExhaustedError: OOM when allocating tensor with "
            "shape[32,512,768] and type float on /job:localhost/replica:0/task:0/device:GPU:0 by allocator "
            "GPU_0_bfc [Op:Mul]"
        ),
    ),
    (C.LINE_CUDA_OUT_OF_MEMORY, "Cuda failure 2 'out of memory'"),
    (
        C.LINE_GPU_ERROR,
        (
            "RuntimeError: Unexpected error from cudaGetDeviceCount(). Did you run some cuda functions "
            "before calling NumCudaDevices() that might have already set an error? Error 802: system not yet "
            "initialized"
        ),
    ),
    (
        C.LINE_GPU_ERROR,
        (
            "/e/torch/cuda/__init__.py:107: UserWarning: CUDA initialization: Unexpected error from "
            "cudaGetDeviceCount(). Did you run some cuda functions before calling NumCudaDevices() that "
            "might have already set an error? Error 804: forward compatibility was attempted on non "
            "supported HW (Triggered internally at ../c10/cuda/CUDAFunctions.cpp:109.)"
        ),
    ),
    (
        C.LINE_GPU_ERROR,
        (
            "NVIDIA H100 80GB HBM3 with CUDA capability sm_90 is not compatible with the current PyTorch "
            "installation."
        ),
    ),
    (C.LINE_GPU_ERROR, "Duplicate GPU detected : rank 1 and rank 0 both on CUDA device 1a000"),
    (
        C.LINE_GPU_ERROR,
        (
            "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver. Make sure that "
            "the latest NVIDIA driver is installed and running."
        ),
    ),
    (C.LINE_GPU_ERROR, "Failed to initialize NVML: Unknown Error"),
    (
        C.LINE_GPU_ERROR,
        (
            "Unable to determine the device handle for GPU0000:41:00.0: GPU is lost.  Reboot the system to "
            "recover this GPU"
        ),
    ),
    (C.LINE_GPU_ERROR, "Unable to determine the device handle for GPU 0000:C1:00.0: Unknown Error"),
]
