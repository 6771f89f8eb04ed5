"""Look whether the base model that an adapter names by an absolute path is still there.

Invariant: nothing is opened but adapter_config.json, and only an absolute path is judged: `org/name` is a
model of the hub, a relative path counts from wherever training was started, and `~` is somebody's home. What
cannot be looked at is not called missing.
"""

import errno
import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

from afterall.model import Checkpoint, CheckpointFile, FileRole, Finding, FindingCode, Scalar, Severity
from afterall.scan.checkpoints.checks.material import found
from afterall.scan.checkpoints.formats.json_document import MAX_BUILT_BYTES, parse_document
from afterall.scan.checkpoints.links import follow
from afterall.scan.checkpoints.opening import open_path

_CONFIG = "adapter_config.json"
_KEY = "base_model_name_or_path"
_GONE = (errno.ENOENT, errno.ENOTDIR)
_MOST_PARENTS = 32
_USUAL = (
    "config.json",
    "model.safetensors",
    "model.safetensors.index.json",
    "pytorch_model.bin",
    "pytorch_model.bin.index.json",
    "adapter_config.json",
    "model_index.json",
    "params.json",
    "consolidated.safetensors",
    "consolidated.00.pth",
)
"""One of these lies in every directory that a model is loaded from (transformers, PEFT, diffusers, Llama)."""


def missing_bases(root: Path, checkpoints: Sequence[Checkpoint]) -> Iterator[Finding]:
    """Yield one finding for each run and base model of its adapters that is named by a path and not there."""
    configured = [(each, configs) for each in checkpoints if (configs := _configs(each))]
    parents = {each.path.rpartition("/")[0] for each in checkpoints} if configured else set()
    told: set[tuple[str, str]] = set()
    seen: set[tuple[str, int]] = set()
    for each, configs in configured:
        run = each.path if each.path in parents else each.path.rpartition("/")[0]
        for file in configs:
            # Configurations of one run and length are the same but for the order of their sets.
            if (run, file.size_bytes) in seen:
                continue
            document = _document(root, file.path)
            if document is not None:
                seen.add((run, file.size_bytes))
            base = base_path(document)
            if base is not None and (run, base) not in told:
                told.add((run, base))
                yield from _judged(each, file, base)


def base_path(document: object) -> str | None:
    """Return the absolute path that a configuration gives for its base model, None for anything else."""
    named = document.get(_KEY) if isinstance(document, dict) else None
    return named if isinstance(named, str) and named.startswith("/") else None


def _configs(checkpoint: Checkpoint) -> list[CheckpointFile]:
    configs = [file for file in checkpoint.files if file.role is FileRole.ADAPTER_CONFIG]
    return [file for file in configs if file.path.rpartition("/")[2] == _CONFIG]


def _document(root: Path, path: str) -> object:
    try:
        target = follow(root, path)
        if target is None:
            return None
        with open_path(root, target) as file:
            return parse_document(file.read(0, MAX_BUILT_BYTES))
    except (OSError, ValueError):
        return None


def _judged(checkpoint: Checkpoint, file: CheckpointFile, base: str) -> Iterator[Finding]:
    evidence: dict[str, Scalar] = {"base": base, "config": file.path}
    try:
        nearest = _nearest(base)
        if nearest != base:
            # Where not even the first directory is here, the path is of a container or another machine.
            severity = Severity.INFO if nearest == "/" else None
            evidence |= {"nearest": nearest} if severity is None else {}
            yield found(FindingCode.ADAPTER_BASE_MISSING, checkpoint.path, evidence, severity)
        elif _is_bare(base):
            evidence["lacks"] = _USUAL[0]
            yield found(FindingCode.ADAPTER_BASE_MISSING, checkpoint.path, evidence)
    except (OSError, ValueError):
        return


def _nearest(path: str) -> str:
    """Return the longest beginning of an absolute path that exists; raises OSError where nobody can tell."""
    for _ in range(_MOST_PARENTS):
        if _exists(path):
            return path
        path = os.path.dirname(path.rstrip("/")) or "/"
    raise OSError(errno.ENAMETOOLONG, "too many directories", path)


def _exists(path: str) -> bool:
    try:
        os.stat(path)
    except OSError as error:
        if error.errno in _GONE:
            return False
        raise
    return True


def _is_bare(path: str) -> bool:
    """Return True for a directory in which no model lies under any usual name."""
    if not stat.S_ISDIR(os.stat(path).st_mode):
        return False
    return not any(_exists(os.path.join(path, name)) for name in _USUAL)
