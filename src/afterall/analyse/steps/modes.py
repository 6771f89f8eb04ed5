"""Suggest the chmod that lets a group read weights which safetensors wrote for their owner alone.

Invariant: only files that verification named are touched, and only the group's right to read is added.
"""

from collections.abc import Sequence

from afterall.analyse.ordering import natural_key
from afterall.analyse.places import absolute
from afterall.analyse.steps.shell import command, inside, relative
from afterall.model import Finding, FindingCode, NextStep, NextStepKind, SetLayout

FILES_PER_COMMAND = 8


def mode_steps(layout: SetLayout, findings: Sequence[Finding]) -> list[NextStep]:
    """Return one step with a chmod for every file that only its owner can read."""
    private = [
        finding for finding in findings if finding.code is FindingCode.MODE_PRIVATE and finding.subject
    ]
    paths = sorted({finding.subject for finding in private}, key=natural_key)
    if not paths:
        return []
    groups = [paths[n : n + FILES_PER_COMMAND] for n in range(0, len(paths), FILES_PER_COMMAND)]
    root = absolute(layout, "")
    told = [inside(root, command("chmod", "g+r", *map(relative, group))) for group in groups]
    names = {finding.experiment for finding in private if finding.experiment is not None}
    return [
        NextStep(
            kind=NextStepKind.FIX_MODE,
            experiments=tuple(sorted(names, key=natural_key)),
            command="\n".join(told),
            details={"files": len(paths)},
            because=FindingCode.MODE_PRIVATE,
        )
    ]
