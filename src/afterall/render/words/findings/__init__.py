"""Keep the words for every kind of finding, one module for each part of `FindingCode`."""

from collections.abc import Mapping

from afterall.model import FindingCode
from afterall.render.words.findings import (
    checkpoints,
    evaluations,
    experiment_set,
    health,
    log_lines,
    logs,
    program_lines,
    queue,
    records,
    shards,
    slurm,
    weight_files,
    weight_values,
)
from afterall.render.words.findings.wording import Wording

WORDINGS: Mapping[FindingCode, Wording] = {
    **slurm.WORDINGS,
    **queue.WORDINGS,
    **records.WORDINGS,
    **logs.WORDINGS,
    **health.WORDINGS,
    **log_lines.WORDINGS,
    **program_lines.WORDINGS,
    **checkpoints.WORDINGS,
    **weight_files.WORDINGS,
    **shards.WORDINGS,
    **weight_values.WORDINGS,
    **evaluations.WORDINGS,
    **experiment_set.WORDINGS,
}
"""Complete over FindingCode."""
