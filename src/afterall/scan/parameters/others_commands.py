"""Tell whether a training command that a common script holds trains another run than the one looked at.

A script that is edited for each run holds the last one's command: `--output_dir outputs/rank16`, and
`--lora_r 16`, say nothing of `outputs/rank8`.

Invariant: a command in a script of the run's own, by place or name, is never another's.
"""

import posixpath
import re
from collections.abc import Mapping
from pathlib import Path

from afterall.model import ExperimentLayout, Fact
from afterall.scan.parameters.directory_names import parse_directory_name
from afterall.scan.parameters.names import common_name
from afterall.scan.parameters.scripts import Training

_TELLING = frozenset({"learning_rate", "lora_rank", "seed"})
_GENERAL = re.compile(
    r"outs?|outputs?|results?|runs?|logs?|models?|(?:checkpoint|ckpt)s?(?:[-_]\d+)?|saves?|saved|weights"
    r"|adapters?|experiments?|exps?|train|training|final|best|last|tmp|\.{0,2}",
    re.IGNORECASE,
)
"""Names that runs share, so that they tell none from another."""


def is_of_another(set_dir: Path, layout: ExperimentLayout, training: Training) -> bool:
    """Return whether a command that does not name this run names one beside it, or contradicts its name."""
    roots = [root for root in layout.roots if root]
    if not roots:
        return _is_of_files_beside(set_dir, layout, training)
    if _is_own(roots, training.file):
        return False
    if _contradicts(parse_directory_name(layout.path), training):
        return True
    own = {part for place in (*roots, layout.name) for part in place.split("/")}
    above = {posixpath.dirname(root) for root in roots}
    for parts, is_path in training.named():
        name = parts[-1]
        if name in own or _GENERAL.fullmatch(name):
            continue
        # Beside the run by how it is named, or because it lies there.
        holder = parts[-2] if len(parts) > 1 else ""
        is_beside = is_path and any(holder == posixpath.basename(directory) for directory in above)
        if is_beside or any(posixpath.isdir(set_dir / directory / name) for directory in above):
            return True
    return False


def _is_of_files_beside(set_dir: Path, layout: ExperimentLayout, training: Training) -> bool:
    """Return whether a command names a run that shares the directories of one that has only files there."""
    for parts, _ in training.named():
        stem = posixpath.splitext(parts[-1])[0]
        alike = (_called(entry.path, layout.name, stem) for entry in layout.entries)
        if stem != layout.name and any(posixpath.isfile(set_dir / path) for path in alike if path):
            return True
    return False


def _called(path: str, own: str, other: str) -> str:
    """Return what a run's file would be called if it were another's, "" where its name says no run."""
    directory, _, name = path.rpartition("/")
    return posixpath.join(directory, name.replace(own, other, 1)) if own in name else ""


def _contradicts(name: Mapping[str, Fact], training: Training) -> bool:
    for key, value in training.values().items():
        common = common_name(key)
        meant = name.get(common[0]) if common is not None and common[0] in _TELLING else None
        if meant is not None and meant.value != value:
            return True
    return False


def _is_own(roots: list[str], file: str) -> bool:
    """Return whether a script lies in one of a run's directories, or is called after one."""
    stem = posixpath.splitext(posixpath.basename(file))[0].lower()
    return any(file.startswith(f"{root}/") or posixpath.basename(root).lower() in stem for root in roots)
