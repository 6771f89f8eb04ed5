"""List the lines that tell of processes ended by a signal or refused memory, and of NaN that stopped them.

Sources: bash's jobs.c, CPython's faulthandler, torch's utils/data/_utils/signal_handling.py and
distributed/elastic/multiprocessing/api.py, DeepSpeed's fp16 loss scaler, Megatron's rerun state machine.
"""

import re

from afterall.model import FindingCode as Code
from afterall.model import Severity
from afterall.scan.logs.signatures.signature import Signature, raised

_UNKNOWN = "known in its reason: the system's memory killer and `kill -9` by hand write the same"
_LOADER = rb"DataLoader worker \(pid(?:\(s\))? (?P<worker>\d[\d, ]{0,200})\) "
_TORCHRUN = rb"failed \(exitcode: -(?P<signal>SIGNALS)\) local_rank: (?P<local_rank>\d{1,6}) \(pid: \d{1,9}\)"

ROWS: tuple[Signature, ...] = (
    Signature(
        code=Code.LINE_KILLED,
        literal=b"Killed",
        pattern=re.compile(
            rb"(?:slurm_script|\.sh|\.sbatch|\.slurm|bash): line \d{1,6}: +\d+ (?P<how>Killed)\b"
        ),
        era="bash",
        is_not=_UNKNOWN,
        is_aftermath=True,
    ),
    *(
        Signature(
            code=Code.LINE_KILLED,
            literal=crash,
            pattern=re.compile(
                rb": line \d{1,6}: +\d+ (?P<crash>" + crash + rb")(?: +\(core dumped\))?(?: |$)"
            ),
            era="bash",
            is_not="where it crashed: a Python traceback does not show native code",
            severity=Severity.ERROR,
        )
        for crash in (b"Segmentation fault", b"Bus error", b"Aborted", b"Illegal instruction")
    ),
    Signature(
        code=Code.LINE_KILLED,
        literal=b"Fatal Python error: ",
        is_error=True,
        pattern=re.compile(rb"Fatal Python error: (?P<crash>[A-Z][a-z]+(?: [a-z]+){0,3}|\w{1,60})"),
        era="CPython 3.3 to today, with faulthandler",
        is_not="a Python exception",
        severity=Severity.ERROR,
    ),
    Signature(
        code=Code.LINE_KILLED,
        literal=b"failed (exitcode: -",
        pattern=re.compile(_TORCHRUN.replace(b"SIGNALS", b"9")),
        era="torchrun, all releases",
        is_not=_UNKNOWN,
        is_aftermath=True,
        severity=Severity.ERROR,
    ),
    Signature(
        code=Code.LINE_KILLED,
        literal=b"failed (exitcode: -",
        pattern=re.compile(_TORCHRUN.replace(b"<signal>SIGNALS", b"<fatal>4|6|7|8|11")),
        era="torchrun, all releases",
        is_not="a rank that torchrun stopped itself because another had failed: that is signal 15",
        severity=Severity.ERROR,
    ),
    Signature(
        code=Code.LINE_KILLED,
        literal=b"DataLoader worker (pid",
        is_error=True,
        pattern=re.compile(
            _LOADER + rb"is killed by signal: (?P<how>Bus error)"
            rb"(?P<shared>\. It is possible that dataloader's workers are out of shared memory)"
        ),
        era="PyTorch",
        is_not="shared memory for certain: PyTorch itself only calls it possible",
    ),
    Signature(
        code=Code.LINE_KILLED,
        literal=b"DataLoader worker (pid",
        is_error=True,
        pattern=re.compile(
            _LOADER + rb"(?:is killed by signal: (?P<how>[A-Z][a-z]+(?: [a-z]+)?)|exited unexpectedly)"
        ),
        era="PyTorch",
        is_not="a failed training where it stands behind the end: loaders are killed as a program ends too",
        is_aftermath=True,
    ),
    Signature(
        code=Code.LINE_KILLED,
        literal=b"hared memory object </torch_",
        is_error=True,
        pattern=re.compile(rb"unable to open (?P<shared>shared memory object) </torch_"),
        era="PyTorch",
        is_not="memory for certain: a limit of open files ends in the same line",
    ),
    Signature(
        code=Code.LINE_HOST_OUT_OF_MEMORY,
        literal=b"llocate ",
        is_error=True,
        pattern=re.compile(
            rb"DefaultCPUAllocator: (?:can't allocate memory|not enough memory): you tried to allocate "
            rb"(?P<allocation>\d{1,18}) bytes|MemoryError: Unable to allocate (?P<asked>[\d.]+ \w+) for"
            rb"|\[Errno 12\] (?P<refused>Cannot allocate memory)"
        ),
        era="PyTorch, numpy, CPython",
        is_not="a kill: the program was refused memory and told so itself",
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
)
