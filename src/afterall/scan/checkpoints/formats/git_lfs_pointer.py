"""Recognise a Git LFS pointer: the text that stands for a file that `git lfs pull` has not fetched.

Invariant: wherever such a text stands in place of a checkpoint's file, the file is missing.
Format: https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md.
"""

import re

from afterall.model import FindingCode, Scalar
from afterall.scan.checkpoints.formats.contents import Contents, Fault, Format, Readable

NAME = "git-lfs-pointer"

_SIZE = re.compile(rb"^size (\d{1,18})$", re.MULTILINE)


def _recognises(head: bytes) -> bool:
    return head.startswith(b"version https://git-lfs.github.com/spec/")


def _read(_: Readable, head: bytes) -> Contents:
    evidence: dict[str, Scalar] = {"is": NAME}
    found = _SIZE.search(head[:1024])
    if found:
        evidence["real_bytes"] = int(found[1])
    return Contents(format=NAME, faults=(Fault(FindingCode.FILE_NOT_ITS_FORMAT, evidence),))


FORMAT = Format(name=NAME, recognises=_recognises, read=_read)
