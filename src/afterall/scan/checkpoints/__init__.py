"""Verify checkpoints: find them by layout, read their files by format, hold them against each other."""

from afterall.scan.checkpoints.gathering import scan_checkpoints
from afterall.scan.checkpoints.progress import Progress
from afterall.scan.checkpoints.verifying import verify
from afterall.scan.roles import stored_files

__all__ = ["Progress", "scan_checkpoints", "stored_files", "verify"]
