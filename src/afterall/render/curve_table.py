"""Write the runs' curves as one CSV table, thinned so that the file stays small.

Invariant: both ends of a curve, its extremes and its NaN are there, however many runs the set has.
"""

from collections.abc import Iterator

from afterall.model import Experiment, Report
from afterall.render.csv_tables import cell, csv_bytes

MOST_ROWS = 100_000
"""Of all curves together, about."""
FEWEST_POINTS, MOST_POINTS = 24, 2_000
"""Of one curve."""
KEPT_ENDS = 4
COLUMNS = ("experiment", "metric", "step", "epoch", "value")


def curves_csv(report: Report) -> bytes:
    """Return a row for each kept point: experiment, metric, optimizer step and epoch where logged, value."""
    curves = sum(len(experiment.series) + len(experiment.by_epoch) for experiment in report.experiments)
    most = min(MOST_POINTS, max(FEWEST_POINTS, MOST_ROWS // max(1, curves)))
    return csv_bytes(COLUMNS, (row for e in report.experiments for row in _rows(e, most)))


def _rows(experiment: Experiment, most: int) -> Iterator[tuple[str, ...]]:
    name = cell(experiment.name)
    for metric, series in experiment.series.items():
        curve = cell(metric)
        points = series.points.thinned(most, KEPT_ENDS)
        for step, epoch, value in zip(points.steps, points.epochs, points.values, strict=True):
            yield name, curve, cell(step), cell(epoch), cell(value)
    for metric, series in experiment.by_epoch.items():
        points = series.points.thinned(most, KEPT_ENDS)
        for epoch, value in zip(points.epochs, points.values, strict=True):
            yield name, cell(metric), "", cell(epoch), cell(value)
