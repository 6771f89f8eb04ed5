"""Add up what a set takes on disk, by experiment and by role.

Invariant: a file with several names (hard links) is counted once, for the first experiment that has it, as
du counts it; the report's own files are left out, so that writing it does not change it.
"""

from collections.abc import Iterable, Sequence

from afterall.analyse.components import adapter_only_bytes, is_saved, measure_components
from afterall.analyse.material import Material
from afterall.analyse.measure_choice import wanted_directions
from afterall.analyse.savings import find_savings
from afterall.model import (
    Entry,
    EntryKind,
    Experiment,
    ExperimentStorage,
    FileRole,
    NextStep,
    Storage,
    StorageLine,
    StoredFile,
)
from afterall.settings import RESULTS_FILES, RESULTS_HTML, RESULTS_JSON, SETTINGS_NAME, SetSettings

Identity = tuple[int, int]


def store(material: Material, experiments: Sequence[Experiment], steps: Sequence[NextStep] = ()) -> Storage:
    """Return the storage of the set, sizes in bytes.

    `experiments` are the material's, in natural order; `steps` may still need some of their checkpoints.
    """
    seen: set[Identity] = set()
    lines = [(experiment, _lines(_first_seen(experiment.files, seen))) for experiment in experiments]
    by_experiment = tuple(_storage(experiment, of_it) for experiment, of_it in lines)
    known = {stored.entry.path for experiment in experiments for stored in experiment.files}
    rest = [
        e for e in _all_entries(material) if e.path not in known and not _is_ours(e.path, material.settings)
    ]
    loose = _first_seen([StoredFile(entry, FileRole.OTHER) for entry in rest], seen)
    repeated = _repeated_tokenizers(experiments)
    savings = find_savings(experiments, wanted_directions(material.settings), steps)
    return Storage(
        size_bytes=sum(s.size_bytes for s in by_experiment) + sum(f.entry.size_bytes for f in loose),
        allocated_bytes=sum(s.allocated_bytes for s in by_experiment)
        + sum(f.entry.allocated_bytes for f in loose),
        experiments=by_experiment,
        components=measure_components(experiments),
        repeated_bytes=sum(file.entry.size_bytes for file in repeated),
        repeated_files=len(repeated),
        spare=savings.paths,
        spare_bytes=savings.size_bytes,
    )


def _first_seen(files: Iterable[StoredFile], seen: set[Identity]) -> list[StoredFile]:
    """Return the regular files not counted yet, by path, and mark them as counted."""
    fresh = []
    for file in sorted(files, key=lambda stored: stored.entry.path):
        if file.entry.kind is EntryKind.FILE and file.entry.identity not in seen:
            seen.add(file.entry.identity)
            fresh.append(file)
    return fresh


def _lines(files: Sequence[StoredFile]) -> tuple[StorageLine, ...]:
    by_role: dict[FileRole, list[Entry]] = {}
    for file in files:
        by_role.setdefault(file.role, []).append(file.entry)
    return tuple(
        StorageLine(
            role=role,
            files=len(by_role[role]),
            size_bytes=sum(entry.size_bytes for entry in by_role[role]),
            allocated_bytes=sum(entry.allocated_bytes for entry in by_role[role]),
        )
        for role in FileRole
        if role in by_role
    )


def _storage(experiment: Experiment, lines: tuple[StorageLine, ...]) -> ExperimentStorage:
    saved = [checkpoint for checkpoint in experiment.checkpoints if is_saved(checkpoint)]
    return ExperimentStorage(
        experiment=experiment.name,
        lines=lines,
        size_bytes=sum(line.size_bytes for line in lines),
        allocated_bytes=sum(line.allocated_bytes for line in lines),
        checkpoints=len(saved),
        full_bytes=sum(checkpoint.size_bytes for checkpoint in saved) if saved else None,
        adapter_only_bytes=adapter_only_bytes(saved),
    )


def _repeated_tokenizers(experiments: Sequence[Experiment]) -> list[StoredFile]:
    """Return all tokenizer files but the first of each name and size; hard links are no copies."""
    first: set[tuple[str, int]] = set()
    repeated = []
    files = [
        file for experiment in experiments for file in experiment.files if file.role is FileRole.TOKENIZER
    ]
    for file in _first_seen(files, set()):
        key = (file.entry.name, file.entry.size_bytes)
        if key in first and file.entry.size_bytes:
            repeated.append(file)
        first.add(key)
    return repeated


def _all_entries(material: Material) -> Iterable[Entry]:
    layout = material.layout
    yield from layout.entries
    for experiment in layout.experiments:
        yield from experiment.entries


def _is_ours(path: str, settings: SetSettings) -> bool:
    """Tell whether a path is one that a report writes, or that speaks to us alone."""
    top, _, _ = path.partition("/")
    ours = (settings.report, f"{settings.report}.orig", RESULTS_JSON, RESULTS_HTML, RESULTS_FILES)
    return top in (*ours, ".afterall", SETTINGS_NAME)
