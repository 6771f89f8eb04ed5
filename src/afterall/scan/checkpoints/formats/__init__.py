"""List the formats of checkpoint files, one file each, and choose the one that a file claims or is.

A new format is a new module with a FORMAT and one line in FORMATS.
"""

import re
from collections.abc import Iterable

from afterall.model import FindingCode, Scalar
from afterall.scan.checkpoints.formats import (
    bare_pickle,
    dcp_metadata,
    gguf,
    git_lfs_pointer,
    json_document,
    nemo_archive,
    numpy_archive,
    resume_tag,
    safetensors,
    torch_zip,
    web_page,
    weights_index,
)
from afterall.scan.checkpoints.formats.contents import Contents, Extent, Fault, Format, Readable, Tensor

__all__ = [
    "FORMATS",
    "Contents",
    "Extent",
    "Fault",
    "Format",
    "Readable",
    "Tensor",
    "claimed",
    "extents_of",
    "read_contents",
]

FORMATS = (
    safetensors.FORMAT,
    torch_zip.FORMAT,
    gguf.FORMAT,
    git_lfs_pointer.FORMAT,
    web_page.FORMAT,
    dcp_metadata.FORMAT,
    bare_pickle.FORMAT,
    json_document.FORMAT,
    nemo_archive.FORMAT,
    numpy_archive.FORMAT,
)
"""In the order in which an unknown file is held against them."""

_TORCH = (torch_zip.FORMAT, bare_pickle.FORMAT)
_INDEX = re.compile(r"\.index\.json$|\.(safetensors|bin)\.index\.[\w-]+\.json$")
"""Of a variant, transformers and diffusers call it model.safetensors.index.fp16.json."""
_CLAIMS: dict[str, tuple[Format, ...]] = {
    "safetensors": (safetensors.FORMAT,),
    "pt": _TORCH,
    "pth": _TORCH,
    "bin": _TORCH,
    "ckpt": _TORCH,
    "lora": _TORCH,
    "pkl": (bare_pickle.FORMAT, torch_zip.FORMAT),
    "json": (json_document.FORMAT,),
    "gguf": (gguf.FORMAT,),
    "nemo": (nemo_archive.FORMAT,),
    "npz": (numpy_archive.FORMAT,),
    "metadata": (dcp_metadata.FORMAT, bare_pickle.FORMAT),
}


def claimed(name: str) -> tuple[Format, ...]:
    """Return the formats that a file of this name may have, () where its name says nothing."""
    if name.endswith(".json") and _INDEX.search(name) is not None:
        return (weights_index.FORMAT,)
    if name == resume_tag.DEEPSPEED:
        return (resume_tag.FORMAT,)
    before, _, suffix = name.lower().rpartition(".")
    if suffix == "tar":
        # checkpoint.pth.tar, as torch's example of ImageNet has it, is no archive of tar.
        return _TORCH if _CLAIMS.get(before.rpartition(".")[2]) == _TORCH else ()
    return _CLAIMS.get(suffix, ())


def read_contents(name: str, file: Readable, head: bytes) -> Contents:
    """Judge a file by what its name claims and its bytes are; raises OSError where it cannot be read."""
    due = claimed(name)
    if file.size == 0:
        return Contents(format=due[0].name if due else "", faults=(Fault(FindingCode.FILE_EMPTY),))
    for format_ in due:
        if format_.recognises(head):
            return format_.read(file, head)
    actual = next((format_ for format_ in FORMATS if format_.recognises(head)), None)
    if not due:
        return actual.read(file, head) if actual else Contents(format="", is_judged=False)
    return _unexpected(due[0], actual, file, head)


def extents_of(file: Readable, contents: Contents) -> Iterable[Extent]:
    """Return what the values tier reads of a file; raises OSError, and BrokenArchive for a damaged zip."""
    found = next((format_ for format_ in FORMATS if format_.name == contents.format), None)
    return found.extents(file, contents) if found is not None and found.extents is not None else ()


def _unexpected(due: Format, actual: Format | None, file: Readable, head: bytes) -> Contents:
    """Judge a file that does not begin as its name says: another format by its name, else as it claims."""
    evidence: dict[str, Scalar] = {"expected": due.name}
    if actual is not None:
        told = actual.read(file, head).faults if actual in (git_lfs_pointer.FORMAT, web_page.FORMAT) else ()
        evidence |= told[0].evidence if told else {"is": actual.name}
        return Contents(format=actual.name, faults=(Fault(FindingCode.FILE_NOT_ITS_FORMAT, evidence),))
    if not head.strip(b"\0"):
        evidence |= {"zero_bytes": file.size} if len(head) >= file.size else {"zero_bytes": len(head)}
        return Contents(format=due.name, faults=(Fault(FindingCode.FILE_ZERO_TAIL, evidence, "byte 0"),))
    if due in (safetensors.FORMAT, json_document.FORMAT, weights_index.FORMAT):
        return due.read(file, head)
    evidence["first_bytes"] = head[:8].hex()
    return Contents(format=due.name, faults=(Fault(FindingCode.FILE_NOT_ITS_FORMAT, evidence),))
