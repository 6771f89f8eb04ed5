"""Sort an experiment's files into configurations, scripts and evaluations by their names.

Invariant: pure over entries; what lies nearest to the run's own directory comes first, then natural order.
"""

from collections.abc import Iterable

from afterall.discover.layout.log_files import lies_in_checkpoint, lies_in_evaluation
from afterall.discover.layout.parts import Part
from afterall.discover.names import directories
from afterall.discover.names.directories import natural_key
from afterall.discover.names.files import evaluates, may_hold_parameters
from afterall.model import EntryKind

_LARGEST_CONFIG_BYTES = 1 << 20
_WITH_CHECKPOINT = ("adapter_config.json", "torchtune_config.yaml")
"""Configurations that some trainers keep only beside the weights."""


def by_nearness(paths: Iterable[str]) -> tuple[str, ...]:
    """Return paths sorted by depth, then naturally."""
    return tuple(sorted(set(paths), key=lambda path: (path.count("/"), natural_key(path))))


def configs_of(parts: Iterable[Part]) -> tuple[str, ...]:
    """Return files that may hold a run's parameters; of those kept with checkpoints only the last one's."""
    near: list[str] = []
    kept: dict[str, list[str]] = {name: [] for name in _WITH_CHECKPOINT}
    for entry, inside in ((part.entry, part.inside) for part in parts):
        if (
            entry.kind is not EntryKind.FILE
            or not may_hold_parameters(entry.name)
            or not _is_of_training(inside)
        ):
            continue
        if not lies_in_checkpoint(inside):
            near.extend([entry.path] if entry.size_bytes <= _LARGEST_CONFIG_BYTES else [])
        elif entry.name in kept:
            kept[entry.name].append(entry.path)
    seen = {path.rpartition("/")[2] for path in near}
    last = (max(paths, key=natural_key) for name, paths in kept.items() if paths and name not in seen)
    return (*by_nearness(near), *by_nearness(last))


def scripts_of(parts: Iterable[Part], scripts: frozenset[str]) -> tuple[str, ...]:
    """Return the batch scripts that train."""
    return by_nearness(
        part.entry.path
        for part in parts
        if part.entry.path in scripts
        and not (
            evaluates(part.entry.name) or lies_in_evaluation(part.inside) or lies_in_checkpoint(part.inside)
        )
    )


def evaluation_scripts_of(parts: Iterable[Part], scripts: frozenset[str]) -> tuple[str, ...]:
    """Return the tasks, configurations and batch scripts that can evaluate a run's checkpoints."""
    return by_nearness(
        part.entry.path
        for part in parts
        if part.entry.kind is EntryKind.FILE
        and not lies_in_checkpoint(part.inside)
        and (_is_of_training(part.inside) or lies_in_evaluation(part.inside))
        and (evaluates(part.entry.name) or (part.entry.path in scripts and lies_in_evaluation(part.inside)))
    )


def evaluation_logs_of(parts: Iterable[Part]) -> tuple[str, ...]:
    """Return inspect-ai's logs by path; their names begin with the time."""
    return tuple(
        sorted(
            part.entry.path
            for part in parts
            if part.entry.kind is EntryKind.FILE and _is_eval(part.entry.name)
        )
    )


def _is_eval(name: str) -> bool:
    return name.lower().endswith(".eval")


def _is_of_training(inside: str) -> bool:
    above = inside.split("/")[:-1]
    return ".hydra" in above or not any(directories.is_no_experiment(name) for name in above)
