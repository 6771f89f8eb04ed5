"""List the lines by which GPUs that are not NVIDIA's fail: AMD's, Intel's, Habana's Gaudi, Huawei's Ascend.

Sources: the texts of hipGetErrorString, ROCR-Runtime's runtime.cpp, the names of Unified Runtime's
ur_result_t, torch_npu's NPUCachingAllocator.cpp, what Gaudi's PyTorch bridge prints.
"""

import re

from afterall.model import FindingCode as Code
from afterall.scan.logs.signatures.signature import Signature, signature

ROWS: tuple[Signature, ...] = (
    Signature(
        code=Code.LINE_CUDA_OUT_OF_MEMORY,
        literal=b"NPU out of memory",
        is_error=True,
        pattern=re.compile(
            rb"Error: NPU out of memory(?:\. Tried to allocate (?P<tried>[\d.]+ \w+) "
            rb"\(NPU (?P<gpu>\d+); (?P<capacity>[\d.]+ \w+))?"
        ),
        era="torch_npu",
        is_not="a sentence about an earlier one",
    ),
    signature(
        Code.LINE_CUDA_OUT_OF_MEMORY,
        b"(UR_RESULT_ERROR_OUT_OF_",
        rb"Error: [^\n]{0,100}returns: ?\d+ \((?:UR_RESULT_ERROR_OUT_OF_DEVICE_MEMORY"
        rb"|(?P<hidden>UR_RESULT_ERROR_OUT_OF_RESOURCES))\)",
        "PyTorch on Intel's GPUs since 2.5",
        is_error=True,
    ),
    Signature(
        code=Code.LINE_CUDA_OUT_OF_MEMORY,
        literal=b" MODULE:PT_",
        is_error=True,
        pattern=re.compile(
            rb"Error: [^\n]{0,60}FATAL ERROR :: MODULE:PT_(?:SYNHELPER workspace Allocation of size ::"
            rb"|DEVMEM Allocation failed for size::)"
        ),
        era="Gaudi",
        is_not="`Exception in Launch thread`, which names no reason",
    ),
    Signature(
        code=Code.LINE_GPU_ERROR,
        literal=b"HIP error: ",
        is_error=True,
        pattern=re.compile(
            rb"Error: HIP error: (?:(?P<kernel>an illegal memory access was encountered"
            rb"|unspecified launch failure|device-side assert triggered)"
            rb"|(?P<driver>invalid device function|no kernel image is available for execution)"
            rb"|(?P<no_gpu>no ROCm-capable device is detected|invalid device ordinal))"
        ),
        era="PyTorch on AMD's GPUs",
        is_not="the line of Python that shows it: kernels run later than they are called",
    ),
    Signature(
        code=Code.LINE_GPU_ERROR,
        literal=b"Memory access fault by GPU node-",
        pattern=re.compile(
            rb"^(?P<kernel>Memory access fault by GPU node-\d+)[^\n]{0,80} on address [^\n]{1,40}\. Reason: "
        ),
        era="ROCm, all releases",
        is_not="a Python exception: the process aborts, and its traceback is not in the log",
    ),
    Signature(
        code=Code.LINE_GPU_ERROR,
        literal=b"(UR_RESULT_ERROR_DEVICE_LOST)",
        is_error=True,
        pattern=re.compile(
            rb"Error: [^\n]{0,100}returns: ?\d+ \((?P<hardware>UR_RESULT_ERROR_DEVICE_LOST)\)"
        ),
        era="PyTorch on Intel's GPUs since 2.5",
        is_not="a broken GPU for certain: its driver also loses one whose memory ran out",
    ),
)
