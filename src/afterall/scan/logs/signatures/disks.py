"""List the lines that tell of full disks, failing file systems, and files that are damaged.

Sources: the texts of Linux's errno, torch's caffe2/serialize/inline_container.cc, the safetensors crate,
CPython's pickle.
"""

import re

from afterall.model import FindingCode as Code
from afterall.model import Severity
from afterall.scan.logs.signatures.signature import Signature, raised

# What a message of a program has before it, and behind it: a file's name, Rust's number, or nothing.
_BEFORE = rb"(?:\[Errno \d+\] |: |message: \")"
_BEHIND = rb"(?:: '(?P<file>[^'\n]{1,1000})'|\"| \(os error \d+\)|\s*$)"

ROWS: tuple[Signature, ...] = (
    Signature(
        code=Code.LINE_DISK_FULL,
        literal=b"isk quota exceeded",
        pattern=re.compile(_BEFORE + rb"[Dd]isk quota exceeded" + _BEHIND),
        era="Linux",
        is_not="bytes for certain: a quota of files ends in the same line",
    ),
    Signature(
        code=Code.LINE_DISK_FULL,
        literal=b"o space left on device",
        pattern=re.compile(_BEFORE + rb"[Nn]o space left on device" + _BEHIND),
        era="Linux; Go's programs, as apptainer, in small letters",
        is_not="the set's own disk for certain: `/tmp` and `/dev/shm` fill up too",
    ),
    Signature(
        code=Code.LINE_DISK_FULL,
        literal=b"inline_container.cc",
        is_error=True,
        pattern=re.compile(
            rb"enforce fail at inline_container\.cc:\d+\] ?\. (?P<unsure>unexpected pos \d+ vs \d+"
            rb"|PytorchStreamWriter failed writing[^\n]{0,100})"
        ),
        era="PyTorch",
        is_not="certain: a full disk is the usual reason why torch cannot write on",
        severity=Severity.WARNING,
    ),
    Signature(
        code=Code.LINE_FILE_SYSTEM,
        literal=b"ile handle",
        pattern=re.compile(_BEFORE + rb"(?P<problem>Stale (?:NFS )?file handle)" + _BEHIND),
        era="Linux",
        is_not="a damaged file: the server, or somebody, exchanged it",
    ),
    Signature(
        code=Code.LINE_FILE_SYSTEM,
        literal=b"ead-only file system",
        pattern=re.compile(_BEFORE + rb"(?P<problem>Read-only file system)" + _BEHIND),
        era="Linux",
        is_not="a missing permission",
    ),
    Signature(
        code=Code.LINE_FILE_SYSTEM,
        literal=b"nput/output error",
        pattern=re.compile(_BEFORE + rb"(?P<problem>Input/output error)" + _BEHIND),
        era="Linux",
        is_not="known in its place: disk, server and network say the same",
    ),
    Signature(
        code=Code.LINE_FILE_SYSTEM,
        literal=b"No locks available",
        is_error=True,
        pattern=re.compile(rb"Error: \[Errno 37\] (?P<problem>No locks available)" + _BEHIND),
        era="Linux: NFS, Lustre without `flock`",
        is_not="a lock that somebody else holds",
    ),
    Signature(
        code=Code.LINE_FILE_SYSTEM,
        literal=b"ransport endpoint",
        pattern=re.compile(
            _BEFORE
            + rb"(?P<problem>Transport endpoint is not connected|Cannot send after transport endpoint "
            rb"shutdown)" + _BEHIND
        ),
        era="Linux: FUSE, Lustre",
        is_not="the program's fault",
        refusal=re.compile(rb"shutdown\(|socket"),
    ),
    Signature(
        code=Code.LINE_FILE_DAMAGED,
        literal=b"Error while deserializing header",
        is_error=True,
        pattern=re.compile(rb"SafetensorError: Error while deserializing header: (?P<damage>[^\n]{1,120})"),
        era="safetensors",
        is_not="known in its file: the traceback or the report's checks tell which",
    ),
    Signature(
        code=Code.LINE_FILE_DAMAGED,
        literal=b"PytorchStreamReader failed ",
        is_error=True,
        pattern=re.compile(rb"PytorchStreamReader failed (?P<damage>[^\n]{1,120})"),
        era="PyTorch 1.6 to today",
        is_not="a wrong version",
    ),
    Signature(
        code=Code.LINE_FILE_DAMAGED,
        literal=b"Error: ",
        is_error=True,
        pattern=raised(
            rb"UnpicklingError|EOFError|RuntimeError",
            rb"(?P<damage>invalid load key, [^\n]{1,20}|pickle data was truncated|Ran out of input"
            rb"|unexpected EOF, expected \d+ more bytes)",
        ),
        era="CPython, PyTorch",
        is_not="`Weights only load failed`, which refuses a sound file",
    ),
)
