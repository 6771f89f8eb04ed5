"""Tell of checkpoints with every path as a person would type it from where they are.

Invariant: only paths are changed; what was found stays as it is.
"""

from collections.abc import Callable

from msgspec.structs import replace

from afterall.model import Checkpoint, Finding, Source
from afterall.scan.checkpoints.checks.material import PATH_EVIDENCE
from afterall.scan.checkpoints.surveying import Named

Typed = Callable[[str], str]


def typed_in(each: Named) -> Typed:
    """Return what makes of a path at or below a named one that path as a person would type it."""
    start, above = each.start, f"{each.start}/"
    prefix = "" if each.typed == "." else f"{each.typed.rstrip('/')}/"

    def typed(path: str) -> str:
        if path.startswith(above):
            return prefix + path[len(above) :].lstrip("/")
        inside = path.removeprefix(start)
        return prefix + inside if inside else prefix.rstrip("/") or each.typed[:1]

    return typed


def as_typed(checkpoint: Checkpoint, typed: Typed) -> Checkpoint:
    """Return a checkpoint with all its paths as they are typed."""
    path, old = typed(checkpoint.path), checkpoint.path
    files = tuple([replace(f, path=path if f.path == old else typed(f.path)) for f in checkpoint.files])
    findings = tuple([_finding(finding, typed) for finding in checkpoint.findings])
    return replace(checkpoint, path=path, files=files, findings=findings)


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
