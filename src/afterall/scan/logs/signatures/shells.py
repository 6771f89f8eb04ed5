"""List the lines that the batch script's shell and its commands write: what is not there, what cannot run.

Sources: bash's error_prolog and execute_cmd.c, coreutils, Lmod, environment modules, conda. A script goes on
after any of them unless it says `set -e`.
"""

import re

from afterall.model import FindingCode as Code
from afterall.scan.logs.signatures.signature import Signature, signature

# How bash names the script and its line; dash and `bash -c` name no `line`.
_SCRIPT = rb"(?:^|[\s\]/])(?:slurm_script|[\w.+-]{1,100}|bash|sh): (?:line )?\d{1,6}: "
# A site's own scripts around the job: what fails in them fails on every job alike, or hurts none.
_OF_SITE = re.compile(rb"^(?:\S{0,200}/)?(?:etc/slurm/\S{0,200}|[\w.-]{0,40}(?:pro|epi)log[\w./+-]{0,200}): ")
_COPIERS = (b"mv", b"cp", b"ln", b"install", b"rsync", b"scp")
# A message of coreutils quotes a path, in the locale's quotes, or names what it misses.
_COMPLAINT = rb": (?=[^\n]{0,2000}(?:'|\"|\xe2\x80\x98|operand|: No such file|: Permission denied))[^\n]"

ROWS: tuple[Signature, ...] = (
    *(
        Signature(
            code=Code.LINE_MODULE_MISSING,
            literal=literal,
            pattern=re.compile(_SCRIPT + rb"(?P<command>[^\s:]{1,200})" + literal + b"$"),
            era=era,
            is_not="a command of a prolog or epilog, which is the site's",
            refusal=_OF_SITE,
        )
        for literal, era in ((b": command not found", "bash"), (b": not found", "dash"))
    ),
    signature(
        Code.LINE_MODULE_MISSING,
        b"CommandNotFoundError: ",
        rb"CommandNotFoundError: Your shell has not been properly configured",
        "conda up to 23.9",
        is_error=True,
    ),
    signature(
        Code.LINE_MODULE_MISSING,
        b"CondaError: ",
        rb"CondaError: Run 'conda init' before 'conda activate'",
        "conda since 23.10",
        is_error=True,
    ),
    signature(
        Code.LINE_MODULE_MISSING,
        b"NotFound: ",
        rb"Environment(?:Name|Location)NotFound: (?:Could not find|Not a) conda environment: "
        rb"(?P<environment>\S{1,200})",
        "conda",
    ),
    signature(
        Code.LINE_MODULE_MISSING,
        b"Lmod has detected the following error",
        rb"Lmod has detected the following error:"
        rb"(?:\s+The following module\(s\) are unknown: (?P<environment>[^\n]{1,200}))?",
        "Lmod",
        is_error=True,
    ),
    signature(
        Code.LINE_MODULE_MISSING,
        b"nable to locate a modulefile for",
        rb"[Uu]nable to locate a modulefile for (?P<environment>'[^'\n]{1,200}')",
        "environment modules",
    ),
    Signature(
        code=Code.LINE_MODULE_MISSING,
        literal=b"ermission denied",
        pattern=re.compile(
            rb"(?:" + _SCRIPT + rb"|execve\(\): )(?P<program>[^\s:]{1,500}): (?P<problem>Permission denied)$"
        ),
        era="bash, slurmstepd",
        is_not="a file that the program itself could not open, or one of a prolog or epilog",
        refusal=_OF_SITE,
    ),
    signature(
        Code.LINE_MODULE_MISSING,
        b"bad interpreter",
        rb"(?:^|\s)(?P<program>[^\s:]{1,500}): (?P<problem>[^\s:]{1,200}: bad interpreter): ",
        "bash up to 5.1",
    ),
    signature(
        Code.LINE_MODULE_MISSING,
        b"required file not found",
        rb"(?:^|\s)(?P<program>[^\s:]{1,500}): cannot execute: (?P<problem>required file not found)",
        "bash since 5.2",
    ),
    signature(
        Code.LINE_MODULE_MISSING,
        b"xec format error",
        rb"(?:^|\s)(?P<program>[^\s:]{1,500}): (?:cannot execute binary file: )?"
        rb"(?P<problem>Exec format error)",
        "bash, slurmstepd",
    ),
    signature(
        Code.LINE_MODULE_MISSING,
        b"execve(): ",
        rb"execve\(\): (?P<command>[^\s:]{1,500}): No such file or directory",
        "slurmstepd",
        is_error=True,
    ),
    Signature(
        code=Code.LINE_FILE_MISSING,
        literal=b": No such file or directory",
        pattern=re.compile(
            rb"(?:slurm_script|\.sh|\.sbatch|\.slurm|bash): line \d{1,6}: "
            rb"(?P<file>[^\n]{1,500}?): No such file or dir"
        ),
        era="bash",
        is_not="an end: the script goes on with its next line, a missing virtual environment included",
        refusal=re.compile(rb"bad interpreter|" + _OF_SITE.pattern),
    ),
    signature(
        Code.LINE_FILE_MISSING,
        b"Could not open std",
        rb"error: Could not open std(?:out|err|in) file (?P<file>[^\n]{1,500}): No such file or directory",
        "slurmstepd, all releases",
        is_error=True,
    ),
    signature(
        Code.LINE_FILE_MISSING,
        b"could not open image ",
        rb"^FATAL: +could not open image (?P<file>[^\n:]{1,500}): ",
        "apptainer, singularity",
    ),
    signature(
        Code.LINE_FILE_MISSING,
        b"couldn't chdir to ",
        rb"error: couldn't chdir to [`'](?P<file>[^'\n]{1,500})': [^\n]{1,100}: "
        rb"going to (?P<instead>\S{1,500}) instead",
        "slurmstepd, all releases",
        is_error=True,
    ),
    *(
        Signature(
            code=Code.LINE_COPY_FAILED,
            literal=command + b": ",
            pattern=re.compile(rb"^(?:/\S{0,200}/)?(?P<command>" + command + rb")" + _COMPLAINT),
            era="coreutils, rsync, openssh; the quotes are the locale's",
            is_not="a failure of training: it spoils the exit code of the script whose last line it is",
            refusal=re.compile(rb"warning: |overwrite '|overwrite \xe2"),
        )
        for command in _COPIERS
    ),
)
