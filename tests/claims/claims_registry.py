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
    claims_manifest,
    claims_seeing,
    claims_shards,
    claims_speed,
    claims_training,
    claims_values,
)
from claims.claims_checking import Checker

UNCHECKED = {
    "directory_unreadable": "states no number, and root can list every directory",
    "file_still_changing": "speaks of a file that is written at that very moment",
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
    **claims_seeing.CHECKERS,
}
OF_VERIFY: dict[str, Checker] = claims_manifest.CHECKERS
"""Of what `afterall verify --against` alone finds, never in RESULTS.json."""
