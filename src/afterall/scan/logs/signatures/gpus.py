"""List the lines by which PyTorch, CUDA and ROCm tell of a GPU's memory, of its driver, and of its faults.

Sources: torch's c10/cuda/CUDACachingAllocator.cpp, c10/cuda/CUDAFunctions.cpp, torch/cuda/__init__.py and the
texts of cudaGetErrorString.
"""

import re

from afterall.model import FindingCode as Code
from afterall.model import Severity
from afterall.scan.logs.signatures.signature import Signature, signature

_KERNEL = (
    rb"(?P<kernel>device-side assert triggered|an illegal memory access was encountered|misaligned address"
    rb"|unspecified launch failure|an illegal instruction was encountered)"
)
_HARDWARE = (
    rb"(?P<hardware>uncorrectable ECC error encountered|uncorrectable NVLink error[^\n]{0,60}"
    rb"|(?:all )?CUDA-capable device\(?s?\)? (?:is/)?are busy or unavailable|hardware stack error"
    rb"|the launch timed out and was terminated|GPU is lost|system not yet initialized)"
)
_DRIVER = (
    rb"(?P<driver>CUDA driver version is insufficient|no kernel image is available for execution"
    rb"|forward compatibility was attempted on non supported HW"
    rb"|system has unsupported display driver / cuda driver combination)"
)
_NO_GPU = rb"(?P<no_gpu>no CUDA-capable device is detected|invalid device ordinal)"

ROWS: tuple[Signature, ...] = (
    Signature(
        code=Code.LINE_CUDA_OUT_OF_MEMORY,
        literal=b"out of memory",
        is_error=True,
        pattern=re.compile(
            rb"Error: (?:cuda runtime error \(2\) :|(?:CUDA|HIP|XPU)(?:(?: driver)? error:)?) out of memory"
            rb"(?:\. Tried to allocate (?P<tried>[\d.]+ \w+)(?:\. | \()GPU (?P<gpu>\d+)"
            rb"(?: has a total capac\w+ of |; )(?P<capacity>[\d.]+ \w+)"
            rb"(?:[^\n]{0,300}? is allocated by PyTorch, and (?P<reserved>[\d.]+ \w+) is reserved)?)?"
        ),
        era="PyTorch 0.4 to today",
        is_not="a sentence about an earlier one",
    ),
    signature(
        Code.LINE_CUDA_OUT_OF_MEMORY,
        b"Error: Allocation on device ",
        rb"OutOfMemoryError: Allocation on device ",
        "PyTorch with `backend:cudaMallocAsync`",
        is_error=True,
    ),
    Signature(
        code=Code.LINE_CUDA_OUT_OF_MEMORY,
        literal=b"RESOURCE_EXHAUSTED: Out of memory",
        is_error=True,
        pattern=re.compile(
            rb"Error: (?P<hidden>RESOURCE_EXHAUSTED: Out of memory) (?:while trying to allocate|allocating) "
        ),
        era="JAX",
        is_not="a GPU's memory for certain: a TPU's, or the host's without either, ends in the same line",
    ),
    Signature(
        code=Code.LINE_CUDA_OUT_OF_MEMORY,
        literal=b"OOM when allocating tensor",
        is_error=True,
        pattern=re.compile(
            rb"ResourceExhaustedError: [^\n]{0,300}?OOM when allocating tensor[^\n]{0,400}?/device:GPU:\d"
        ),
        era="TensorFlow",
        is_not="host memory, for which the same line names a CPU",
    ),
    Signature(
        code=Code.LINE_CUDA_OUT_OF_MEMORY,
        literal=b"Cuda failure ",
        pattern=re.compile(rb"^Cuda failure(?: \d+)? '(?P<hidden>out of memory)'"),
        era="NCCL 2, as PyTorch quotes it",
        is_not="a fault of the network",
        continues=True,
    ),
    Signature(
        code=Code.LINE_CUDA_OUT_OF_MEMORY,
        literal=b"_STATUS_",
        is_error=True,
        pattern=re.compile(
            rb"Error: (?:CUDA error: |cuDNN error: )?(?P<hidden>(?:CUBLAS|CUDNN)_STATUS_(?:ALLOC_FAILED"
            rb"|NOT_INITIALIZED))"
        ),
        era="PyTorch 1.5 to today",
        is_not="certain: a full GPU is the usual reason, a wrong cuDNN or a token id out of range others",
        severity=Severity.WARNING,
    ),
    Signature(
        code=Code.LINE_CUDA_OUT_OF_MEMORY,
        literal=b"NCCL WARN ",
        pattern=re.compile(rb"NCCL WARN Cuda failure(?: \d+)? '(?P<hidden>out of memory)'"),
        era="NCCL 2",
        is_not="a fault of the network",
    ),
    Signature(
        code=Code.LINE_GPU_ERROR,
        literal=b"CUDA error: ",
        is_error=True,
        pattern=re.compile(rb"CUDA error: (?:" + rb"|".join((_KERNEL, _HARDWARE, _DRIVER, _NO_GPU)) + rb")"),
        era="PyTorch 1 to today",
        is_not="the line of Python that shows it: kernels run later than they are called",
    ),
    Signature(
        code=Code.LINE_GPU_ERROR,
        literal=b"cudaGetDeviceCount()",
        pattern=re.compile(
            rb"Unexpected error from cudaGetDeviceCount\(\)\.[^\n]{0,200} Error \d{1,4}: (?:"
            + rb"|".join((_HARDWARE, _DRIVER, _NO_GPU))
            + rb")"
        ),
        era="PyTorch 1.5 to today",
        is_not="an end where a warning says it: PyTorch then trains on the CPU, slowly",
    ),
    Signature(
        code=Code.LINE_GPU_ERROR,
        literal=b"is not compatible with the current PyTorch installation",
        pattern=re.compile(rb" with (?P<driver>CUDA capability sm_\d+) is not compatible with the current"),
        era="PyTorch 1.5 to today",
        is_not="an end: it warns of the kernels that this PyTorch does not have",
        severity=Severity.WARNING,
    ),
    Signature(
        code=Code.LINE_GPU_ERROR,
        literal=b"Duplicate GPU detected",
        pattern=re.compile(
            rb"^(?P<no_gpu>Duplicate GPU detected : rank \d+ and rank \d+ both on CUDA device)"
        ),
        era="NCCL 2, as PyTorch quotes it",
        is_not="a fault of the network: two ranks were given the same GPU",
        continues=True,
    ),
    Signature(
        code=Code.LINE_GPU_ERROR,
        literal=b"No CUDA GPUs are available",
        is_error=True,
        pattern=re.compile(rb"Error: (?P<no_gpu>No CUDA GPUs are available)"),
        era="PyTorch 1.6 to today",
        is_not="a broken GPU: mostly none was asked for",
    ),
    Signature(
        code=Code.LINE_GPU_ERROR,
        literal=b"NVIDIA driver",
        pattern=re.compile(
            rb"(?P<driver>The NVIDIA driver on your system is too old(?: \(found version \d+\))?)"
            rb"|(?P<no_gpu>Found no NVIDIA driver on your system)"
        ),
        era="PyTorch",
        is_not="an end where a warning says it: PyTorch then trains on the CPU, slowly",
    ),
    Signature(
        code=Code.LINE_GPU_ERROR,
        literal=b"NVIDIA driver",
        pattern=re.compile(
            rb"^NVIDIA-SMI has failed because it (?P<no_gpu>couldn't communicate with the NVIDIA driver)"
        ),
        era="nvidia-smi",
        is_not="an end: the script goes on after it",
        severity=Severity.WARNING,
    ),
    Signature(
        code=Code.LINE_GPU_ERROR,
        literal=b"CUDA driver version is insufficient",
        is_error=True,
        pattern=re.compile(rb"Error[^\n]{0,200}: (?P<driver>CUDA driver version is insufficient)"),
        era="CUDA",
        is_not="a broken GPU: the driver is older than the CUDA of the program",
    ),
    Signature(
        code=Code.LINE_GPU_ERROR,
        literal=b"NVML",
        pattern=re.compile(
            rb"(?:Failed to initialize NVML|nvml error): (?:(?P<driver>[Dd]river/library version mismatch)"
            rb"|(?P<no_gpu>Unknown Error|Driver Not Loaded|GPU access blocked by the operating system))"
        ),
        era="nvidia-smi",
        is_not="the program's fault: the driver was exchanged, or the container or job may not use the GPU",
        severity=Severity.WARNING,
    ),
    Signature(
        code=Code.LINE_GPU_ERROR,
        literal=b"determine the device handle for",
        pattern=re.compile(
            rb"Unable to determine the device handle for (?:GPU ?|gpu )\S{1,40}: "
            rb"(?P<hardware>GPU is lost|GPU requires reset|Unknown Error)"
        ),
        era="nvidia-smi",
        is_not="an end: another GPU of the node may be meant",
        severity=Severity.WARNING,
    ),
    Signature(
        code=Code.LINE_GPU_ERROR,
        literal=b"Torch not compiled with CUDA enabled",
        is_error=True,
        pattern=re.compile(rb"AssertionError: (?P<driver>Torch not compiled with CUDA enabled)"),
        era="PyTorch",
        is_not="a missing GPU: the installed PyTorch is the one for CPUs",
    ),
)
