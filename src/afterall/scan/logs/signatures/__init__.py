"""List the lines by which logs tell why a run failed, as data: code, pattern, era, and what it is not.

Invariant: of rows that find the same line the first one of a code counts; literals are few, for each costs a
search through every log.
"""

from afterall.scan.logs.signatures import (
    accelerators,
    crashes,
    disks,
    engines,
    gpus,
    hub,
    imports,
    processes,
    ranks,
    shells,
    slurm,
)
from afterall.scan.logs.signatures.signature import Signature

SIGNATURES: tuple[Signature, ...] = (
    *slurm.ROWS,
    *shells.ROWS,
    *crashes.ROWS,
    *processes.ROWS,
    *gpus.ROWS,
    *accelerators.ROWS,
    *engines.ROWS,
    *ranks.ROWS,
    *disks.ROWS,
    *hub.ROWS,
    *imports.ROWS,
)

__all__ = ["SIGNATURES", "Signature"]
