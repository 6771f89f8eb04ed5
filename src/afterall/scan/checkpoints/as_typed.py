"""Tell of checkpoints with every path as a person would type it from where they are.

Invariant: only paths are changed; what was found stays as it is.
"""

from collections.abc import Callable

from msgspec.structs import replace

from afterall.model import Checkpoint, Finding, Source
from afterall.scan.checkpoints.checks.material import PATH_EVIDENCE
from afterall.scan.checkpoints.surveying import Named

Typed = Callable[[str], str]


def as_typed(checkpoint: Checkpoint, each: Named) -> Checkpoint:
    """Return a checkpoint at or below a named path with all its paths as that one was typed."""

    def typed(path: str) -> str:
        inside = path[len(each.start) :].lstrip("/") if path.startswith(each.start) else path
        if each.typed == ".":
            return inside or "."
        prefix = each.typed.rstrip("/")
        return f"{prefix}/{inside}" if inside else prefix or "/"

    return replace(
        checkpoint,
        path=typed(checkpoint.path),
        files=tuple(replace(file, path=typed(file.path)) for file in checkpoint.files),
        findings=tuple(_finding(finding, typed) for finding in checkpoint.findings),
    )


def _finding(finding: Finding, typed: Typed) -> Finding:
    return replace(
        finding,
        subject=typed(finding.subject),
        evidence={
            key: typed(value) if key in PATH_EVIDENCE and isinstance(value, str) else value
            for key, value in finding.evidence.items()
        },
        sources=tuple(Source(typed(source.file), source.where) for source in finding.sources),
    )
