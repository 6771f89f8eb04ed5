"""Verify checkpoints: find them by layout, read their files by format, hold them against each other."""

from afterall.scan.checkpoints.examining import Examination
from afterall.scan.checkpoints.gathering import scan_checkpoints
from afterall.scan.checkpoints.manifest import check_writable, read_manifest, render_manifest, write_manifest
from afterall.scan.checkpoints.memory_file import memory_directory, read_memory, write_memory
from afterall.scan.checkpoints.progress import Progress
from afterall.scan.checkpoints.remembering import Memory
from afterall.scan.checkpoints.verifying import Asked, Verified, verify, verify_as
from afterall.scan.roles import stored_files

__all__ = [
    "Asked",
    "Examination",
    "Memory",
    "Progress",
    "Verified",
    "check_writable",
    "memory_directory",
    "read_manifest",
    "read_memory",
    "render_manifest",
    "scan_checkpoints",
    "stored_files",
    "verify",
    "verify_as",
    "write_manifest",
    "write_memory",
]
