"""Lay a set out as an experimental design: settings, and the runs that repeat each.

Invariant: every run that left a number stands in exactly one cell; runs share a cell only where all that
varies is known to be equal and their seeds tell that one repeats the other.
"""

from collections.abc import Sequence

from msgspec import Struct

from afterall.analyse.ordering import Identity, identity, scalar_key
from afterall.analyse.parameters import Varying
from afterall.analyse.parameters.plain import plain
from afterall.model import Experiment, Scalar, VaryingParameter

CellKey = tuple[Identity | None, ...]


class Cell(Struct, frozen=True):
    """One setting: `key` and `settings` follow the dimensions; where a key is None, the runs do not say."""

    key: CellKey
    settings: tuple[Scalar, ...]
    runs: tuple[Experiment, ...]
    seeds: tuple[Scalar, ...] = ()
    """One for each run where all are known, else empty."""


class Design(Struct, frozen=True):
    """What varies, and the cells in order of their settings."""

    dimensions: tuple[VaryingParameter, ...]
    cells: tuple[Cell, ...]
    shown: tuple[str, ...] = ()
    """Names of the dimensions that comparisons are made along."""

    @property
    def replicated(self) -> tuple[Cell, ...]:
        """The cells that ran more than once."""
        return tuple(cell for cell in self.cells if len(cell.runs) > 1)


def count_settings(cells: Sequence[Cell]) -> int:
    """Return how many settings several cells are: those whose runs no seed tells apart are one."""
    told = {cell.key for cell in cells if None not in cell.key}
    return len(told) + sum(None in cell.key for cell in cells)


def lay_out(experiments: Sequence[Experiment], varying: Varying) -> Design:
    """Return the design of the experiments that left numbers; `experiments` are in natural order."""
    groups: dict[CellKey, list[Experiment]] = {}
    for experiment in experiments:
        if experiment.metrics or experiment.series or experiment.evaluations:
            key = tuple(_known(dimension, experiment, varying) for dimension in varying.dimensions)
            groups.setdefault(key, []).append(experiment)
    cells = [cell for key, runs in groups.items() for cell in _cells(key, runs, varying)]
    cells.sort(key=lambda cell: tuple(scalar_key(setting) for setting in cell.settings))
    names = {parameter.name for parameter in varying.shown}
    shown = tuple(dimension.name for dimension in varying.dimensions if dimension.name in names)
    return Design(varying.dimensions, tuple(cells), shown)


def _known(parameter: VaryingParameter, experiment: Experiment, varying: Varying) -> Identity | None:
    """Return what a run has of a parameter: nothing at all is something that can be known of it."""
    said = parameter.by_experiment
    if experiment.name in said:
        return identity(said[experiment.name])
    return identity(None) if experiment.name in varying.unset.get(parameter.name, ()) else None


def _cells(key: CellKey, runs: list[Experiment], varying: Varying) -> list[Cell]:
    """Return one cell of replicates, and a cell for each run of which no seed tells that it is one."""
    settings = tuple(dimension.by_experiment.get(runs[0].name) for dimension in varying.dimensions)
    seeds = {run.name: _seeds_of(run, varying) for run in runs}
    seeded = [run for run in runs if seeds[run.name]]
    if len({tuple(map(identity, seeds[run.name])) for run in seeded}) < 2:
        return [Cell(key, settings, (run,), seeds[run.name][:1]) for run in runs]
    repeated = Cell(key, settings, tuple(seeded), tuple(seeds[run.name][0] for run in seeded))
    return [repeated, *(Cell(key, settings, (run,)) for run in runs if run not in seeded)]


def _seeds_of(run: Experiment, varying: Varying) -> tuple[Scalar, ...]:
    facts = (run.parameters.get(name) for name in varying.seed_names)
    return tuple(plain(fact.value) for fact in facts if fact is not None and fact.value is not None)
