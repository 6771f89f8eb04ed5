"""Lines of processes that ended by a signal, without memory, or over a NaN, by the code they have to give."""

from afterall.model import FindingCode as C

LINES: list[tuple[C, str]] = [
    (C.LINE_KILLED, "Fatal Python error: Segmentation fault"),
    (C.LINE_KILLED, "Fatal Python error: Bus error"),
    (
        C.LINE_KILLED,
        (
            "E0612 11:30:42.845000 3315425 "
            "site-packages/torch/distributed/elastic/multiprocessing/api.py:869] failed (exitcode: -9) "
            "local_rank: 0 (pid: 3315490) of binary: /opt/env/bin/python"
        ),
    ),
    (
        C.LINE_KILLED,
        (
            "ERROR:torch.distributed.elastic.multiprocessing.api:failed (exitcode: -11) local_rank: 3 "
            "(pid: 21) of binary: python"
        ),
    ),
    (C.LINE_KILLED, "RuntimeError: DataLoader worker (pid 1285) is killed by signal: Killed. "),
    (C.LINE_KILLED, "RuntimeError: DataLoader worker (pid(s) 11, 12) exited unexpectedly"),
    (
        C.LINE_KILLED,
        (
            "RuntimeError: DataLoader worker (pid 1219) is killed by signal: Bus error. It is possible "
            "that dataloader's workers are out of shared memory. Please try to raise your shared memory "
            "limit."
        ),
    ),
    (
        C.LINE_KILLED,
        (
            "RuntimeError: unable to open shared memory object </torch_29_1> in read-write mode: Too many "
            "open files (24)"
        ),
    ),
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
]
