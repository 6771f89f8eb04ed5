"""List the lines that tell of processes that were refused memory, and of NaN that stopped them.

Sources: torch's c10/core/impl/alloc_cpu.cpp and csrc/autograd/functions/basic_ops.cpp, DeepSpeed's fp16 loss
scaler, Megatron's rerun state machine.
"""

import re

from afterall.model import FindingCode as Code
from afterall.scan.logs.signatures.signature import Signature, raised

ROWS: tuple[Signature, ...] = (
    Signature(
        code=Code.LINE_HOST_OUT_OF_MEMORY,
        literal=b"llocate ",
        is_error=True,
        pattern=re.compile(
            rb"DefaultCPUAllocator: (?:can't allocate memory|not enough memory): you tried to allocate "
            rb"(?P<allocation>\d{1,18}) bytes|MemoryError: Unable to allocate (?P<asked>[\d.]+ \w+) for"
            rb"|(?:\[Errno 12\] |unable to mmap \d{1,18} bytes from file <[^\n>]{0,1000}>: )"
            rb"(?P<refused>Cannot allocate memory)"
        ),
        era="PyTorch, numpy, CPython",
        is_not="a kill: the program was refused memory and told so itself",
    ),
    *(
        Signature(
            code=Code.LINE_HOST_OUT_OF_MEMORY,
            literal=literal,
            pattern=re.compile(pattern),
            era=era,
            is_not="a kill: the program was refused memory and told so itself",
        )
        for literal, pattern, era in (
            (b"MemoryError", rb"^(?P<refused>MemoryError):?$", "CPython"),
            (b"bad_alloc", rb"^ *what\(\):  (?P<refused>std::bad_alloc)$", "C++"),
        )
    ),
    Signature(
        code=Code.LINE_HOST_OUT_OF_MEMORY,
        literal=b"low on memory",
        is_error=True,
        pattern=re.compile(rb"killed due to the node running low on memory"),
        era="Ray",
        is_not="Slurm's doing: Ray kills at 95 % of the node's memory, not of the job's",
        refusal=re.compile(rb"retried|retries"),
    ),
    Signature(
        code=Code.LINE_DIVERGED,
        literal=b"stopping training",
        pattern=re.compile(rb"\bLoss is (?P<value>nan|inf|-inf), stopping training"),
        era="DETR, DINO, MAE and what descends from them",
        is_not="a NaN that training went on with",
    ),
    Signature(
        code=Code.LINE_DIVERGED,
        literal=b"The loss returned in `training_step` is ",
        is_error=True,
        pattern=raised(
            rb"ValueError", rb"The loss returned in `training_step` is (?P<value>-?inf|nan(?: or inf)?)"
        ),
        era="Lightning, with `terminate_on_nan` or `detect_anomaly`",
        is_not="a NaN that training went on with",
    ),
    Signature(
        code=Code.LINE_DIVERGED,
        literal=b"Loss is not finite",
        is_error=True,
        pattern=raised(rb"ValueError", rb"Loss is not finite and patience is exhausted"),
        era="SpeechBrain",
        is_not="one loss that was not finite, of which it passes over some",
    ),
    Signature(
        code=Code.LINE_DIVERGED,
        literal=b"oss scale ",
        pattern=re.compile(
            rb"Current loss scale already at minimum - cannot decrease scale anymore"
            rb"|Minimum loss scale reached \("
        ),
        era="DeepSpeed, fairseq",
        is_not="one skipped step (`Gradient overflow. Skipping step`)",
    ),
    Signature(
        code=Code.LINE_DIVERGED,
        literal=b"found NaN in ",
        is_error=True,
        pattern=re.compile(rb"found NaN in (?P<where>local (?:forward loss|grad norm)[^\n']{0,80})"),
        era="Megatron",
        is_not="a NaN that training went on with",
    ),
    Signature(
        code=Code.LINE_DIVERGED,
        literal=b"tensor contains either",
        is_error=True,
        pattern=raised(rb"RuntimeError", rb"probability tensor contains either `inf`, `nan` or element < 0"),
        era="PyTorch",
        is_not="training for certain: sampling from a model says it too",
    ),
    Signature(
        code=Code.LINE_DIVERGED,
        literal=b" returned nan values in its ",
        is_error=True,
        pattern=raised(rb"RuntimeError", rb"Function '\w{1,200}' returned nan values in its "),
        era="PyTorch with `detect_anomaly`",
        is_not="a NaN of the loss: it is one of a gradient",
    ),
)
