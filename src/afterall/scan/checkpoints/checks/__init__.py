"""List the checks that hold the files of one checkpoint against each other, one file each.

A new check is a new module with a `check` and one line in CHECKS.
"""

from afterall.scan.checkpoints.checks import (
    adapter_copies,
    adapter_fit,
    companions,
    distributed,
    fsdp_ranks,
    held_progress,
    leftovers,
    model_parallel,
    modes,
    parts,
    resume_tag,
    shards,
    zero_shards,
)
from afterall.scan.checkpoints.checks.material import Check, Material

__all__ = ["CHECKS", "Check", "Material"]

CHECKS: tuple[Check, ...] = (
    leftovers.check,
    companions.check,
    parts.check,
    shards.check,
    adapter_fit.check,
    adapter_copies.check,
    modes.check,
)

TRAINER_CHECKS: tuple[Check, ...] = (
    distributed.check,
    zero_shards.check,
    model_parallel.check,
    fsdp_ranks.check,
    resume_tag.check,
    held_progress.check,
)
"""What judges the files that trainers write beside safetensors, or instead of them."""
