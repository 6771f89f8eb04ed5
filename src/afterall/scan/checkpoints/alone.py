"""Judge a safetensors file that is a checkpoint by itself in one go, at the quick tier.

Invariant: what is returned is what inspecting and judging it step by step return; where anything at all is
unusual nothing is, and the steps are taken.
"""

from afterall.model import (
    Checkpoint,
    CheckpointFile,
    CheckpointKind,
    FileRole,
    Tier,
    Verdict,
)
from afterall.scan.checkpoints.checks.adapter_names import are_adapters
from afterall.scan.checkpoints.folders import Folders
from afterall.scan.checkpoints.formats import safetensors
from afterall.scan.checkpoints.formats.header import PREFIX_BYTES
from afterall.scan.checkpoints.layouts.shape import Place
from afterall.scan.checkpoints.outline import numbers_of
from afterall.scan.checkpoints.usual_header import read_usual

_FULL_WEIGHTS, _FULL = FileRole.FULL_WEIGHTS, CheckpointKind.FULL
_OK, _QUICK = Verdict.OK, Tier.QUICK
"""Python 3.11 takes ten times as long to find them in their class."""


def sound(folders: Folders, place: Place, ended_ns: int | None = None) -> Checkpoint | None:
    """Return the checkpoint that a place that `is_lone` is, None unless its file is good in every respect.

    `ended_ns` is when its job ended, None where that is not known.
    """
    entry = place.entries[0]
    if ended_ns is not None and entry.mtime_ns > ended_ns:
        return None
    found = read_usual(folders, entry)
    if found is None:
        return None
    decoded, header_bytes, _ = found
    if are_adapters(decoded.tensors):
        return None
    parameters, dtypes = numbers_of(decoded.tensors, entry.size_bytes - PREFIX_BYTES - header_bytes)
    file = CheckpointFile(
        path=entry.path,
        role=_FULL_WEIGHTS,
        size_bytes=entry.size_bytes,
        verdict=_OK,
        format=safetensors.NAME,
        tensors=len(decoded.tensors),
        parameters=parameters,
        dtypes=dtypes,
    )
    return Checkpoint(
        name=place.name,
        path=place.path,
        layout=place.layout,
        kind=_FULL,
        verdict=_OK,
        tier=_QUICK,
        size_bytes=entry.size_bytes,
        files=(file,),
        epoch=place.epoch,
        step=place.step,
        is_final=place.is_final,
    )
