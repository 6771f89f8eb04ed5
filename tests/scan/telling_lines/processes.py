"""Lines of processes that were refused memory or stopped over a NaN, by the code they have to give."""

from afterall.model import FindingCode as C

LINES: list[tuple[C, str]] = [
    (
        C.LINE_HOST_OUT_OF_MEMORY,
        (
            "RuntimeError: [enforce fail at alloc_cpu.cpp:114] . DefaultCPUAllocator: can't allocate "
            "memory: you tried to allocate 8589934592 bytes. Error code 12 (Cannot allocate memory)"
        ),
    ),
    (C.LINE_HOST_OUT_OF_MEMORY, "OSError: [Errno 12] Cannot allocate memory"),
    (
        C.LINE_HOST_OUT_OF_MEMORY,
        (
            "numpy._core._exceptions._ArrayMemoryError: Unable to allocate 7.45 GiB for an array with "
            "shape (1000000000,)"
        ),
    ),
    (
        C.LINE_HOST_OUT_OF_MEMORY,
        "ray.exceptions.OutOfMemoryError: Task was killed due to the node running low on memory.",
    ),
    (C.LINE_DIVERGED, "Loss is nan, stopping training"),
    (C.LINE_DIVERGED, "ValueError: The loss returned in `training_step` is nan."),
    (C.LINE_DIVERGED, "ValueError: Loss is not finite and patience is exhausted."),
    (
        C.LINE_DIVERGED,
        "Exception: Current loss scale already at minimum - cannot decrease scale anymore. Exiting run.",
    ),
    (
        C.LINE_DIVERGED,
        "FloatingPointError: Minimum loss scale reached (0.0001). Your loss is probably exploding.",
    ),
    (
        C.LINE_DIVERGED,
        "AssertionError: Rank 3: found NaN in local forward loss calculation. Device: 3, node: n1",
    ),
    (
        C.LINE_DIVERGED,
        "RuntimeError: probability tensor contains either `inf`, `nan` or element < 0",
    ),
    (C.LINE_DIVERGED, "RuntimeError: Function 'MulBackward0' returned nan values in its 0th output."),
    (C.LINE_HOST_OUT_OF_MEMORY, "MemoryError"),
    (C.LINE_HOST_OUT_OF_MEMORY, "  what():  std::bad_alloc"),
    (
        C.LINE_HOST_OUT_OF_MEMORY,
        (
            "RuntimeError: unable to mmap 4976698672 bytes from file </models/x.safetensors>: Cannot "
            "allocate memory (12)"
        ),
    ),
]
