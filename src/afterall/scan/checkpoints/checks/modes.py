"""Find weights that only their owner can read though the files beside them are open to the group.

Invariant: told once a checkpoint, and only where a sibling shows that the umask was not meant to be private.
safetensors 0.8.0 writes every file with mode 0600 (safetensors #782), and loaders then say "not found".
"""

from collections.abc import Iterable

from afterall.model import EntryKind, FileRole, Finding, FindingCode, Scalar
from afterall.scan.checkpoints.checks.material import Material, found
from afterall.scan.checkpoints.layouts.shape import WEIGHT_ROLES

_OTHERS = 0o077
_GROUP_READ = 0o040


def check(material: Material) -> Iterable[Finding]:
    """Yield one finding for a checkpoint with private weights among readable files."""
    files = [file for file in material.files if file.entry.kind is EntryKind.FILE]
    private = [file for file in files if file.role in WEIGHT_ROLES and not file.entry.mode & _OTHERS]
    readable = [f for f in files if f.entry.mode & _GROUP_READ and f.role is not FileRole.TEMPORARY]
    if private and readable:
        mode, beside = private[0].entry.mode & 0o7777, readable[0]
        evidence: dict[str, Scalar] = {
            "mode": f"{mode:04o}",
            "beside": beside.name,
            "beside_mode": f"{beside.entry.mode & 0o7777:04o}",
        }
        yield found(FindingCode.MODE_PRIVATE, private[0].path, {**evidence, "files": len(private)})
