"""Find what an interrupted save leaves in a checkpoint: temporary files, staging directories, markers.

Invariant: names alone are judged here; what a broken file holds is its format's business.
"""

from collections.abc import Iterable

from afterall.model import FileRole, Finding, FindingCode, Scalar
from afterall.scan.checkpoints.checks.material import Material, found


def check(material: Material) -> Iterable[Finding]:
    """Yield the traces of a save that did not end."""
    place = material.place
    if place.unfinished:
        yield found(FindingCode.CHECKPOINT_UNFINISHED, place.path, {"marker": place.unfinished})
    for file in material.having(FileRole.TEMPORARY):
        evidence: dict[str, Scalar] = {
            "size_bytes": file.entry.size_bytes,
            "allocated_bytes": file.entry.allocated_bytes,
        }
        yield found(FindingCode.TEMPORARY_FILE, file.path, evidence)
