"""List who checks which kind of finding."""

from claims import (
    claims_adapters,
    claims_archives,
    claims_checkpoints,
    claims_evaluations,
    claims_files,
    claims_health,
    claims_jobs,
    claims_lines,
    claims_shards,
    claims_speed,
    claims_training,
    claims_values,
)
from claims.claims_checking import Checker

UNCHECKED = {
    "slurm_unavailable": "states no number: who was asked and what was said stands in words",
    "directory_unreadable": "states no number, and root can list every directory",
    "walk_truncated": "speaks of 200,000 entries and more",
    "file_still_changing": "speaks of a file that is written at that very moment",
    "digest_differs": "is of `afterall verify --against` alone, never in RESULTS.json",
    "recorded_file_missing": "is of `afterall verify --against` alone, never in RESULTS.json",
    "not_in_manifest": "is of `afterall verify --against` alone, never in RESULTS.json",
}
"""Codes that no set here has, and why."""

CHECKERS: dict[str, Checker] = {
    **claims_jobs.CHECKERS,
    **claims_training.CHECKERS,
    **claims_evaluations.CHECKERS,
    **claims_health.CHECKERS,
    **claims_speed.CHECKERS,
    **claims_lines.CHECKERS,
    **claims_checkpoints.CHECKERS,
    **claims_files.CHECKERS,
    **claims_shards.CHECKERS,
    **claims_archives.CHECKERS,
    **claims_adapters.CHECKERS,
    **claims_values.CHECKERS,
}
