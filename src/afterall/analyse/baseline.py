"""Compare every setting with the one that the set's settings call the baseline.

Invariant: the baseline is side a throughout; a comparison names every parameter that differs.
"""

from collections.abc import Iterator, Sequence
from functools import partial

from afterall.analyse.comparisons import compare_by
from afterall.analyse.design import Cell, Design
from afterall.analyse.measures import Kind, Measure
from afterall.analyse.pairs import Pair
from afterall.model import Comparison


def against_baseline(
    design: Design, measures: Sequence[Measure], baseline: str | None
) -> tuple[Comparison, ...]:
    """Return the comparisons by each measure of quality; none where no run of that name left a number.

    `baseline` is an experiment's name or path. Where it was repeated, its replicates count with it. Runs that
    differ from it in no known parameter are left out.
    """
    if baseline is None:
        return ()
    quality = [measure for measure in measures if measure.kind is Kind.QUALITY]
    pairs = partial(_pairs, baseline)
    return tuple(c for measure in quality for c in compare_by(design, measure, pairs))


def _pairs(baseline: str, _: Design, cells: Sequence[Cell]) -> list[Pair]:
    """Return the baseline's cell with each other one; `cells` are those that have a number."""
    named = (cell for cell in cells if any(baseline in (run.name, run.layout.path) for run in cell.runs))
    base = next(named, None)
    return [] if base is None else list(_with_each(base, cells))


def _with_each(base: Cell, cells: Sequence[Cell]) -> Iterator[Pair]:
    for cell in cells:
        differing = [n for n, (x, y) in enumerate(zip(base.key, cell.key, strict=True)) if x != y]
        if differing:
            yield Pair(differing[0], base, cell, tuple(differing[1:]))
