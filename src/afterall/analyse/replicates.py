"""Sum up the runs that repeat one setting with other seeds, as mean and standard deviation.

Invariant: a group has at least two runs with known, different seeds; diverged runs are named, not averaged,
and those that did not come to their end are not averaged with those that did.
"""

from collections.abc import Sequence

from afterall.analyse.design import Cell, Design
from afterall.analyse.measures import Measure
from afterall.analyse.noise import mean_and_sd, readings_of, settled
from afterall.model import Replicates, Spread


def find_replicates(design: Design, measures: Sequence[Measure]) -> tuple[Replicates, ...]:
    """Return the settings that ran more than once, in order of the settings."""
    names = [dimension.name for dimension in design.dimensions]
    return tuple(
        Replicates(
            experiments=tuple(run.name for run in cell.runs),
            settings={
                name: setting
                for name, setting, known in zip(names, cell.settings, cell.key, strict=True)
                if known is not None
            },
            seeds=cell.seeds,
            metrics=_spreads(cell, measures),
        )
        for cell in design.replicated
    )


def _spreads(cell: Cell, measures: Sequence[Measure]) -> dict[str, Spread]:
    spreads = {}
    for measure in measures:
        readings = readings_of(cell.runs, measure)
        finite = [reading.value for _, reading in settled(readings)]
        if len(finite) < 2:
            continue
        mean, sd = mean_and_sd(finite)
        diverged = tuple(run.name for run, reading in readings if not reading.is_finite)
        if sd is not None:
            spreads[measure.name] = Spread(n=len(finite), mean=mean, sd=sd, not_finite=diverged)
    return spreads
