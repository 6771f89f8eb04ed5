"""List the lines by which logs tell why a run failed, as data: code, pattern, era, and what it is not."""

from afterall.scan.logs.signatures import programs, slurm
from afterall.scan.logs.signatures.signature import Signature

SIGNATURES: tuple[Signature, ...] = (*slurm.ROWS, *programs.ROWS)

__all__ = ["SIGNATURES", "Signature"]
