"""List the lines that Python, PyTorch, the model hub, coreutils and wandb write when something goes wrong.

Only an exception's own line counts, never the words "error" or "failed" by themselves: TensorFlow and absl
warn with them in every run.
"""

import re

from afterall.model import FindingCode as Code
from afterall.scan.logs.signatures.signature import Signature, signature

_COPIERS = (b"mv", b"cp", b"ln", b"install", b"rsync", b"scp")
# A message of coreutils quotes a path, in the locale's quotes, or names what it misses.
_COMPLAINT = rb": (?=[^\n]{0,2000}(?:'|\"|\xe2\x80\x98|operand|: No such file|: Permission denied))[^\n]"

ROWS: tuple[Signature, ...] = (
    Signature(
        code=Code.LINE_CUDA_OUT_OF_MEMORY,
        literal=b"out of memory",
        pattern=re.compile(
            rb"(?:Error|Exception): (?:CUDA|HIP|XPU)(?: error:)? out of memory"
            rb"(?:\. Tried to allocate (?P<tried>[\d.]+ \w+)(?:\. | \()GPU (?P<gpu>\d+)"
            rb"(?: has a total capac\w+ of |; )(?P<capacity>[\d.]+ \w+))?"
        ),
        era="PyTorch 1 to today",
        is_not="a sentence about an earlier one",
    ),
    Signature(
        code=Code.LINE_NCCL,
        literal=b"ollective operation timeout",
        pattern=re.compile(
            rb"\[Rank (?P<rank>\d+)\][^\n]{0,200}?atchdog caught collective operation timeout: "
            rb"(?:WorkNCCL\([^\n]{0,80}?OpType=(?P<operation>\w+))?"
        ),
        era="PyTorch 1.13 to today",
        is_not="a cause: mostly another rank ended before",
    ),
    signature(
        Code.LINE_NCCL,
        b"nccl",
        rb"(?P<error>nccl(?:System|UnhandledCuda|Internal|Remote|InvalidUsage|InvalidArgument)Error)",
        "all",
    ),
    Signature(
        code=Code.LINE_DISK_FULL,
        literal=b"isk quota exceeded",
        pattern=re.compile(rb"[Dd]isk quota exceeded(?:: '(?P<file>[^'\n]+)')?"),
        era="Linux",
        is_not="bytes for certain: a quota of files ends in the same line",
    ),
    signature(
        Code.LINE_DISK_FULL,
        b"No space left on device",
        rb"No space left on device(?:: '(?P<file>[^'\n]+)')?",
        "Linux",
    ),
    signature(
        Code.LINE_HUB_ACCESS,
        b"huggingface_hub.",
        rb"huggingface_hub\.(?:utils\._)?errors\.(?P<error>\w+Error|OfflineModeIsEnabled)"
        rb"(?:: (?P<status>\d{3}) )?",
        "huggingface_hub, before and after 0.25",
    ),
    signature(
        Code.LINE_HUB_ACCESS,
        b"gated repo",
        rb"Cannot access gated repo for url (?P<url>https://[^\s?]+)"
        rb"|OSError: You are trying to access a gated repo",
        "huggingface_hub, transformers",
    ),
    Signature(
        code=Code.LINE_HUB_ACCESS,
        literal=b"huggingface.co",
        pattern=re.compile(
            rb"Failed to resolve '[\w.-]{0,60}huggingface\.co'"
            rb"|host='huggingface\.co'[^\n]{0,200}Max retries exceeded"
            rb"|(?:OSError|ConnectionError): We couldn't connect to 'https://huggingface\.co'"
        ),
        era="requests, transformers",
        is_not="a cached copy used instead, or a request that is tried again",
        refusal=re.compile(rb"Retrying in|cached version|thrown while requesting HEAD"),
    ),
    signature(
        Code.LINE_HUB_ACCESS,
        b"does not appear to have a file named",
        rb"OSError: (?P<model>\S+) does not appear to have a file named (?P<file>[^\s,]+)",
        "transformers",
    ),
    signature(
        Code.LINE_MODULE_MISSING,
        b"ModuleNotFoundError: ",
        rb"ModuleNotFoundError: No module named '?(?P<module>[\w.]+)'?",
        "Python 3.6 to today",
    ),
    signature(
        Code.LINE_MODULE_MISSING,
        b"ImportError: ",
        rb"(?:^|[\s\])])ImportError: (?P<problem>[^\n]{1,200})",
        "Python",
    ),
    signature(
        Code.LINE_MODULE_MISSING,
        b"CommandNotFoundError: ",
        rb"CommandNotFoundError: Your shell has not been properly configured",
        "conda",
    ),
    signature(
        Code.LINE_MODULE_MISSING,
        b": command not found",
        rb": line \d+: (?P<command>\S+): command not found",
        "bash",
    ),
    Signature(
        code=Code.LINE_FILE_MISSING,
        literal=b": No such file or directory",
        pattern=re.compile(
            rb"(?:slurm_script|\.sh|\.sbatch|\.slurm|bash): line \d+: "
            rb"(?P<file>[^\n]{1,500}?): No such file or dir"
        ),
        era="bash",
        is_not="an end: the script goes on with its next line, a missing virtual environment included",
    ),
    signature(
        Code.LINE_FILE_MISSING,
        b": can't open file",
        rb": can't open file '(?P<file>[^'\n]+)': \[Errno \d+\]",
        "CPython",
    ),
    signature(
        Code.LINE_FILE_MISSING,
        b"FileNotFoundError: ",
        rb"FileNotFoundError: (?:\[Errno 2\] No such file or directory: '(?P<file>[^'\n]+)')?",
        "CPython",
    ),
    *(
        Signature(
            code=Code.LINE_COPY_FAILED,
            literal=command + b": ",
            pattern=re.compile(rb"(?:^|[\]\s/])(?P<command>" + command + rb")" + _COMPLAINT),
            era="coreutils, rsync, openssh; the quotes are the locale's",
            is_not="a failure of training: it spoils the exit code of the script whose last line it is",
            refusal=re.compile(rb"warning: |overwrite '|overwrite \xe2"),
        )
        for command in _COPIERS
    ),
    Signature(
        code=Code.LINE_WANDB,
        literal=b"wandb",
        pattern=re.compile(
            rb"wandb(?:\.sdk\.lib|\.errors){1,3}\.(?P<error>\w+Error): |wandb: ERROR |wandb: Network error"
            rb"|wandb: Waiting for W&B process to finish[^\n]{0,20}\.\.\. \(failed (?P<exit_code>\d+)\)"
            rb"|wandb: WARNING Path \S+ wasn't writable"
        ),
        era="0.8 to today",
        is_not="a failed training; and `wandb: WARNING` alone is in every log",
    ),
)
