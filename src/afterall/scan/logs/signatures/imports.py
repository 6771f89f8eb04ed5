"""List the lines that CPython and the dynamic linker write when a module, library or file is not there.

Only an exception's own line counts, never the words "error" or "failed" by themselves: TensorFlow and absl
warn with them in every run.
"""

import re

from afterall.model import FindingCode as Code
from afterall.scan.logs.signatures.signature import Signature, raised

ROWS: tuple[Signature, ...] = (
    Signature(
        code=Code.LINE_MODULE_MISSING,
        literal=b"Error: ",
        is_error=True,
        pattern=raised(rb"ModuleNotFoundError", rb"No module named '?(?P<module>[\w.]{1,200})'?"),
        era="Python 3.6 to today",
        is_not="an end where it was caught: many packages try for another that is optional",
    ),
    Signature(
        code=Code.LINE_MODULE_MISSING,
        literal=b"Error: ",
        is_error=True,
        pattern=raised(
            rb"ImportError|OSError",
            rb"(?:(?P<library>\S{1,300}\.so[\d.]{0,20}): cannot open shared object file"
            rb"|(?P<built>\S{1,1000}): undefined symbol: (?P<symbol>[^\s,]{1,500})"
            rb"|(?P<system>\S{1,1000}): version [`'](?P<needed>\w{1,20}_[\d.]{1,20})' not found)",
        ),
        era="glibc's linker under Python",
        is_not="a missing package: it is there and does not fit",
    ),
    Signature(
        code=Code.LINE_MODULE_MISSING,
        literal=b"Error: ",
        is_error=True,
        pattern=raised(rb"ImportError", rb"(?P<problem>(?!sys\.meta_path is None)[^\n]{1,200})"),
        era="Python",
        is_not="`sys.meta_path is None`, which says only that Python is ending",
    ),
    Signature(
        code=Code.LINE_MODULE_MISSING,
        literal=b"error while loading shared libraries: ",
        pattern=re.compile(rb": error while loading shared libraries: (?P<library>\S{1,300}): cannot open"),
        era="glibc's linker",
    ),
    Signature(
        code=Code.LINE_FILE_MISSING,
        literal=b": can't open file",
        pattern=re.compile(rb": can't open file '(?P<file>[^'\n]{1,1000})': \[Errno \d+\]"),
        era="CPython",
    ),
    Signature(
        code=Code.LINE_FILE_MISSING,
        literal=b"Error: ",
        is_error=True,
        pattern=raised(
            rb"FileNotFoundError",
            rb"(?!Couldn't (?:find|reach))"
            rb"(?:(?:\[Errno 2\] No such file or directory:|Unable to find) '(?P<file>[^'\n]{1,1000})')?",
        ),
        era="CPython",
    ),
    Signature(
        code=Code.LINE_FILE_MISSING,
        literal=b"Error: ",
        is_error=True,
        pattern=raised(
            rb"HFValidationError|OSError", rb"Repo id must be [^\n]{1,200}: '(?P<file>[/.~][^'\n]{1,1000})'"
        ),
        era="huggingface_hub",
        is_not="the hub's doing: a directory that is not there is taken for a model's name",
    ),
)
