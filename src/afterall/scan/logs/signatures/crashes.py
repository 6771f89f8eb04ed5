"""List the lines that tell of processes ended by a signal: killed, or crashed in native code.

Sources: bash's jobs.c, CPython's faulthandler and subprocess.py, torch's utils/data/_utils/signal_handling.py
and distributed/elastic/multiprocessing/api.py, DeepSpeed's launcher/launch.py, srun's launch.c, UCX's
ucs/debug/debug.c, Open MPI's util/stacktrace.c, datasets' utils/py_utils.py.
"""

import re

from afterall.model import FindingCode as Code
from afterall.model import Severity
from afterall.scan.logs.signatures.signature import Signature, raised

_UNKNOWN = "known in its reason: the system's memory killer and `kill -9` by hand write the same"
_LOADER = rb"DataLoader worker \(pid(?:\(s\))? (?P<worker>\d[\d, ]{0,200})\) "
_TORCHRUN = rb"failed \(exitcode: -(?P<signal>SIGNALS)\) local_rank: (?P<local_rank>\d{1,6}) \(pid: \d{1,9}\)"
_DEEPSPEED = b":sigkill_handler] "
# What stands before a signal's name: bash, srun, UCX, Open MPI and its mpirun, Intel MPI, MPICH.
_BEFORE = (
    rb"(?:: line \d{1,6}: +\d+ |srun: error: \S+: tasks? [\d,-]+: |Caught signal \d{1,2} \(|\] Signal: "
    rb"|exited on signal \d{1,2} \(|KILLED BY SIGNAL: \d{1,2} \(|EXIT STRING: )"
)
_BEHIND = rb"(?: +\(core dumped\)| \((?:signal )?\d+\)|[: )]|$)"

ROWS: tuple[Signature, ...] = (
    Signature(
        code=Code.LINE_KILLED,
        literal=b"Killed",
        pattern=re.compile(
            rb"(?:(?:slurm_script|\.sh|\.sbatch|\.slurm|bash): line \d{1,6}: +\d+ |exited on signal 9 \("
            rb"|KILLED BY SIGNAL: 9 \(|EXIT STRING: |^(?=Killed\s{0,8}$))(?P<how>Killed)\b"
        ),
        era="bash, dash, Open MPI, Intel MPI, MPICH",
        is_not=_UNKNOWN,
        is_aftermath=True,
    ),
    *(
        Signature(
            code=Code.LINE_KILLED,
            literal=crash,
            pattern=re.compile(_BEFORE + rb"(?P<crash>" + crash + rb")" + _BEHIND),
            era="bash, srun, UCX, Open MPI, Intel MPI, MPICH",
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
        literal=_DEEPSPEED,
        pattern=re.compile(rb"\] exits with return code = -(?P<signal>9)$"),
        era="DeepSpeed, all releases",
        is_not=_UNKNOWN + "; nor is the local rank in that line the one that was killed: it is the last",
        is_aftermath=True,
        severity=Severity.ERROR,
    ),
    Signature(
        code=Code.LINE_KILLED,
        literal=_DEEPSPEED,
        pattern=re.compile(rb"\] exits with (?P<crash>return code = -(?:4|6|7|8|11))$"),
        era="DeepSpeed, all releases",
        is_not="a rank that was stopped from outside: that is signal 15",
        severity=Severity.ERROR,
    ),
    *(
        Signature(
            code=Code.LINE_KILLED,
            literal=_DEEPSPEED,
            pattern=re.compile(rb"\] " + stopped + rb"$"),
            era="DeepSpeed, all releases",
            is_not="known in its reason: a time limit, a cancellation and `kill` by hand send the same",
            severity=Severity.WARNING,
            is_aftermath=True,
        )
        for stopped in (
            rb"Main process received (?P<stopped>SIG(?:TERM|INT)), exiting",
            rb"exits with (?P<stopped>return code = -(?:15|2))",
        )
    ),
    Signature(
        code=Code.LINE_KILLED,
        literal=b"' died with <Signals.",
        is_error=True,
        pattern=re.compile(rb"' died with <Signals\.SIGKILL: (?P<signal>9)>"),
        era="accelerate, torch.distributed.launch and others that use subprocess",
        is_not=_UNKNOWN,
        is_aftermath=True,
        severity=Severity.ERROR,
    ),
    Signature(
        code=Code.LINE_KILLED,
        literal=b"' died with <Signals.",
        is_error=True,
        pattern=re.compile(rb"' died with <Signals\.(?P<crash>SIG(?:ILL|ABRT|BUS|FPE|SEGV)): \d+>"),
        era="accelerate, torch.distributed.launch and others that use subprocess",
        is_not="where it crashed",
        severity=Severity.ERROR,
    ),
    Signature(
        code=Code.LINE_KILLED,
        literal=b" terminated with signal SIG",
        pattern=raised(
            rb"ProcessExitedException",
            rb"process \d{1,6} terminated with signal (?:SIGKILL|(?P<crash>SIG(?:ILL|ABRT|BUS|FPE|SEGV)))",
        ),
        era="torch.multiprocessing.spawn, and so Lightning's `ddp_spawn`",
        is_not=_UNKNOWN,
        severity=Severity.ERROR,
        is_aftermath=True,
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
        code=Code.LINE_KILLED,
        literal=b"abruptly",
        pattern=raised(
            rb"RuntimeError|BrokenProcessPool",
            rb"(?:One of the subprocesses has abruptly died during map operation"
            rb"|A (?:child )?process (?:in the process pool was terminated abruptly|terminated abruptly))",
        ),
        era="datasets, CPython",
        is_not="a kill for certain: a crash of the worker ends in the same line",
        is_aftermath=True,
    ),
)
