"""Judge distributed checkpoints (DCP, FSDP): is `.metadata` there, and the data files as long as it says.

Invariant: a data file is vouched for only by a `.metadata` that names it.
Source: torch/distributed/checkpoint/filesystem.py: data first, `.metadata` last and by rename;
megatron/core/dist_checkpointing/serialization.py (save);
lightning/pytorch/strategies/fsdp.py (save_checkpoint).
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from afterall.model import Finding, FindingCode, Scalar, Severity
from afterall.scan.checkpoints.checks.material import Material, below, found
from afterall.scan.checkpoints.formats.dcp_metadata import Blob, Plan
from afterall.scan.checkpoints.inspection import Inspection
from afterall.scan.checkpoints.layouts import lightning

_METADATA = ".metadata"
_DATA = ".distcp"
_MEGATRON, _MEGATRON_COMMON = "metadata.json", "common.pt"
_LIGHTNING = "meta.pt"
_MOST_NAMED = 20


def check(material: Material) -> Iterable[Finding]:
    """Yield what is missing of a checkpoint's distributed parts."""
    for directory, files in sorted(_directories(material).items()):
        metadata = files.get(_METADATA)
        if metadata is None:
            data = [name for name in files if name.endswith(_DATA)]
            evidence: dict[str, Scalar] = {"marker": _METADATA, "data_files": len(data)}
            yield found(FindingCode.CHECKPOINT_UNFINISHED, below(directory, _METADATA), evidence)
        else:
            yield from _against_plan(material, directory, metadata)
            yield from _after_it(material, directory)


def vouched(material: Material) -> frozenset[str]:
    """Return the data files that are there with at least the length their `.metadata` asks for."""
    good = set()
    for directory, files in _directories(material).items():
        plan = _plan(files.get(_METADATA))
        for name, needed in plan.needed_bytes.items() if plan is not None else ():
            file = material.named(below(directory, name))
            if file is not None and file.size_bytes >= needed:
                good.add(file.path)
    return frozenset(good)


def placed(material: Material) -> dict[str, tuple[Blob, ...]]:
    """Return what `.metadata` places in each data file, by the file's path, where it places all of it."""
    found: dict[str, tuple[Blob, ...]] = {}
    for directory, files in _directories(material).items():
        plan = _plan(files.get(_METADATA))
        if plan is not None and plan.is_whole:
            found |= {below(directory, name): blobs for name, blobs in plan.blobs.items()}
    return found


def _directories(material: Material) -> dict[str, dict[str, Inspection]]:
    by_directory: dict[str, dict[str, Inspection]] = defaultdict(dict)
    for file in material.files:
        if file.name in (_METADATA, f"{_METADATA}.tmp") or file.name.endswith(_DATA):
            by_directory[file.parent][file.name] = file
    return by_directory


def _plan(metadata: Inspection | None) -> Plan | None:
    document = metadata.contents.document if metadata is not None and metadata.contents is not None else None
    return document if isinstance(document, Plan) else None


def _after_it(material: Material, directory: str) -> Iterator[Finding]:
    """Megatron and Lightning write a file of their own after `.metadata`, and load nothing without it."""
    names = {file.name for file in material.files if file.parent == directory}
    is_lightning = material.place.layout == lightning.NAME and directory == material.place.path
    marker = _MEGATRON if _MEGATRON_COMMON in names else _LIGHTNING if is_lightning else None
    if marker is not None and marker not in names:
        data = sum(1 for name in names if name.endswith(_DATA))
        severity = None if marker == _MEGATRON else Severity.WARNING
        evidence: dict[str, Scalar] = {"marker": marker, "data_files": data}
        yield found(FindingCode.CHECKPOINT_UNFINISHED, directory, evidence, severity)


def _against_plan(material: Material, directory: str, metadata: Inspection) -> Iterator[Finding]:
    plan = _plan(metadata)
    if plan is None:
        return
    missing = []
    for name, needed in sorted(plan.needed_bytes.items()):
        file = material.named(below(directory, name))
        if file is None:
            missing.append(name)
        elif file.size_bytes < needed:
            evidence: dict[str, Scalar] = {
                "missing_bytes": needed - file.size_bytes,
                "problem": "shorter_than_metadata_says",
            }
            yield found(FindingCode.FILE_TRUNCATED, file.path, evidence)
    for name in missing[:_MOST_NAMED]:
        evidence = {"missing": len(missing), "of": len(plan.needed_bytes)}
        yield found(FindingCode.SHARD_MISSING, below(directory, name), evidence)
