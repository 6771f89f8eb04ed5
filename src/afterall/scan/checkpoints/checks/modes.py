"""Find weights that only their owner can read though the files beside them are open to the group.

Invariant: told once a checkpoint, and only where a sibling shows that the umask was not meant to be private.
safetensors 0.8.0 writes every file with mode 0600 (safetensors #782), and loaders then say "not found".
"""

from collections.abc import Iterable

from afterall.model import EntryKind, FileRole, Finding, FindingCode, Scalar
from afterall.scan.checkpoints.checks.material import Material, found
from afterall.scan.checkpoints.inspection import Inspection
from afterall.scan.checkpoints.layouts.shape import WEIGHT_ROLES

_OTHERS = 0o077
_GROUP_READ = 0o040


def check(material: Material) -> Iterable[Finding]:
    """Yield one finding for a checkpoint with private weights among readable files."""
    private = [
        f for f in material.files if not f.entry.mode & _OTHERS and f.role in WEIGHT_ROLES and _is_file(f)
    ]
    if not private:
        return
    readable = (f for f in material.files if f.entry.mode & _GROUP_READ and f.role is not FileRole.TEMPORARY)
    beside = next(filter(_is_file, readable), None)
    if beside is not None:
        evidence: dict[str, Scalar] = {
            "mode": f"{private[0].entry.mode & 0o7777:04o}",
            "beside": beside.name,
            "beside_mode": f"{beside.entry.mode & 0o7777:04o}",
        }
        yield found(FindingCode.MODE_PRIVATE, private[0].path, {**evidence, "files": len(private)})


def _is_file(file: Inspection) -> bool:
    return file.entry.kind is EntryKind.FILE
