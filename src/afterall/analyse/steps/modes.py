"""Suggest the chmod that lets a group read weights which safetensors wrote for their owner alone.

Invariant: only weights that verification named, and their like beside them, are touched, and only the group's
right to read is added.
"""

from collections.abc import Sequence

from afterall.analyse.ordering import natural_key
from afterall.analyse.places import absolute
from afterall.analyse.steps.shell import command, inside, relative
from afterall.model import EntryKind, Finding, FindingCode, NextStep, NextStepKind, SetLayout

FILES_PER_COMMAND = 8
_OTHERS = 0o077


def mode_steps(layout: SetLayout, findings: Sequence[Finding]) -> list[NextStep]:
    """Return one step with a chmod for every file of weights that only its owner can read.

    A finding names the first one of a checkpoint and stands for all beside it.
    """
    private = [
        finding for finding in findings if finding.code is FindingCode.MODE_PRIVATE and finding.subject
    ]
    paths = sorted({path for finding in private for path in _alike(layout, finding.subject)}, key=natural_key)
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


def _alike(layout: SetLayout, path: str) -> set[str]:
    """Return the file and those beside it with the same ending that only their owner can read."""
    directory, _, name = path.rpartition("/")
    ending = name.rpartition(".")[2]
    beside = (entry for entry in layout.entries if entry.parent == directory and entry.kind is EntryKind.FILE)
    return {path} | {e.path for e in beside if e.name.endswith(f".{ending}") and not e.mode & _OTHERS}
